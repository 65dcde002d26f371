"""What text and Markdown say in the same words.

A plan file may have been edited where its digest does not reach (names, changes, summary). So
everything here is told from what the digest covers: actions, before, after, steps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from reconciler.errors import Problem
from reconciler.executor import DONE, FAILED, HALF_DONE, NOT_STARTED, UNKNOWN, Outcome
from reconciler.model import Notice, masked
from reconciler.names import quoted, shown
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Change, Consent, Operation, Plan
from reconciler.reconcile import Applied

SYMBOLS = {CREATE: "+", UPDATE: "~", REMOVE: "-"}
STATUSES = (DONE, FAILED, HALF_DONE, UNKNOWN, NOT_STARTED)
#: The code of the reason that blocks a plan for a storage that nobody declares.
UNDECLARED = "undeclared"
NO_CHANGES = "No changes. Live matches the manifest."
NO_CHANGES_TARGETED = "No changes for what is targeted."
#: More operations that were not started for one reason are counted, and not listed.
ENOUGH_WAITING = 20
_PLAIN = re.compile(r"[\w.~-]+(?: [\w.~-]+)*")


class Sorted(Struct, frozen=True):
    """The operations of a plan by what they do, each kind in the plan's order."""

    remove: tuple[Operation, ...]
    update: tuple[Operation, ...]
    create: tuple[Operation, ...]


def by_action(plan: Plan) -> Sorted:
    """Sort a plan's operations by what they do."""
    kinds: dict[str, list[Operation]] = {REMOVE: [], UPDATE: [], CREATE: []}
    for operation in plan.operations:
        kinds[operation.action].append(operation)
    return Sorted(*(tuple(kinds[kind]) for kind in (REMOVE, UPDATE, CREATE)))


def count(number: int, noun: str) -> str:
    """Count things: `1 storage`, `9,123 storages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bare(name: str) -> str:
    """Give a name for the place where only a name can stand: quoted only if it looks odd."""
    return name if _PLAIN.fullmatch(name) and shown(name) == name else quoted(name)


def address(url: str) -> str:
    """Give an address as it may be printed: no password, nothing invisible."""
    return shown(masked(url))


def value(field: str) -> Callable[[str], str]:
    """Say how the values of a field are printed."""
    return _quoted_address if field == "default_url" else quoted


def _quoted_address(url: str) -> str:
    return f"'{address(url)}'"


def name_of(operation: Operation) -> str:
    """Name the storage of an operation: as it will be, or for a removal as it is."""
    values = operation.after or operation.before
    return values.name if values else operation.name


def old_name(operation: Operation) -> str | None:
    """Give the name that an update takes away; None if it keeps the name."""
    before, after = operation.before, operation.after
    return before.name if before and after and before.name != after.name else None


def changes_of(operation: Operation) -> tuple[Change, ...]:
    """Give the fields that an update changes, in the order in which they are declared."""
    before, after = operation.before, operation.after
    if not before or not after:
        return ()
    fields = ("name", "label", "type", "default_url")
    pairs = ((field, getattr(before, field), getattr(after, field)) for field in fields)
    return tuple(Change(field, old, new) for field, old, new in pairs if old != new)


def files_of(operation: Operation) -> str:
    """Say what a removal does to the platform's records of files."""
    if operation.holds_files is None:
        return "MAY HOLD FILES: nobody could tell"
    if operation.holds_files:
        return "HOLDS FILES: the platform's records of these files will be lost"
    return "holds no files"


def standing(plan: Plan) -> str:
    """Say in a line whose platform was read, and what was found there."""
    account = [f"as {quoted(plan.account)}"] if plan.account else []
    if plan.platform_id == "new":
        return ", ".join([*account, "new and empty: made by apply"])
    live = count(plan.summary.live, "live storage")
    return ", ".join([*account, f"{live} in scope", f"{plan.summary.unchanged:,} unchanged"])


def totals(plan: Plan) -> str:
    """Give the last line of every plan."""
    if plan.ready and not plan.operations:
        left_out = any(warning.code == "targeted" for warning in plan.warnings)
        return NO_CHANGES_TARGETED if left_out else NO_CHANGES
    number = Counter(operation.action for operation in plan.operations)
    return (
        f"Plan: {number[CREATE]} to create, {number[UPDATE]} to update, {number[REMOVE]} to remove."
    )


def alarm(removals: Sequence[Operation], *, ready: bool) -> str:
    """Say that storages will be removed, in a line that can't be missed; empty if none are.

    A plan that is not `ready`, but blocked, removes nothing: it only would.
    """
    if not removals:
        return ""
    holding = sum(operation.holds_files is not False for operation in removals)
    start = f"{count(len(removals), 'storage')} {'WILL' if ready else 'WOULD'} BE REMOVED"
    start = f"{start} from the platform"
    if not holding:
        return f"{start}. {'None of them holds' if len(removals) > 1 else 'It holds no'} files."
    which = f"{holding:,} of them" if len(removals) > 1 else "It"
    unsure = any(operation.holds_files is None for operation in removals)
    verb = "may hold" if unsure else "hold" if holding > 1 else "holds"
    lost = "will be lost" if ready else "would be lost"
    return f"{start}. {which} {verb} files: the platform's records of those files {lost}."


def consent(consent: Consent) -> list[str]:
    """Tell a consent, in words that stay in one piece."""
    told = (
        [f"{shown(consent.kind)}:", quoted(consent.name)] if consent.name else [shown(consent.kind)]
    )
    return [*told, f"(id {shown(consent.id)})"] if consent.id else told


def reasons(plan: Plan) -> list[Notice]:
    """Give what blocks a plan; many undeclared storages are one reason, told once."""
    many = undeclared_at_once(plan)
    if not many:
        return list(plan.blocked_by)
    rest = [reason for reason in plan.blocked_by if reason.code != UNDECLARED]
    message = (
        f"{count(len(many), 'storage')} are live but not declared: declare them in `storages:` "
        "(`reconciler export --undeclared` writes the entries), name them in `removed:`, or set "
        "`policy.undeclared`"
    )
    return [*rest, Notice(UNDECLARED, "", message)]


def undeclared_at_once(plan: Plan) -> list[str]:
    """Name the storages that one reason of `reasons` is about; none if there are not several."""
    names = [reason.name for reason in plan.blocked_by if reason.code == UNDECLARED]
    return names if len(names) > 1 else []


def undeclared_left(plan: Plan) -> list[str]:
    """Name what is undeclared, and named neither by a removal nor by a blocking reason."""
    told = {name_of(operation) for operation in plan.operations if operation.action == REMOVE}
    told.update(reason.name for reason in plan.blocked_by if reason.code == UNDECLARED)
    return [name for name in plan.undeclared if name not in told]


def outcome_totals(applied: Applied) -> str:
    """Count how the operations ended."""
    number = Counter(outcome.status for outcome in applied.result.outcomes)
    if not number:
        return totals(applied.plan)
    if nothing_written(applied):
        return f"Nothing was written: {count(number[DONE], 'operation')} had been done already."
    parts = (f"{number[status]:,} {spoken(status)}" for status in STATUSES if number[status])
    return f"Applied: {', '.join(parts)}."


def waiting_alike(applied: Applied) -> dict[str, int]:
    """Count what was not started for the same reason, where that is too much to list."""
    waiting = (o.error for o in applied.result.outcomes if o.status == NOT_STARTED)
    return {error: many for error, many in Counter(waiting).items() if many > ENOUGH_WAITING}


def spoken(status: str) -> str:
    """Give a status as people say it."""
    return status.replace("_", " ")


def verdict(applied: Applied) -> str:
    """Say whether live is now as it was to be; empty where there was nothing to do."""
    if not applied.result.outcomes:
        return ""
    if applied.holds:
        return "Live was read again: it is as planned."
    if applied.holds is None:
        return "Live was NOT read again, and may not be as planned:"
    return "Live is NOT as planned. What is left, or stands in the way:"


def doubts(applied: Applied) -> Sequence[str]:
    """Give what belongs below a verdict: what differs, or why nobody knows."""
    return (applied.unread,) if applied.holds is None else applied.remaining


def advice(applied: Applied) -> str:
    """Say what to do next; empty if nothing is left to do."""
    outcomes = applied.result.outcomes
    undone = any(outcome.status != DONE for outcome in outcomes)
    if applied.holds is None and not undone:
        start = "Interrupted. Every" if applied.result.interrupted else "Every"
        return f"{start} operation is done: `reconciler plan` says whether live is as planned."
    if applied.result.interrupted:
        return "Interrupted. What is done stays done: run apply again to do the rest."
    if any(outcome.stale for outcome in outcomes):
        return "Live has changed since the plan was made: make a new plan, read it, apply it."
    if undone:
        return "What is done stays done: see to the errors above, then run apply again."
    return ""


def nothing_written(applied: Applied) -> bool:
    """Say whether every operation was found to be done already."""
    outcomes = applied.result.outcomes
    return bool(outcomes) and all(o.status == DONE and not o.writes for o in outcomes)


def may_have_written(outcome: Outcome) -> bool:
    """Say whether an operation changed the platform, or may have."""
    return bool(outcome.writes) or outcome.status in (HALF_DONE, UNKNOWN)


def with_operations(applied: Applied) -> Iterator[tuple[Outcome, Operation | None]]:
    """Yield every outcome with the operation that it is about."""
    operations = {operation.key: operation for operation in applied.plan.operations}
    for outcome in applied.result.outcomes:
        yield outcome, operations.get(outcome.key)


def blocked_total(plan: Plan) -> str:
    """Say that a plan is blocked, and by how much."""
    return f"BLOCKED by {count(len(plan.blocked_by), 'reason')}: this plan can't be applied."


def drift_total(number: int) -> str:
    """Say how much differs."""
    if not number:
        return "No drift. Live matches the manifest."
    return f"Drift: {count(number, 'difference')} between live and the manifest."


def drift_kind(kind: str) -> str:
    """Say what a kind of difference means."""
    return _DRIFT.get(kind, shown(kind))


_DRIFT = {
    "missing": "declared, but not live",
    "changed": "not as declared",
    "not_removed": "named in `removed:`, but still live",
    "undeclared": "live, but not declared",
    "location_change": "declared at another location",
    "interrupted_move": "a rename was cut off",
}


def problem_total(problems: Sequence[Problem]) -> str:
    """Count problems and the files that they are in."""
    files = len({problem.file for problem in problems})
    return f"{count(len(problems), 'problem')} in {count(files, 'file')}."


def valid(files: int, entries: int) -> str:
    """Say how much a valid manifest declares."""
    return f"Valid: {count(entries, 'storage')} declared in {count(files, 'file')}."
