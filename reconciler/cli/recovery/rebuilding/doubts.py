"""What makes it doubtful that a rebuild is what somebody wants: warnings of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.location import same_place
from reconciler.manifest import Manifest
from reconciler.masking import quoted_url
from reconciler.model import Notice, State
from reconciler.names import Scope
from reconciler.plan.document import CREATE, Plan
from reconciler.printable import listed, quoted
from reconciler.recovery.rebuilding.outcome import Left
from reconciler.recovery.rebuilding.wanted import Found, Wanted
from reconciler.recovery.snapshots.document import Kept
from reconciler.report.sentences.terms import bare


def strange(kept: Kept, state: State, found: Found) -> Iterator[Notice]:
    """Warn of a platform that may be the wrong one."""
    if state.storages and not found.live:
        yield Notice(
            "other_platform",
            "",
            f"none of the {len(state.storages):,} live storages is in the snapshot, which is of "
            f"{quoted_url(kept.snapshot.platform.address)}: look whether this is the platform that "
            "you mean",
        )


def not_rebuilt(left: Iterable[Left]) -> Iterator[Notice]:
    """Warn of what no run of this command brings back, as it is known beforehand."""
    for each in left:
        if each.is_for_people:
            message = f"{bare(each.storage)}: {each.message}" if each.storage else each.message
            yield Notice("not_rebuilt", each.storage, message)


def taken_over(ours: Sequence[Wanted], found: Found) -> Iterator[Notice]:
    """Warn of storages that were moved to where a storage of another name lies already."""
    for one in ours:
        live, entry = found.live.get(one.storage.id), one.entry
        if live and live.name != entry.name and entry.default_url != one.storage.default_url:
            if same_place(one.storage, live):
                continue
            yield Notice(
                "relocated_onto",
                entry.name,
                f"{quoted(entry.name)} is moved to {quoted_url(entry.default_url)}, and what lies "
                f"there is taken for it, though its name is {quoted(live.name)}: if that is "
                "another storage, move this one to a place of its own",
            )


def unwanted(plan: Plan, own: Manifest | None) -> Iterator[Notice]:
    """Warn of storages to be created that the user's own manifest does not want any more."""
    if own is None or not own.desired.entries:
        return
    desired = own.desired
    removed = {item.name for item in desired.removed}
    declared = {entry.name for entry in desired.entries}
    scope = Scope.of(desired.policy.scope)
    created = [each.name for each in plan.operations if each.action == CREATE]
    for name in created:
        if name in removed:
            yield Notice(
                "removed_by_manifest",
                name,
                f"{quoted(name)} stands in `removed:` of your manifest, and would be made again: "
                "the next apply removes it",
            )
    left = [n for n in created if n not in declared and n not in removed and scope.holds(n)]
    if left:
        yield Notice(
            "not_in_manifest",
            "",
            f"your manifest does not declare {listed(left)}, which would be made again: look "
            "whether that was removed on purpose since the snapshot was made",
        )
