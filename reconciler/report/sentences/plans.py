"""What a plan says as a whole, as text and Markdown say it.

Like what is said of each operation, it is told from what the plan's digest covers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model import NEW_PLATFORM, Notice
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Consent, Operation, Plan
from reconciler.printable import quoted, shown
from reconciler.report.sentences.operations import name_of
from reconciler.report.sentences.terms import count

#: The code of the reason that blocks a plan for a storage that nobody declares.
UNDECLARED = "undeclared"
NO_CHANGES = "No changes. Live matches the manifest."
NO_CHANGES_TARGETED = "No changes for what is targeted."


def only(plan: Plan, action: str) -> list[Operation]:
    """Return the operations that create, update or remove, in the plan's order."""
    return [operation for operation in plan.operations if operation.action == action]


def standing(plan: Plan) -> str:
    """Return in a line whose platform was read, and what was found there."""
    account = [f"as {quoted(plan.account)}"] if plan.account else []
    if plan.platform_id == NEW_PLATFORM:
        return ", ".join([*account, "new and empty: made by apply"])
    live = count(plan.summary.live, "live storage")
    return ", ".join([*account, f"{live} in scope", f"{plan.summary.unchanged:,} unchanged"])


def totals(plan: Plan) -> str:
    """Return the last line of every plan."""
    if plan.ready and not plan.operations:
        left_out = any(warning.code == "targeted" for warning in plan.warnings)
        return NO_CHANGES_TARGETED if left_out else NO_CHANGES
    number = Counter(operation.action for operation in plan.operations)
    return (
        f"Plan: {number[CREATE]} to create, {number[UPDATE]} to update, {number[REMOVE]} to remove."
    )


def blocked_total(plan: Plan) -> str:
    """Return that a plan is blocked, and by how much."""
    return f"BLOCKED by {count(len(plan.blocked_by), 'reason')}: this plan can't be applied."


def alarm(removals: Sequence[Operation], *, ready: bool) -> str:
    """Return that storages will be removed, in a line that can't be missed; empty if none are.

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
    """Return a consent, in words that stay in one piece."""
    told = (
        [f"{shown(consent.kind)}:", quoted(consent.name)] if consent.name else [shown(consent.kind)]
    )
    return [*told, f"(id {shown(consent.id)})"] if consent.id else told


def reasons(plan: Plan) -> list[Notice]:
    """Return what blocks a plan; many undeclared storages are one reason, told once."""
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
