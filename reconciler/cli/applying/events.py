"""`--events`: what happens, as it happens, one JSON object a line, for programs that follow."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from reconciler.applying.apart import WithinStorageError
from reconciler.cli.context import Context
from reconciler.cli.output.pipe import Outlet
from reconciler.cli.settings import STDOUT
from reconciler.disk.json_lines import encoded
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import ERROR, INTERRUPTED, ReconcilerError
from reconciler.executor.events import OperationEvent
from reconciler.masking import masked, quoted_url
from reconciler.plan.document import Plan
from reconciler.plan.document import Summary as PlanSummary
from reconciler.printable import quoted
from reconciler.reconcile import Applied

if TYPE_CHECKING:
    from reconciler.cli.output.pipe import MayWait

#: Of each line. New kinds of events and new fields do not raise it; readers leave out what they
#: do not know.
VERSION = 1
#: What every file of events begins with, and nothing else does.
_START = re.compile(rb'\{"version":\d+,"time":"[^"]+","run":"')


class Planned(Struct, frozen=True, tag_field="event", tag="plan"):
    """The plan is made; with `apply`, its operations follow."""

    platform: str
    platform_id: str
    digest: str
    status: str
    summary: PlanSummary


class Summary(Struct, frozen=True, tag_field="event", tag="summary"):
    """The last line: how the command ends."""

    exit: int
    interrupted: bool
    #: Whether live is as wanted now; None if nothing was applied, or live was not read again.
    holds: bool | None
    #: How many operations ended in which way.
    operations: dict[str, int]


class EventStream:
    """Writes events while it can; a stream that breaks stops nothing, and gets nothing more."""

    def __init__(self, outlet: Outlet | None, run: str, warn: Callable[[str], None]) -> None:
        self._outlet = outlet
        self._has_begun = False
        self._run = run
        self._warn = warn
        self._ended = False
        self.applied: Applied | None = None

    def plan(self, plan: Plan) -> None:
        """Tell of a plan."""
        platform = masked(plan.platform)
        told = Planned(platform, plan.platform_id, plan.digest, plan.status, plan.summary)
        self._write(told)

    def observe(self, event: OperationEvent) -> None:
        """Tell what happened to an operation."""
        self._write(event)

    def tell(self, news: Struct) -> None:
        """Tell of something else, which says in its `event` what it is."""
        self._write(news)

    def go_on_as(self, run: str) -> None:
        """Be the stream of another run from now on: a watch carries out several."""
        self._run = run

    def end(self, exit: int) -> None:
        """Tell how the command ends, if that was not told yet."""
        if self._ended:
            return
        self._ended = True
        result = self.applied.result if self.applied else None
        told = Summary(
            exit=exit,
            interrupted=exit == INTERRUPTED,
            holds=self.applied.holds if self.applied else None,
            operations=dict(sorted(result.counts.items())) if result else {},
        )
        self._write(told)

    def _write(self, value: Struct) -> None:
        if self._outlet is None:
            return
        head = {"version": VERSION, "time": timestamp(utc_now(), "milliseconds"), "run": self._run}
        try:
            # Only now: a run that must not write there, as it learns from the platform, has not.
            if not self._has_begun:
                self._outlet.empty()
            self._has_begun = True
            self._outlet.write(encoded({**head, **msgspec.to_builtins(value)}))
        except BrokenPipeError:  # whoever reads has seen enough
            self._outlet = None
        except KeyboardInterrupt:  # a line may be torn, or never be read
            self._outlet = None
            raise
        except OSError as error:
            self._outlet = None
            self._warn(f"Warning: no more events can be written: {error.strerror}")


def telling(context: Context, run: Callable[[EventStream], int]) -> int:
    """Run a command and return its exit code, while what `--events` names is open for its events.

    However the command ends, the last line says so; without `--events` the stream goes nowhere.
    Raises `ReconcilerError` if the file can't be written, or lies in a storage.
    """
    is_new = not os.path.lexists(context.settings.events or os.curdir)
    outlet = _open(context.settings.events, context.streams.may_wait)
    stream = EventStream(outlet, context.origin.run, context.streams.note)
    try:
        code = run(stream)
        stream.end(code)
    except KeyboardInterrupt:
        stream.end(INTERRUPTED)
        raise
    except WithinStorageError:
        if is_new:
            with suppress(OSError):
                Path(str(context.settings.events)).unlink()
        raise
    except Exception as error:
        stream.end(error.exit_code if isinstance(error, ReconcilerError) else ERROR)
        raise
    else:
        return code
    finally:
        if outlet is not None:
            outlet.close()


def _open(path: str | None, may_wait: MayWait) -> Outlet | None:
    if path is None:
        return None
    try:
        if path == STDOUT:
            if sys.stdout is None:
                raise ReconcilerError("can't write events to standard output: it is closed")
            return Outlet(os.dup(sys.stdout.fileno()), may_wait)
        _spare(path)
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        return Outlet(os.open(path, flags, 0o600), may_wait)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ReconcilerError(f"can't write events to {quoted_url(path)}: {reason}") from None


def _spare(path: str) -> None:
    """Refuse to write over a file that holds something else: a manifest, a plan, a platform."""
    if Path(path).is_file():
        with Path(path).open("rb") as file:
            start = file.read(200)
        if start and not _START.match(start):
            raise ReconcilerError(
                f"can't write events to {quoted(path)}: it holds something else; give another file"
            )
