"""Every way in which live differs from what the manifest declares, and what `drift` says of it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from reconciler.plan.document import CREATE, REMOVE, Change, Operation, Plan
from reconciler.printable import shown
from reconciler.report.sentences.operations import changes_of, name_of, old_name
from reconciler.report.sentences.terms import count

MISSING, CHANGED, NOT_REMOVED, UNDECLARED = "missing", "changed", "not_removed", "undeclared"
LOCATION_CHANGE, INTERRUPTED_MOVE = "location_change", "interrupted_move"
#: In which ways a storage may differ.
KINDS = (MISSING, CHANGED, NOT_REMOVED, UNDECLARED, LOCATION_CHANGE, INTERRUPTED_MOVE)
_MEANINGS = {
    MISSING: "declared, but not live",
    CHANGED: "not as declared",
    NOT_REMOVED: "named in `removed:`, but still live",
    UNDECLARED: "live, but not declared",
    LOCATION_CHANGE: "declared at another location",
    INTERRUPTED_MOVE: "a rename was cut off",
}


class Difference(Struct, frozen=True):
    """One storage that is not as declared, and in which way.

    `not_removed` is named in `removed:` and still live.
    """

    kind: str
    #: The name in the manifest; the live one where the manifest has none.
    name: str
    #: The live name, where an update gives it another.
    previous_name: str | None = None
    id: str | None = None
    changes: tuple[Change, ...] = ()
    message: str = ""


class Drift(Struct, frozen=True):
    """What differs, and the names of undeclared storages that are no difference."""

    plan: Plan
    found: tuple[Difference, ...]
    undeclared: tuple[str, ...] = ()


def drift_of(plan: Plan, *, ignored: bool = False) -> Drift:
    """Return in what live differs; undeclared storages that are `ignored` are listed beside it."""
    if not ignored:
        return Drift(plan, differences(plan))
    found = differences(replace(plan, undeclared=()))
    told = {difference.name for difference in found if difference.kind == INTERRUPTED_MOVE}
    return Drift(plan, found, tuple(name for name in plan.undeclared if name not in told))


def differences(plan: Plan) -> tuple[Difference, ...]:
    """Return every difference once: operations, undeclared storages, what can't be changed."""
    undeclared = frozenset(plan.undeclared)
    found = [_of_operation(operation, undeclared) for operation in plan.operations]
    removed = {name_of(o) for o in plan.operations if o.action == REMOVE}
    found += [Difference(UNDECLARED, name) for name in plan.undeclared if name not in removed]
    for reason in plan.blocked_by:
        cut_off = reason.code == INTERRUPTED_MOVE and reason.name not in removed | undeclared
        if reason.code == LOCATION_CHANGE or cut_off:
            found.append(Difference(reason.code, reason.name, message=reason.message))
    return tuple(found)


def total(number: int) -> str:
    """Return how much differs."""
    if not number:
        return "No drift. Live matches the manifest."
    return f"Drift: {count(number, 'difference')} between live and the manifest."


def meaning(kind: str) -> str:
    """Return what a kind of difference means."""
    return _MEANINGS.get(kind, shown(kind))


def _of_operation(operation: Operation, undeclared: frozenset[str]) -> Difference:
    name = name_of(operation)
    if operation.action == REMOVE:
        kind = UNDECLARED if name in undeclared else NOT_REMOVED
        return Difference(kind, name, id=operation.id)
    if operation.action == CREATE:
        return Difference(MISSING, name)
    return Difference(CHANGED, name, old_name(operation), operation.id, changes_of(operation))
