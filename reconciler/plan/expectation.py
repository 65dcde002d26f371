"""What a step relies on, and what of it remains to be written.

Pure: the caller reads live, just before the step, and hands in what it found.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from reconciler.diff.temporary_names import temporary
from reconciler.location import same_place
from reconciler.masking import quoted_url
from reconciler.model import Storage, Values
from reconciler.plan.document import CREATE, REMOVE, Operation, Step
from reconciler.printable import quoted


class Seen(Struct, frozen=True):
    """What a step sees in live: something to write, nothing left to do, or that it is stale."""

    #: Why the step must not be carried out; empty if it may.
    stale: str = ""
    #: Whether there is anything left to write.
    write: bool = False
    #: The storage itself as it is live, if there is one.
    found: Storage | None = None
    name: str | None = None
    label: str | None = None


def check(operation: Operation, step: Step, found: Sequence[Storage]) -> Seen:
    """Compare what `step` relies on with `found`: the live storages with its id or its new name."""
    if operation.action == CREATE:
        return _check_create(operation, found)
    live = next((storage for storage in found if storage.id == operation.id), None)
    if operation.action == REMOVE:
        return _check_remove(operation, live)
    return _check_update(operation, step, live, found)


def as_planned(operation: Operation, step: Step) -> Seen:
    """Take live for what it was when the plan was made; the platform refuses if it is not."""
    before = operation.before
    if before is None or operation.id is None:
        return Seen(write=True)
    live = Storage(operation.id, before.name, before.label, before.type, before.default_url)
    if operation.action == REMOVE:
        return Seen(write=True, found=live)
    name = step.name if step.name != before.name else None
    label = step.label if step.label != before.label else None
    return Seen(write=True, found=live, name=name, label=label)


def as_wanted(values: Values, live: Storage) -> bool:
    """Return whether a live storage is what `values` say."""
    return (live.name, live.label) == (values.name, values.label) and same_place(values, live)


def otherwise(operation: Operation, made: Storage, *, name: str | None, label: str | None) -> str:
    """Return in what a storage that a write gives back is not as asked; empty if it is.

    A platform may trim a name, cut a label, or give back something else altogether.
    """
    after = _given(operation.after)
    if (
        name in (None, made.name)
        and label in (None, made.label)
        and operation.id in (None, made.id)
        and (after.type, after.default_url) == (made.type, made.default_url)
    ):
        return ""  # as nearly always; the rest is for what only looks different, and for words
    parts = [
        f"asked for the {field} {quoted(value)}, it gives {quoted(getattr(made, field))}"
        for field, value in (("name", name), ("label", label))
        if value is not None and value != getattr(made, field)
    ]
    if not same_place(after, made):
        parts.append(
            f"asked for {after.type} {quoted_url(after.default_url)}, it gives {made.type} "
            f"{quoted_url(made.default_url)}"
        )
    if operation.id is not None and made.id != operation.id:
        parts.append(f"asked for the id {quoted(operation.id)}, it gives {quoted(made.id)}")
    return f"the platform made something else of it: {'; '.join(parts)}" if parts else ""


def on_the_way(operation: Operation, found: Storage | Values) -> bool:
    """Return whether an update may find its storage like this: not begun, half done, or done."""
    before, after = _given(operation.before), _given(operation.after)
    return (
        same_place(before, found)
        and (
            found.name in (before.name, after.name)
            or found.name == temporary(before.name, operation.id or "")
        )
        and found.label in (before.label, after.label)
    )


def _check_create(operation: Operation, found: Sequence[Storage]) -> Seen:
    after = _given(operation.after)
    live = next((storage for storage in found if storage.name == after.name), None)
    if live is None:
        return Seen(write=True)
    if as_wanted(after, live):
        return Seen(found=live)
    if same_place(after, live):
        problem = f"a storage named {quoted(after.name)} was created meanwhile with another label"
    else:
        problem = f"the name {quoted(after.name)} was taken meanwhile by another storage"
    return Seen(stale=problem, found=live)


def _check_remove(operation: Operation, live: Storage | None) -> Seen:
    before = _given(operation.before)
    if live is None:
        return Seen()
    if not as_wanted(before, live):
        return Seen(stale=_changed(before), found=live)
    return Seen(write=True, found=live)


def _check_update(
    operation: Operation, step: Step, live: Storage | None, found: Sequence[Storage]
) -> Seen:
    before, after = _given(operation.before), _given(operation.after)
    if live is None:
        return Seen(stale=f"{quoted(before.name)} is no longer live")
    if not on_the_way(operation, live) or not _has_come(operation, step, live):
        return Seen(stale=_changed(before), found=live)
    # A storage that already has its last name does not step aside again.
    name = step.name if live.name not in (step.name, after.name) else None
    label = step.label if live.label != step.label else None
    other = next((s for s in found if s.name == name and s.id != live.id), None)
    if name is not None and other is not None:
        taken = f"the name {quoted(name)} is taken by another storage (id {quoted(other.id)})"
        return Seen(stale=taken, found=live)
    return Seen(write=not (name is None and label is None), found=live, name=name, label=label)


def _has_come(operation: Operation, step: Step, live: Storage) -> bool:
    """Return whether what the steps before this one wrote is still there, or already further on."""
    keys = [other.key for other in operation.steps]
    at = keys.index(step.key) if step.key in keys else 0
    for field in ("name", "label"):
        written = [getattr(other, field) for other in operation.steps]
        earlier = [value for value in written[:at] if value is not None]
        if earlier and getattr(live, field) not in (earlier[-1], *written[at:]):
            return False
    return True


def _changed(before: Values) -> str:
    return f"{quoted(before.name)} has changed since the plan was made"


def _given(values: Values | None) -> Values:
    if values is None:  # a plan file that lacks what its action needs
        raise ValueError("the operation lacks the values that its action needs")
    return values
