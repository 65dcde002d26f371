"""What a watch has done to it, as a protocol, and what comes of each deed, as values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from reconciler.watching.conditions import Condition, News
from reconciler.watching.files import Known, Short
from reconciler.watching.schedule import Found
from reconciler.watching.survey import Survey


class Clock(NamedTuple):
    """Where times come from, and chance."""

    #: Seconds by a clock that never goes back.
    passed: Callable[[], float]
    now: Callable[[], datetime]
    #: A factor for the interval, near 1, so that many watches do not ask all at once.
    spread: Callable[[], float]

    def since_1970(self, moment: float) -> float:
        """Return when a moment of `passed` is, in seconds since 1970."""
        return round(self.now().timestamp() + moment - self.passed(), 3)

    def until(self, moment: float, longest: float) -> float:
        """Return, by `passed`, a moment in seconds since 1970; no later than so many seconds.

        It may be meant by a clock that was wrong, or set back since.
        """
        return self.passed() + max(0.0, min(moment - self.now().timestamp(), longest))


class Pulled(Struct, frozen=True):
    """How the checkout was brought up to date."""

    #: The commit that is checked out now; empty if nobody can tell.
    commit: str
    #: What kept it from being the newest one; None if it is.
    problem: Condition | None = None


class Looked(Struct, frozen=True):
    """What a look at manifest and platform came to."""

    exit_code: int
    #: What differs and what blocks; of no meaning where there is a problem.
    conditions: tuple[Condition, ...] = ()
    #: Why manifest or platform could not be read.
    problem: Condition | None = None
    found: Found | None = None
    #: The address of the platform, without secrets, and its id; empty if nobody can tell.
    platform: str = ""
    platform_id: str = ""
    #: How many storages are declared, and how many are live in scope.
    declared: int = 0
    live: int = 0
    #: What there is in all; None where nobody asks.
    survey: Survey | None = None


class Tried(Struct, frozen=True):
    """How an apply ended."""

    exit_code: int
    #: Whether live was read again, and nothing is left to do.
    worked: bool
    #: Somebody else holds the lease: nothing was written.
    busy: bool = False
    #: The manifest has changed since it was planned: nothing was written, and a new look is due.
    outdated: bool = False
    problem: Condition | None = None
    #: How the checkout was brought up to date once more before anything was written; None if not.
    pulled: Pulled | None = None
    #: What was done could not be told: the next start is to say where that stands.
    is_untold: bool = False
    #: What there is since; None where nobody asks, or nobody knows.
    survey: Survey | None = None


class ScanEnded(Struct, frozen=True):
    """How a scan ended, and what the repository knows since."""

    exit_code: int
    #: Whether it came to an end of its own; else it is tried again soon.
    worked: bool
    #: Why it failed as a whole.
    problem: Condition | None = None
    #: None if that could not be looked up.
    known: Known | None = None
    #: The storages of which it did not come to all.
    short: tuple[Short, ...] = ()


class Deeds(Protocol):
    """The effects of a watch. What fails is told by what they return, never raised."""

    def pull(self) -> Pulled:
        """Bring the manifest's checkout up to date."""

    def look(self) -> Looked:
        """Read the manifest and live, and plan."""

    def run(self) -> str:
        """Return the id of the run that the next apply will be."""

    def apply(self, made: Callable[[str], None]) -> Tried:
        """Apply what the last look has planned, which was ready.

        `made` hears of the id of a platform that this makes, before anything is written to it.
        """

    def recall(self) -> None:
        """Begin to look up what the repository of scans knows, for `Watch.recalled`."""

    def scan(self) -> None:
        """Begin to read what is due; whoever waits for its end hands it to `Watch.scanned`."""


class Teller(Protocol):
    """Who is told what happens, as it happens."""

    def news(self, news: tuple[News, ...]) -> None:
        """Hear of conditions that begin, change or end; of what was found together, at once."""

    def looked(self, looked: Looked) -> None:
        """Hear of the first look, and of each that plans something else than the one before."""

    def cut_off(self, run: str) -> None:
        """Hear that an apply was running when this watch ended the last time."""
