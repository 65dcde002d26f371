"""How all stands, in a word and a sentence: well is only what nothing in the status speaks against.

What a run did long ago, and how often looks failed, is history, and says nothing of how it is now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from reconciler.recovery.proving.results import PROVED, WRONG
from reconciler.report.html.page import ALARM, DOUBT, FINE
from reconciler.report.sentences.terms import count
from reconciler.watching.conditions import (
    BLOCKED,
    DRIFT,
    FINDING,
    LONG_SCAN,
    NOT_APPLIED,
    NOT_KNOWN,
    NOT_PROVED,
    NOT_PULLED,
    NOT_REACHABLE,
    NOT_SCANNED,
    OVERDUE,
    UNREAD,
)
from reconciler.watching.status import Destination, Status
from reconciler.watching.survey import DECLARED, LEFT_ALONE, UNMANAGED, Proof, Storage

#: A look may begin a tenth of the interval later, and takes its time.
_LATER, _SLACK = 1.1, 5.0
#: What is wrong, from what matters most: in a word or two, in a sentence, what is counted in it,
#: and how much it matters.
_WRONG = (
    (BLOCKED, "blocked", "the plan is blocked by {}", "reason", ALARM),
    (FINDING, "files are wrong", "{} of wrong files", "finding", ALARM),
    (NOT_APPLIED, "not applied", "a plan could not be applied", "", ALARM),
    (DRIFT, "drift", "{} not as declared", "storage", ALARM),
    (NOT_KNOWN, "not known", "what the scans knew is lost, or can't be read", "", ALARM),
    (NOT_REACHABLE, "not reachable", "{} not reachable", "storage", DOUBT),
    (OVERDUE, "overdue", "{} with overdue proofs", "storage", DOUBT),
    (NOT_PROVED, "not proved", "{} with files never read", "storage", DOUBT),
    (LONG_SCAN, "scan runs long", "the scan that runs does not end", "", DOUBT),
    (NOT_PULLED, "not pulled", "the checkout can't be pulled", "", DOUBT),
    (NOT_SCANNED, "not scanned", "the last scan failed", "", DOUBT),
)
_KINDS = frozenset(kind for kind, *_ in _WRONG) | {UNREAD}


class Standing(Struct, frozen=True):
    """What matters most in a word or two, how much it matters, and all of it in a sentence."""

    word: str
    level: str
    title: str


def standing(status: Status, now: datetime) -> Standing:
    """Say how things stand; `FINE` is only what all facts of the status agree with."""
    wrong = [*_conditions(status), *_facts(status, now)]
    told = "; ".join(said for _, said, _ in wrong)
    unread = is_unread(status)
    if unread or is_stale(status, now):
        why = "Since this watch was started no look has worked"
        if status.platform:
            why = "The last look failed" if unread else "The last look is too long ago"
        before = f" What was known before: {told}." if told else ""
        return Standing("unknown", DOUBT, f"{why}.{before}")
    if wrong:
        return Standing(wrong[0][0], wrong[0][2], f"{told[0].upper()}{told[1:]}.")
    declared = count(status.declared, "storage")
    return Standing("as declared", FINE, f"{declared} declared, all live as declared.")


def is_stale(status: Status, now: datetime) -> bool:
    """Return whether no look of this watch has worked within the interval.

    One at a time that has not come yet was dated by a clock that was wrong: that says nothing.
    """
    if not status.platform or not status.looked_at:
        return True
    age = (now - datetime.fromisoformat(status.looked_at)).total_seconds()
    return not -_SLACK <= age <= status.interval * _LATER + status.seconds + _SLACK


def is_unread(status: Status) -> bool:
    """Return whether the last look failed."""
    return any(one.condition.kind == UNREAD for one in status.lasting)


def is_too_old(proof: Proof | None, now: datetime) -> bool:
    """Return whether the clock says that a proof is overdue, whatever the last scan knew."""
    if proof is None or not proof.every or not proof.oldest:
        return False
    return (now - datetime.fromisoformat(proof.oldest)).total_seconds() > proof.every


def failing(status: Status) -> list[Destination]:
    """Return those who are to be notified, and take no message."""
    return [one for one in status.destinations if one.failing_since or one.failures or one.problem]


def differs(one: Storage) -> bool:
    """Return whether a storage is not as declared."""
    return one.standing not in (DECLARED, LEFT_ALONE, UNMANAGED)


def is_unproved(one: Storage, now: datetime) -> bool:
    """Return whether not every byte of a storage is known to be proved in time, and is to be."""
    proof = one.proof
    if proof is None or not proof.every:
        return False
    return proof.files is None or proof.verdict != PROVED or is_too_old(proof, now)


def _conditions(status: Status) -> Iterator[tuple[str, str, str]]:
    """Yield what lasts: a word, a sentence, a level."""
    conditions = [one.condition for one in status.lasting]
    for kind, word, said, noun, level in _WRONG:
        of = [one for one in conditions if one.kind == kind]
        number = len({one.name for one in of}) if kind == DRIFT else len(of)
        if of:
            yield word, said.format(count(number, noun)), level
    if others := sum(one.kind not in _KINDS for one in conditions):
        yield "not well", f"{count(others, 'condition')} of another version", DOUBT


def _facts(status: Status, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield what else speaks against all being well, and is no condition: not yet, or never."""
    kinds = {one.condition.kind for one in status.lasting}
    storages = status.storages or ()
    wrong = {one.name for one in storages if one.proof and one.proof.verdict == WRONG}
    wrong |= {one.storage for one in status.findings}
    if wrong and FINDING not in kinds:
        yield "files are wrong", f"{count(len(wrong), 'storage')} with wrong files", ALARM
    differing = {one.name for one in storages if differs(one)}
    differing |= {one.name for one in status.differences}
    if differing and DRIFT not in kinds:
        yield "drift", f"{count(len(differing), 'storage')} not as declared", ALARM
    if (status.digest or status.paused_until) and not kinds & {DRIFT, BLOCKED, NOT_APPLIED}:
        yield "not applied", "a plan is not applied", DOUBT
    yield from _files(status, now, told={one.condition.name for one in status.lasting} | wrong)
    if status.scanned_code and not kinds & {FINDING, NOT_SCANNED, NOT_REACHABLE, NOT_KNOWN}:
        yield "not scanned", f"the last scan ended with exit code {status.scanned_code}", DOUBT
    if untold := failing(status):
        yield "not notified", f"{count(len(untold), 'destination')} can't be notified", DOUBT
    if status.platform and status.runs is None:
        yield "runs unknown", "the journal or audit of runs can't be read", DOUBT


def _files(status: Status, now: datetime, told: set[str]) -> Iterator[tuple[str, str, str]]:
    storages = status.storages or ()
    unproved = [one for one in storages if is_unproved(one, now) and one.name not in told]
    if unproved:
        yield "not proved", f"{count(len(unproved), 'storage')} not proved in time", DOUBT
    if not status.scans:
        return
    told = told | {one.name for one in unproved}
    unknown = [one for one in storages if _is_unknown(one) and one.name not in told]
    if not status.knows_files:
        yield "files unknown", "no scan has told of files yet", DOUBT
    elif unknown:
        yield "files unknown", f"no scan has told of {count(len(unknown), 'storage')}", DOUBT


def _is_unknown(one: Storage) -> bool:
    """Return whether no scan has told of a storage that is live as declared."""
    return one.standing == DECLARED and (one.proof is None or one.proof.files is None)
