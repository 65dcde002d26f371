"""Ending a command early: the user is told on standard error, whoever reads it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from reconciler.applying import signals
from reconciler.applying.signals import FINISHES, SIGNALS
from reconciler.cli.output.pipe import LAST, for_seconds, wait_for_room
from reconciler.cli.output.terminal import width
from reconciler.report.text.lines import wrapped
from reconciler.retry.limits import TimeLimit

#: What a scan that keeps its reading says of the first signal; and one that does not.
GOES_ON = "what was read whole is kept{}, and the next run goes on from there"
LEAVES_NOTHING = "nothing is recorded, and the next run begins anew{}"


class Stop(signals.Stop):
    """The same, for a command."""

    def __init__(
        self,
        limit: TimeLimit,
        doing: str = FINISHES,
        *,
        signals: Sequence[str] = SIGNALS,
        heard: Callable[[], object] = lambda: None,
        within: signals.Stop | None = None,
    ) -> None:
        super().__init__(limit, _tell, doing, signals=signals, heard=heard, within=within)

    def may_wait(self, since: float) -> bool:
        """Return whether a write that has waited for its reader since then may go on to wait."""
        now = time.monotonic()
        return now < self.hurry_at or now - since < LAST


def _tell(notice: str) -> None:
    # Not through sys.stderr: the signal may have come while that was writing.
    with suppress(OSError):
        if os.isatty(2):
            notice = wrapped(notice, width(os.environ, sys.stderr))
        wait_for_room(2, for_seconds(LAST))
        os.write(2, f"\n{notice}\n".encode())
