"""What is left to do of a plan, in words."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.location import same_place
from reconciler.masking import quoted_url
from reconciler.model import State, Storage, Values
from reconciler.plan.document import Operation, Plan, changed
from reconciler.plan.expectation import as_wanted
from reconciler.printable import quoted


def not_holding(plan: Plan, state: State) -> Iterator[str]:
    """Yield what is left of each operation of a plan that does not hold in live."""
    by_id = {storage.id: storage for storage in state.storages}
    by_name = {storage.name: storage for storage in state.storages}
    for operation in plan.operations:
        live = by_id.get(operation.id) if operation.id else by_name.get(operation.name)
        wanted = operation.after
        holds = live is None if wanted is None else live is not None and as_wanted(wanted, live)
        if not holds:
            yield left_of(operation, live)


def left_of(operation: Operation, live: Values | Storage | None) -> str:
    """Return what is left of an operation, with both values of what differs."""
    told = f"{operation.action} {quoted(operation.name)}"
    wanted = operation.after
    if wanted is None or live is None:
        return told
    at_home = same_place(wanted, live)
    differing = [
        f"{field}: declared {quoted_url(change.before)}, live {quoted_url(change.after)}"
        for change in changed(wanted, live)
        if (field := change.field) in ("name", "label") or not at_home
    ]
    return f"{told}: {'; '.join(differing)}" if differing else told
