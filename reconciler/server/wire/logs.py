"""The server's log: one line for each event, on standard error, with nothing secret in it."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from reconciler.printable import commandless, quoted, shown
from reconciler.server.calls.tokens import shows_secret

#: Whose events are told; psycopg's tell of a database that is away.
_LOGGERS = ("reconciler.server", "uvicorn", "asyncio", "psycopg")
#: Of uvicorn's protocol: it warns of each client that speaks no HTTP, which is no news to anybody.
QUIET = "uvicorn.protocol"
#: As long as the ids that a platform gives: what is longer may be a secret in the wrong place.
_LONGEST_PART = 32

_log = logging.getLogger(__name__)


class OneLine(logging.Formatter):
    """Writes each record on one line, with control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return `TIME LEVEL message`, and after an error its kind and where it arose.

        The error's own text is left out: nobody knows what is in it.
        """
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = f"{seconds}.{record.msecs:03.0f}Z {record.levelname} {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += _error(record.exc_info[1])
        return commandless(shown(text))


def _error(error: BaseException) -> str:
    """Name an error, where it arose (innermost first), and the errors behind it."""
    text = f" error={type(error).__name__} at={_frames(error.__traceback__)}"
    behind = error.__cause__ or error.__context__
    return text + (f" from{_error(behind)}" if behind is not None else "")


def _frames(trace: TracebackType | None) -> str:
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}({code.co_name})")
        trace = trace.tb_next
    return "<".join(reversed(frames))


def log_request(method: str, path: bytes, status: int | None, who: str, seconds: float) -> None:
    """Log a request that has ended: never its query, its headers or its content."""
    if _log.isEnabledFor(logging.INFO):
        told = "gone" if status is None else status
        _log.info("%s %s %s %s %.0f ms", method, _seen(path), told, who, seconds * 1000)


def log_refusal(status: int, code: str) -> None:
    """Log a request that was refused before all of its head was there."""
    _log.info("- - %d - %s", status, code)


def owner(account: str | None) -> str:
    """Name whom a request came from, as far as that is known."""
    return quoted(account) if account else "-"


def _seen(path: bytes) -> str:
    """Return a path as it was sent, but for what may be a secret."""
    parts = path.decode("latin-1").split("/")
    return "/".join(
        "***" if len(part) > _LONGEST_PART or shows_secret(unquote(part)) else part
        for part in parts
    )


def configuration(*, verbose: bool) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` needs; without `verbose` only what went wrong."""
    level = "INFO" if verbose else "WARNING"
    logger = {"handlers": ["stderr"], "level": level, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": OneLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {**dict.fromkeys(_LOGGERS, logger), QUIET: {"level": "ERROR"}},
    }
