"""Which step waits for which, so that no name is taken before it is free.

A rename waits for the step that frees its new name. Where renames wait for each other in a
circle, one of them first steps aside to a temporary name
(docs/decisions/0003-steps.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from reconciler.diff import Diff, Pair, Removal
from reconciler.diff.temporary_names import temporary
from reconciler.location import ByLocation
from reconciler.model import Entry, Notice, Removed, Storage, Values
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Operation
from reconciler.plan.policy import ALLOW_REMOVE
from reconciler.plan.steps import (
    create_steps,
    derived,
    key_of,
    operation_of,
    remove_steps,
    update_calls,
    update_steps,
)
from reconciler.plan.yaml_text import flow
from reconciler.printable import quoted


class Ordered(Struct, frozen=True):
    """Operations in the order of print, and the names that can't be had."""

    operations: tuple[Operation, ...]
    name_taken: tuple[Notice, ...]


def order(
    diff: Diff,
    chosen: Sequence[Removal],
    holds_files: Mapping[str, bool],
    *,
    atomic_update: bool,
) -> Ordered:
    """Turn changes into operations: removals first, then updates, then creates, each by name."""
    names = _Names(diff, chosen)
    operations = [_remove(removal, holds_files[removal.live.id]) for removal in chosen]
    operations += [_update(pair, names, atomic_update=atomic_update) for pair in diff.updates]
    gone = ByLocation(removal.live for removal in chosen if removal.consent)
    operations += [_create(entry, names, gone) for entry in diff.creates]
    return Ordered(tuple(operations), names.taken())


class _Names:
    """Who has a name, who wants it, and which step gives it up."""

    def __init__(self, diff: Diff, chosen: Sequence[Removal]) -> None:
        self._holder = diff.names
        self._removed = {removal.live.id: removal.live.name for removal in chosen}
        self._renames = {p.live.id: p for p in diff.updates if p.renames}
        self._wanted = [entry.name for entry in diff.creates]
        self._wanted += [pair.entry.name for pair in self._renames.values()]
        self._in_use = self._holder.keys() | set(self._wanted)
        self._unmanaged = diff.unmanaged
        self.moved_aside = self._one_of_each_circle()
        self._asides = {key_of(UPDATE, self._renames[id].entry.name) for id in self.moved_aside}

    def freed_by(self, name: str) -> str | None:
        """Return the key of the operation that frees a name; None if it is, or never will be."""
        holder = self._holder.get(name)
        if holder is None:
            return None
        if holder in self._removed:
            return key_of(REMOVE, name)
        pair = self._renames.get(holder)
        return key_of(UPDATE, pair.entry.name) if pair else None

    def done_before(self, freeing: str | None) -> tuple[str, ...]:
        """List whole operations that come first; stepping aside is half an operation."""
        return () if freeing is None or freeing in self._asides else (freeing,)

    def taken(self) -> tuple[Notice, ...]:
        """Name the wanted names that stay with a storage that stays."""
        taken = [
            self._taken(name, self._holder[name])
            for name in sorted(self._wanted)
            if name in self._holder and not self.freed_by(name)
        ]
        circles = sorted((self._renames[id] for id in self.moved_aside), key=lambda p: p.entry.name)
        return (*taken, *(_no_room(pair) for pair in circles if self._lacks_room(pair)))

    def _taken(self, name: str, id: str) -> Notice:
        if id in self._unmanaged:
            way_out = "which can't be managed: rename it on the platform itself"
        else:
            way_out = (
                "that keeps it: declare that one under another name with its id, or give it up "
                f"in `removed:` with {{name: {flow(name)}, id: {flow(id)}}}"
            )
        return Notice(
            "name_taken",
            name,
            f"the name {quoted(name)} is taken by a live storage (id {quoted(id)}) {way_out}; "
            "or choose another name",
        )

    def _aptness(self, pair: Pair) -> tuple[bool, bool, str]:
        return (pair.how != "id", self._lacks_room(pair), pair.entry.name)

    def _lacks_room(self, pair: Pair) -> bool:
        """Return whether the temporary name of a storage is somebody's, or its own, already."""
        return temporary(pair.live.name, pair.live.id) in self._in_use

    def _one_of_each_circle(self) -> frozenset[str]:
        """Choose, of each circle of renames, the storage that steps aside: first by new name.

        One that is known by its id, as a crash would leave it without the name by which an entry
        knows it; and one that has a temporary name to step aside to, if there is any.
        """
        chosen, seen = set(), set()
        for start in self._renames.values():
            path: list[Pair] = []
            at: Pair | None = start
            while at is not None and at.live.id not in seen:
                seen.add(at.live.id)
                path.append(at)
                at = self._renames.get(self._holder.get(at.entry.name, ""))
            if at is not None and any(pair is at for pair in path):
                circle = path[next(i for i, pair in enumerate(path) if pair is at) :]
                chosen.add(min(circle, key=self._aptness).live.id)
        return frozenset(chosen)


def _no_room(pair: Pair) -> Notice:
    name, aside = pair.live.name, temporary(pair.live.name, pair.live.id)
    return Notice(
        "name_taken",
        pair.entry.name,
        f"to give {quoted(pair.entry.name)} to {quoted(name)}, in a circle of renames, the name "
        f"{quoted(aside)} is needed for a moment, and it is in use: free it first, in an apply of "
        "its own",
    )


def _remove(removal: Removal, holds_files: bool) -> Operation:
    live = removal.live
    steps = remove_steps(key_of(REMOVE, live.name))
    why = _why_removed(removal.consent)
    return derived(
        REMOVE, _values(live), None, steps, id=live.id, holds_files=holds_files, reason=why
    )


def _why_removed(consent: Removed | None) -> str:
    if consent is None:
        return "not declared, and `policy.undeclared` is `remove`"
    return "named by `--allow-remove`" if consent.file == ALLOW_REMOVE else "named in `removed:`"


def _update(pair: Pair, names: _Names, *, atomic_update: bool) -> Operation:
    entry, live = pair.entry, pair.live
    label = live.label if entry.label is None else entry.label
    before = _values(live)
    after = Values(entry.name, label, live.type, live.default_url)
    key = key_of(UPDATE, entry.name)
    freeing = names.freed_by(entry.name) if pair.renames else None
    aside = temporary(live.name, live.id) if live.id in names.moved_aside else None
    calls = update_calls(before, after, aside=aside, atomic=atomic_update)
    return derived(
        UPDATE,
        before,
        after,
        update_steps(key, calls, freeing),
        id=live.id,
        after_operations=names.done_before(freeing),
        reason=f"matched by `{pair.how}`",
    )


def _create(entry: Entry, names: _Names, gone: ByLocation[Storage]) -> Operation:
    freeing = names.freed_by(entry.name)
    waits = {key_of(REMOVE, storage.name) for storage in gone.at(entry)}
    waits |= {freeing} if freeing else set()
    label = entry.name if entry.label is None else entry.label
    return derived(
        CREATE,
        None,
        Values(entry.name, label, entry.type, entry.default_url, entry.region, entry.bucket),
        create_steps(key_of(CREATE, entry.name), entry.name, waits),
        after_operations=tuple(sorted(waits)),
        reason="declared, but not live",
    )


def _values(live: Storage) -> Values:
    return Values(live.name, live.label, live.type, live.default_url)


def reachable(operations: Iterable[Operation], start: Iterable[str]) -> set[str]:
    """Return the keys in `start` and of all operations that those wait for, however far away."""
    by_key = {operation.key: operation for operation in operations}
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += [operation_of(dep) for s in by_key[key].steps for dep in s.after_steps]
    return seen
