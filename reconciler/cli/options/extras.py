"""What a command does that needs libraries of an extra: imported when it is run, not before."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

from reconciler.cli.context import Context
from reconciler.environment.extras import missing_extra
from reconciler.errors import UsageError


def needing(extra: str, module: str, library: str) -> Callable[[Context, Any], int]:
    """Return a `run` that imports `module`, and calls its own, only when it is called.

    Its libraries are in an extra: `library` is one that only the extra brings. Raises
    `UsageError` without it.
    """

    def run(context: Context, options: Any) -> int:  # noqa: ANN401 - each command has its own
        chosen: Callable[[Context, Any], int] = imported("this command", extra, module, library).run
        return chosen(context, options)

    return run


def imported(what: str, extra: str, module: str, library: str) -> Any:  # noqa: ANN401 - a module
    """Import a module of ours whose libraries are in an extra, and return it.

    `what` needs it: raises `UsageError` without the extra.
    """
    if importlib.util.find_spec(library) is None:
        raise UsageError(missing_extra(what, extra))
    __import__(module)
    return sys.modules[module]
