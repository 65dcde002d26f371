"""Diff, facts and rules -> the plan: what is done, what is chosen of it, and whether it may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from reconciler.diff import Diff, Removal
from reconciler.errors import UsageError
from reconciler.masking import masked
from reconciler.model import NEW_PLATFORM, Notice, State
from reconciler.names import matches
from reconciler.plan import policy
from reconciler.plan.document import (
    BLOCKED,
    CREATE,
    FORMAT_VERSION,
    READY,
    REMOVE,
    UPDATE,
    Consent,
    Operation,
    Plan,
    Summary,
    sealed,
)
from reconciler.plan.likely_renames import likely_renames
from reconciler.plan.ordering import order, reachable
from reconciler.plan.policy import Facts, Rules
from reconciler.plan.steps import key_of
from reconciler.printable import quoted, shown
from reconciler.version import __version__


class Setting(Struct, frozen=True):
    """Where and when a plan is made."""

    address: str
    now: str
    state: State
    atomic_update: bool = True
    #: The manifest's `lock:`.
    lock: str | None = None


def build(
    diff: Diff, facts: Facts, rules: Rules, setting: Setting, targets: Sequence[str] = ()
) -> Plan:
    """Make the plan. Raises `UsageError` for a target that names nothing.

    With `targets`, only the operations that they name and what those wait for remain, and only
    the reasons that are about them, or about no storage in particular.
    """
    chosen = policy.removals(diff, rules.policy)
    ordered = order(diff, chosen, facts.holds_files, atomic_update=setting.atomic_update)
    operations, pulled_in = ordered.operations, list[Notice]()
    if targets:
        _check_targets(diff, operations, targets)
        operations, pulled_in = _select(operations, targets)
    kept = {operation.key for operation in operations}
    chosen = tuple(r for r in chosen if key_of(REMOVE, r.live.name) in kept)
    renames = [p for p in diff.updates if p.renames and key_of(UPDATE, p.entry.name) in kept]
    found = [*policy.reasons(diff, chosen, renames, facts, rules), *ordered.name_taken]
    about = _about(found, diff, operations, targets) if targets else found
    blocked_by = sorted([*about, *pulled_in])
    left_out = _left_out(len(ordered.operations) - len(operations), len(found) - len(about))
    return sealed(
        Plan(
            format_version=FORMAT_VERSION,
            tool_version=__version__,
            created_at=setting.now,
            platform=setting.address,
            platform_id=setting.state.platform_id,
            account=setting.state.account,
            digest="",
            status=BLOCKED if blocked_by else READY,
            blocked_by=tuple(blocked_by),
            summary=_summary(diff, operations),
            operations=operations,
            undeclared=tuple(storage.name for storage in diff.undeclared),
            consents=_consents(diff, chosen, facts, rules),
            warnings=_warnings(diff, rules, setting, left_out),
            lock=setting.lock,
        )
    )


def _check_targets(diff: Diff, operations: Sequence[Operation], targets: Sequence[str]) -> None:
    known = {operation.name for operation in operations}
    known |= {operation.previous_name or "" for operation in operations}
    known |= {pair.entry.name for pair in diff.moved}
    known |= diff.names.keys()
    for target in targets:
        if not any(matches(name, (target,)) for name in known):
            raise UsageError(
                f"--target {quoted(target)} names no storage, declared or live: "
                "check its spelling, or leave it out to plan everything"
            )


def _is_target(operation: Operation, targets: Sequence[str]) -> bool:
    names = {operation.name, operation.previous_name or operation.name}
    return any(matches(name, targets) for name in names)


def _select(
    operations: Sequence[Operation], targets: Sequence[str]
) -> tuple[tuple[Operation, ...], list[Notice]]:
    named = {operation.key for operation in operations if _is_target(operation, targets)}
    needed = reachable(operations, named)
    selected = tuple(operation for operation in operations if operation.key in needed)
    pulled_in = [
        Notice(
            "untargeted_removal",
            operation.name,
            f"what is targeted needs {quoted(operation.name)} to be removed first: "
            f"target it too, `--target {shown(operation.name)}`, if that is meant",
        )
        for operation in selected
        if operation.action == REMOVE and operation.key not in named
    ]
    return selected, pulled_in


def _about(
    reasons: Sequence[Notice], diff: Diff, operations: Sequence[Operation], targets: Sequence[str]
) -> list[Notice]:
    """Choose the reasons that are about what is targeted, or about no storage in particular."""
    stuck = {pair.entry.name: pair.live.name for pair in diff.moved}
    planned = {name for op in operations for name in (op.name, op.previous_name)}

    def concerns(reason: Notice) -> bool:
        # A move that was cut off may be of the very storage that is targeted, under another name.
        if not reason.name or reason.code == "interrupted_move" or reason.name in planned:
            return True
        names = (reason.name, stuck.get(reason.name, reason.name))
        return any(matches(name, targets) for name in names)

    return [reason for reason in reasons if concerns(reason)]


def _left_out(operations: int, reasons: int) -> tuple[Notice, ...]:
    """Return a warning that targets are not all there is."""
    told = [
        policy.counted(number, what)
        for number, what in ((operations, "operation"), (reasons, "blocking reason"))
        if number
    ]
    if not told:
        return ()
    message = f"`--target` leaves out {' and '.join(told)}: plan without it to see everything"
    return (Notice("targeted", "", message),)


def _summary(diff: Diff, operations: Sequence[Operation]) -> Summary:
    counts = Counter(operation.action for operation in operations)
    return Summary(
        create=counts[CREATE],
        update=counts[UPDATE],
        remove=counts[REMOVE],
        live=diff.live_in_scope,
        unchanged=diff.same,
    )


def _consents(
    diff: Diff, chosen: Sequence[Removal], facts: Facts, rules: Rules
) -> tuple[Consent, ...]:
    """List the consents that the plan could not do without."""
    used = []
    for removal in chosen:
        if removal.consent is None:
            continue
        live = removal.live
        on_command_line = removal.consent.file == policy.ALLOW_REMOVE
        used.append(Consent("allow_remove" if on_command_line else "removed", live.name, live.id))
        at_stake = facts.holds_files[live.id] or facts.spaces.get(live.id)
        if at_stake and removal.loses_records:
            used.append(Consent("holds_files", live.name, live.id))
    if rules.allow_empty and not rules.declares_something and diff.live_in_scope:
        used.append(Consent("allow_empty", "", ""))
    return tuple(sorted(used))


def _warnings(
    diff: Diff, rules: Rules, setting: Setting, left_out: Sequence[Notice]
) -> tuple[Notice, ...]:
    notices = [
        *diff.warnings,
        *(likely_renames(diff) if rules.policy.undeclared == "ignore" else ()),
        *left_out,
    ]
    state = setting.state
    if state.complete is None:
        whom = f"the account {quoted(state.account)}" if state.account else "this account"
        count = policy.counted(len(state.storages), "storage")
        notices.append(
            Notice(
                "list_incomplete",
                "",
                f"the platform lists what {whom} can see, {count}; "
                "nobody can tell whether there are more",
            )
        )
    if state.platform_id == NEW_PLATFORM:
        notices.append(new_platform(setting.address))
    return tuple(sorted(notices))


def new_platform(address: str) -> Notice:
    """Warn that a platform does not exist yet: the address may be wrong."""
    return Notice(
        "new_platform",
        "",
        f"{masked(address)} does not exist yet: it is new and empty, and only apply "
        "makes it. If it should exist, the address is wrong",
    )
