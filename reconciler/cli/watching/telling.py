"""What a watch tells: a line for each change, in text or JSON, and the same as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from reconciler.cli.applying.events import VERSION, EventStream
from reconciler.cli.context import Context
from reconciler.disk.json_lines import encoded
from reconciler.environment.timestamps import Digits, timestamp, utc_now
from reconciler.errors import ReconcilerError
from reconciler.notifying.message import Outcome
from reconciler.printable import quoted
from reconciler.reconcile import Applied
from reconciler.report import text
from reconciler.report.watching.lines import line
from reconciler.watching.conditions import BEGAN, CHANGED, ENDED, News
from reconciler.watching.deeds import Looked


class Change(Struct, frozen=True, tag_field="event"):
    """What has become of a condition."""

    kind: str
    name: str
    code: str
    message: str
    since: str


class Began(Change, frozen=True, tag=BEGAN):
    """It was seen for the first time."""


class Changed(Change, frozen=True, tag=CHANGED):
    """It is another way than it was, or has another cause."""


class Ended(Change, frozen=True, tag=ENDED):
    """It was seen to be over."""


_CHANGES: Mapping[str, type[Change]] = {BEGAN: Began, CHANGED: Changed, ENDED: Ended}


class AppliedNow(Struct, frozen=True, tag_field="event", tag="applied"):
    """An apply has come to its end."""

    exit: int
    verdict: str
    operations: dict[str, int]


class CutOff(Struct, frozen=True, tag_field="event", tag="cut_off"):
    """An apply was running when this watch was ended the last time."""

    applying: str


class Notified(Struct, frozen=True, tag_field="event", tag="notified"):
    """A test message was sent to a destination."""

    destination: str
    service: str
    taken: bool
    problem: str


_Known = TypeVar("_Known")


class Telling:
    """Tells on standard output, and to `--events`; what can't be told there stops nothing."""

    def __init__(self, context: Context, events: EventStream, *, stays: bool) -> None:
        """`stays`: somebody waits to hear that it has begun."""
        self._context, self._events = context, events
        self._stays = self._is_new = stays

    def news(self, news: tuple[News, ...]) -> None:
        """Tell of conditions that begin, change or end.

        Raises `ReconcilerError` if they can't be told, and nobody waits: the next run is to.
        """
        for one in news:
            what = one.condition
            change = _CHANGES[one.event]
            told = change(what.kind, what.name, what.code, what.message, one.since)
            self._tell(told, line(one))

    def looked(self, looked: Looked) -> None:
        """Say once, after the first look that worked, what is watched."""
        if self._is_new:
            self._is_new = False
            self._context.note(
                f"Watching {looked.platform}: {looked.declared:,} declared, {looked.live:,} live."
            )

    def cut_off(self, run: str) -> None:
        """Tell that an apply was cut off, and where to see how far it came.

        Raises as `news` does.
        """
        said = f"an apply was cut off, or not told; how far it came: reconciler history {run}"
        self._tell(CutOff(run), f"{_now()} {said}")

    def applied(self, run: str, applied: Applied) -> None:
        """Tell what came of an apply; raises as `news` does."""
        counts = dict(sorted(applied.result.counts.items()))
        said = text.applied(applied, self._context.style).strip("\n")
        told = AppliedNow(applied.exit_code, applied.verdict, counts)
        self._tell(told, f"{_now()} applied, run {run}:\n{said}", run=run)

    def notified(self, name: str, service: str, outcome: Outcome) -> None:
        """Tell whether a test message is known to be taken."""
        problem = outcome.problem
        said = f"not taken: {problem}" if problem else "taken"
        if outcome.again is not None:
            said = problem
        told = Notified(name, service, not problem, problem)
        self._tell(told, f"{_now()} {quoted(name)} ({service}): {said}")

    def _tell(self, told: Struct, said: str, *, run: str = "") -> None:
        self._events.tell(told)
        context = self._context
        if not context.is_text:
            run = run or context.origin.run
            head = {"version": VERSION, "time": _now("milliseconds"), "run": run}
            said = encoded({**head, **msgspec.to_builtins(told)}).decode()
        try:
            context.result(said)
        except ReconcilerError as error:  # a full disk under standard output: it goes on
            if isinstance(told, Change | AppliedNow | CutOff) and not self._stays:
                raise
            context.streams.note(f"Error: {error}.")


class Keeping(Generic[_Known]):
    """Keeps what is known; a disk that is full is told once, and again when it is not."""

    def __init__(
        self, what: str, write: Callable[[_Known], object], note: Callable[[str], object]
    ) -> None:
        """Have `write`, which may raise `OSError`, keep what messages call `what`."""
        self._what, self._write, self._note = what, write, note
        self._fails = False

    def __call__(self, known: _Known) -> bool:
        """Write it, or say that it could not be written; return whether it is to be again."""
        try:
            self._write(known)
        except OSError as error:
            if not self._fails:
                self._note(
                    f"Warning: {self._what} can't be kept ({error.strerror}): after a restart it "
                    "would be told once more"
                )
            self._fails = True
        else:
            if self._fails:
                self._note(f"Note: {self._what} can be kept again")
            self._fails = False
        return self._fails


def _now(digits: Digits = "seconds") -> str:
    return timestamp(utc_now(), digits)
