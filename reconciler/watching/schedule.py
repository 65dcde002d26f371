"""What a watch does next, and when: values in, a decision out.

No clock and no chance here: times are seconds by a clock that never goes back, and whoever asks
brings them along.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

PULL, LOOK, APPLY, SCAN, WAIT, END = "pull", "look", "apply", "scan", "wait", "end"
#: Where in a round we are: between two; the checkout was brought up to date; a plan is ready.
RESTING, PULLED, READY = "resting", "pulled", "ready"
#: Seconds after which a plan that fails is tried again at the latest.
LONGEST = 6 * 3600.0
#: By how much sooner a scan is tried again that failed.
_SOONER = 24
#: Of how many plans it is known that they failed.
_MOST = 50


class Terms(Struct, frozen=True):
    """What a watch is to do."""

    #: Seconds from the end of one round to the next.
    interval: float
    pulls: bool = False
    applies: bool = False
    #: Seconds from the beginning of one scan to that of the next; None: there are none.
    scan_every: float | None = None
    #: Seconds that a scan may take; 0: as long as from one to the next.
    scan_longest: float = 0.0


class Failing(Struct, frozen=True):
    """A plan that could not be applied."""

    digest: str
    failures: int
    #: When it may be tried again.
    until: float


class Agenda(Struct, frozen=True):
    """All that decides what comes next."""

    #: When the next round is due.
    due: float
    stage: str = RESTING
    #: Whether this round knows the manifest to be the newest one; else nothing is applied.
    newest: bool = True
    #: The digest of a plan that is ready, with something to do.
    ready: str = ""
    #: Somebody wants a round now.
    poked: bool = False
    ending: bool = False
    failing: tuple[Failing, ...] = ()
    #: When the next scan is due; of no meaning while one runs.
    scan_due: float = 0.0
    scanning: bool = False


class Step(Struct, frozen=True):
    """What comes next; of a wait, until when."""

    what: str
    until: float = 0.0


class Found(Struct, frozen=True):
    """What a look came to: whether the plan is ready, and its digest if there is what to do."""

    ready: bool
    digest: str = ""


def next_step(terms: Terms, agenda: Agenda, now: float) -> Step:
    """Decide what comes next. A round that has begun comes to its end before the next one does."""
    if agenda.ending:
        return Step(END)
    if agenda.stage in (READY, PULLED):
        return Step(APPLY if agenda.stage == READY else LOOK)
    if agenda.poked or now >= agenda.due:
        return Step(PULL if terms.pulls else LOOK)
    if terms.scan_every is None or agenda.scanning:
        return Step(WAIT, agenda.due)
    if now >= agenda.scan_due:
        return Step(SCAN)
    return Step(WAIT, min(agenda.due, agenda.scan_due))


def begun(terms: Terms, agenda: Agenda, step: Step, now: float) -> Agenda:
    """Note that a step begins: who pokes from now on wants another round.

    A scan goes on beside what follows, until `scanned`.
    """
    if step.what == SCAN:
        return replace(agenda, scanning=True, scan_due=now + (terms.scan_every or 0.0))
    if agenda.stage == RESTING and step.what in (PULL, LOOK):
        return replace(agenda, poked=False, newest=True)
    return agenda


def pulled(agenda: Agenda, *, newest: bool) -> Agenda:
    """Note how the checkout was brought up to date: whether it is, or not."""
    return replace(agenda, stage=PULLED, newest=newest)


def looked(terms: Terms, agenda: Agenda, now: float, spread: float, found: Found | None) -> Agenda:
    """Note what a look came to; None if it failed. `spread` is a factor for the interval."""
    if found is not None and found.ready and not found.digest:
        agenda = replace(agenda, failing=())
    if found is not None and found.ready and found.digest and _may_try(terms, agenda, now, found):
        return replace(agenda, stage=READY, ready=found.digest)
    return _rested(terms, agenda, now, spread)


def applied(
    terms: Terms, agenda: Agenda, now: float, spread: float, *, worked: bool, busy: bool = False
) -> Agenda:
    """Note how an apply ended; `busy` if somebody else writes, which is no failure of the plan."""
    digest = agenda.ready
    others = tuple(one for one in agenda.failing if one.digest != digest)
    if worked:
        agenda = replace(agenda, failing=others)
    elif not busy:
        failures = 1 + sum(one.failures for one in agenda.failing if one.digest == digest)
        failing = Failing(digest, failures, now + pause(terms, failures))
        agenda = replace(agenda, failing=(*others, failing)[-_MOST:])
    return _rested(terms, agenda, now, spread)


def scanned(terms: Terms, agenda: Agenda, now: float, *, worked: bool) -> Agenda:
    """Note that a scan has ended; one that failed is tried again sooner."""
    due = max(agenda.scan_due, now)
    if not worked:
        due = min(due, now + max(terms.interval, (terms.scan_every or 0.0) / _SOONER))
    return replace(agenda, scanning=False, scan_due=due)


def poked(agenda: Agenda) -> Agenda:
    """Note that somebody wants a round now."""
    return replace(agenda, poked=True)


def ending(agenda: Agenda) -> Agenda:
    """Note that somebody wants an end."""
    return replace(agenda, ending=True)


def pause(terms: Terms, failures: int) -> float:
    """Return for how many seconds a plan that has failed so often is left alone.

    >>> [pause(Terms(300), failures) for failures in (1, 2, 3, 20)]
    [600.0, 1200.0, 2400.0, 21600.0]
    """
    return float(min(terms.interval * 2 ** min(failures, 20), max(LONGEST, terms.interval)))


def paused_until(agenda: Agenda, digest: str) -> float | None:
    """Return until when a plan is left alone; None if it never failed."""
    return next((one.until for one in agenda.failing if one.digest == digest), None)


def is_cut_short(agenda: Agenda) -> bool:
    """Return whether an end now leaves a look to be made, or a plan to be applied."""
    return agenda.stage != RESTING or agenda.poked


def leaves_scan(terms: Terms, agenda: Agenda, now: float) -> bool:
    """Return whether an end now leaves a scan that is due."""
    return terms.scan_every is not None and not agenda.scanning and now >= agenda.scan_due


def is_left_alone(terms: Terms, agenda: Agenda, found: Found | None) -> bool:
    """Return whether a look has found a plan that is to be applied, and it is not its time."""
    pending = terms.applies and found is not None and found.ready and found.digest
    return bool(pending) and agenda.stage != READY


def _may_try(terms: Terms, agenda: Agenda, now: float, found: Found) -> bool:
    until = paused_until(agenda, found.digest)
    return terms.applies and agenda.newest and (until is None or now >= until)


def _rested(terms: Terms, agenda: Agenda, now: float, spread: float) -> Agenda:
    return replace(agenda, stage=RESTING, ready="", due=now + terms.interval * spread)
