"""The calls that an operation takes: they follow from what is before and after it."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model import Values
from reconciler.names import temporary
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Step


def remove_steps(key: str) -> tuple[Step, ...]:
    """Give the steps of a removal."""
    return (Step(f"{key}#1", REMOVE),)


def create_steps(key: str, name: str, waits: Iterable[str]) -> tuple[Step, ...]:
    """Give the steps of a create; `waits` are the keys of the steps that come first."""
    return (Step(f"{key}#1", CREATE, name, None, tuple(sorted(waits))),)


def update_steps(
    key: str,
    id: str,
    before: Values,
    after: Values,
    *,
    aside: bool,
    freeing: str | None,
    atomic: bool,
) -> tuple[Step, ...]:
    """Give the steps of an update.

    With `aside` the storage first takes its temporary name; `freeing` is the key of the step that
    frees its new name; `atomic` says that name and label are written at once.
    """
    name = after.name if after.name != before.name else None
    label = after.label if after.label != before.label else None
    calls: list[tuple[str | None, str | None]] = []
    if aside:
        calls.append((temporary(before.name, id), None))
    if name is not None and label is not None and not atomic:
        calls += [(name, None), (None, label)]
    else:
        calls.append((name, label))
    steps: list[Step] = []
    for number, (new_name, new_label) in enumerate(calls, 1):
        waits = [f"{key}#{number - 1}"] if number > 1 else []
        if freeing and new_name == name and name is not None:
            waits.append(freeing)
        steps.append(Step(f"{key}#{number}", UPDATE, new_name, new_label, tuple(sorted(waits))))
    return tuple(steps)
