"""What a watch tells of files: what the repository of scans knows, and what a clock alone knows.

That something is over says only who has read it afresh: in the same repository, of that storage.
What nobody can read, or what another repository knows, lasts as it was told.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from reconciler.errors import FINDINGS, SUCCESS, UNPROVED
from reconciler.printable import quoted
from reconciler.watching.conditions import (
    FINDING,
    LONG_SCAN,
    NOT_KNOWN,
    NOT_PROVED,
    NOT_REACHABLE,
    NOT_SCANNED,
    OVERDUE,
    PROOFS,
    SCANNING,
    Condition,
    Lasting,
    added,
)
from reconciler.watching.survey import Finding, Proof

#: What a look at the clock tells of.
KINDS = frozenset({OVERDUE})
#: Seconds after which a repository that does not answer is one that can't be read.
PATIENCE = 600.0
HANGS = "the repository of scans does not answer"
#: What says of a storage that not all of it was read, and of these what says why, too.
_SAY_WHY = frozenset({NOT_REACHABLE, NOT_KNOWN})
_SAY_UNREAD = _SAY_WHY | {NOT_PROVED, OVERDUE}
#: The name in what is told of all that the repository knows.
_WHOLE = ""
_ANOTHER = (
    "the repository of scans is another one than before: what that one knew of files is not known; "
    "if this is meant, a look without --scan forgets it"
)


class Due(Struct, frozen=True):
    """When the oldest proof of a storage is older than its objective allows."""

    storage: str
    #: RFC 3339, UTC.
    at: str
    #: What is said then.
    message: str


class Known(Struct, frozen=True):
    """What the repository of scans knows."""

    #: What is wrong.
    conditions: tuple[Condition, ...] = ()
    #: What there is of each storage.
    proofs: tuple[Proof, ...] = ()
    #: The first files of those that are wrong.
    findings: tuple[Finding, ...] = ()
    #: When which proofs will be too old.
    dues: tuple[Due, ...] = ()
    #: When the file was proved whose proof is the oldest: RFC 3339; empty if there is none.
    oldest_proof: str = ""
    #: Which repository it is: its id, and its address without secrets.
    repository: str = ""
    address: str = ""
    #: Of which storages all is known that was, and of which not.
    read: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    #: The same as those want it who write numbers.
    numbers: object = None

    @property
    def lost(self) -> frozenset[str]:
        """The storages of which something that was known is lost."""
        return frozenset(one.name for one in self.conditions if one.kind == NOT_KNOWN)


class Short(Struct, frozen=True):
    """A storage of which a scan did not come to all."""

    storage: str
    #: Why, in a sentence; empty if nobody says.
    why: str
    #: Whether it was begun at all.
    is_begun: bool = True


class Recalled(Struct, frozen=True):
    """What came of looking up what the repository knows."""

    #: None: it could not be read.
    known: Known | None = None
    #: Why; empty where looks tell it.
    problem: str = ""


def told(lasting: Iterable[Lasting], known: Known) -> tuple[Condition, ...]:
    """Return what is wrong, beside what was told of storages of which not all is known now."""
    stays = [one for one in lasting if one.condition.name in known.unread]
    return added(stays, PROOFS, known.conditions)


def left(lasting: Iterable[Lasting], kinds: frozenset[str], known: Known) -> frozenset[str]:
    """Return the storages that were told of, and of which the repository tells no more."""
    names = {one.condition.name for one in lasting if one.condition.kind in kinds}
    return frozenset(names - known.read - known.unread - {_WHOLE})


def unknown(lasting: Iterable[Lasting], why: str) -> tuple[Condition, ...]:
    """Return all that was told, and why nobody knows whether it is still so."""
    return added(lasting, PROOFS, [Condition(NOT_KNOWN, _WHOLE, "", why)])


def exit_code(lasting: Iterable[Lasting]) -> int:
    """Return what a run ends with as long as files are wrong, or not all is known of them."""
    kinds = {one.condition.kind for one in lasting}
    if FINDING in kinds:
        return FINDINGS
    return UNPROVED if kinds & (PROOFS | SCANNING) else SUCCESS


def of_scan(
    problem: Condition | None,
    code: int,
    known: Known | None,
    short: Iterable[Short] = (),
    lasting: Iterable[Lasting] = (),
) -> list[Condition]:
    """Return that a scan failed, or did not come to all, where nothing that is known says so.

    `short`: the storages of which it did not. What is wrong with another one does not say it. Where
    it failed as a whole, what was told of storages lasts: nobody knows which of them it has read.
    """
    if problem is not None:
        return [*added((one for one in lasting if one.condition.name), SCANNING, [problem])]
    if not code:
        return []
    conditions = known.conditions if known else ()
    short = tuple(short)
    if short:
        return [_of_short(one) for one in short if not _is_said(one, conditions)]
    if conditions:
        return []
    said = f"not everything was read: the scan ended with exit code {code}"
    return [Condition(NOT_SCANNED, _WHOLE, "", said)]


def _is_said(one: Short, conditions: Iterable[Condition]) -> bool:
    says = _SAY_UNREAD if one.is_begun else _SAY_WHY
    return any(told.name == one.storage and told.kind in says for told in conditions)


def _of_short(one: Short) -> Condition:
    what = ("not everything was read",) if one.is_begun else ()
    said = ": ".join((quoted(one.storage), *what, one.why or "nobody says why"))
    return Condition(NOT_SCANNED, one.storage, "", said)


def another(lasting: Iterable[Lasting]) -> tuple[Condition, ...]:
    """Return all that was told by a repository in whose place there is another one now."""
    return unknown(lasting, _ANOTHER)


def long_scan(since: str) -> Condition:
    """Return that the scan that was begun at a moment runs for longer than it may."""
    said = f"the scan that began at {since} has not ended in the time that it has"
    return Condition(LONG_SCAN, "", "", said)


def overdue(now: str, known: Iterable[Lasting], dues: Iterable[Due]) -> tuple[Condition, ...]:
    """Return all that is overdue: what is known to be, and what has become so by now.

    What the repository knows alone can end it.
    """
    conditions = (one.condition for one in known if one.condition.kind == OVERDUE)
    found = {condition.name: condition for condition in conditions}
    for due in dues:
        if due.at < now:
            found.setdefault(due.storage, Condition(OVERDUE, due.storage, "", due.message))
    return tuple(found.values())
