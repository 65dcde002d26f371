"""What of an operation follows from what is before and after it: its calls, its names, its keys.

A key is a text in plans and journals; here alone it is put together and taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model import Values
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Change, Operation, Step, changed

#: What one call of an update writes: a name, a label, or both.
Call = tuple[str | None, str | None]


def key_of(action: str, name: str) -> str:
    """Return the key of an operation; `name` is the one it has afterwards, or had if removed."""
    return f"{action}:{name}"


def operation_of(step_key: str) -> str:
    """Return the key of the operation that a step belongs to."""
    return step_key.rpartition("#")[0]


def _step_key(operation: str, number: int = 1) -> str:
    """Return the key of a step; the first of an operation is the one that frees its old name."""
    return f"{operation}#{number}"


def derived(
    action: str,
    before: Values | None,
    after: Values | None,
    steps: tuple[Step, ...],
    *,
    id: str | None = None,
    after_operations: tuple[str, ...] = (),
    holds_files: bool | None = None,
    reason: str,
) -> Operation:
    """Return an operation; its key, names and changes follow from what is before and after it."""
    values = after or before
    name = values.name if values else ""
    changes: tuple[Change, ...] = ()
    previous_name = None
    if before and after:
        changes = changed(before, after)
        previous_name = before.name if before.name != name else None
    return Operation(
        key=key_of(action, name),
        action=action,
        name=name,
        previous_name=previous_name,
        id=id,
        before=before,
        after=after,
        changes=changes,
        steps=steps,
        after_operations=after_operations,
        destructive=action == REMOVE,
        holds_files=holds_files,
        reason=reason,
    )


def remove_steps(key: str) -> tuple[Step, ...]:
    """Return the steps of a removal."""
    return (Step(_step_key(key), REMOVE),)


def create_steps(key: str, name: str, waits: Iterable[str]) -> tuple[Step, ...]:
    """Return the steps of a create; `waits` are the keys of the operations that come first."""
    return (Step(_step_key(key), CREATE, name, None, tuple(sorted(map(_step_key, waits)))),)


def update_calls(before: Values, after: Values, *, aside: str | None, atomic: bool) -> list[Call]:
    """Return what the calls of an update write.

    `aside` is the temporary name that the storage first takes, if it does; `atomic` says that name
    and label are written at once.
    """
    name = after.name if after.name != before.name else None
    label = after.label if after.label != before.label else None
    calls: list[Call] = [] if aside is None else [(aside, None)]
    if name is not None and label is not None and not atomic:
        return [*calls, (name, None), (None, label)]
    return [*calls, (name, label)]


def update_steps(key: str, calls: Sequence[Call], freeing: str | None) -> tuple[Step, ...]:
    """Return the steps of an update; `freeing` is the operation that frees its last name."""
    steps: list[Step] = []
    last = [name for name, _ in calls if name is not None][-1:]
    for number, (name, label) in enumerate(calls, 1):
        waits = [_step_key(key, number - 1)] if number > 1 else []
        if freeing and name in last:
            waits.append(_step_key(freeing))
        steps.append(Step(_step_key(key, number), UPDATE, name, label, tuple(sorted(waits))))
    return tuple(steps)
