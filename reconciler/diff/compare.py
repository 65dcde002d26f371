"""What differs between desired and live, as typed and sorted values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from reconciler.diff.matching import Live, Matching, Pair, Removal
from reconciler.diff.scoping import reading_order
from reconciler.diff.temporary_names import resting
from reconciler.errors import MatchingError
from reconciler.location import same_place
from reconciler.model import Desired, Entry, Notice, Removed, Storage
from reconciler.names import Globs, Scope, lookalikes
from reconciler.printable import listed, quoted

_by_name = attrgetter("name")


class Diff(Struct, frozen=True):
    """Everything in which live and desired differ. Each field is sorted by name."""

    creates: tuple[Entry, ...]
    #: Name or label differ.
    updates: tuple[Pair, ...]
    #: Type or location differ, which no operation can change.
    moved: tuple[Pair, ...]
    #: How many are as declared.
    same: int
    #: In scope, and neither declared nor named in `removed:`.
    undeclared: tuple[Storage, ...]
    #: Undeclared storages that carry the temporary name of an apply that was cut off.
    interrupted: tuple[Storage, ...]
    removed: tuple[Removal, ...]
    #: Live storages, in scope, that a manifest can express.
    live_in_scope: int
    #: The name that each live storage has, in scope or not, managed or not.
    names: Mapping[str, str]
    #: Ids of the live storages that no manifest can express.
    unmanaged: frozenset[str]
    #: Live storages outside the scope; read only for warnings, never named.
    outside: tuple[Storage, ...]
    warnings: tuple[Notice, ...]


def compare(
    desired: Desired,
    storages: Sequence[Storage],
    *,
    scopes: Iterable[tuple[str, ...]] = (),
    ids: Mapping[str, str] | None = None,
) -> Diff:
    """Match `desired` with the live `storages` and say what differs.

    `scopes` narrow the manifest's own; `ids` is None where ids are those of this platform, else
    a translation (ids that it lacks are ignored). The order of neither input matters.
    Raises `MatchingError` with every problem.
    """
    scope = Scope.of(desired.policy.scope, scopes)
    live = Live(storages)
    matching = Matching(live, scope, ids)
    matching.match(desired.entries, desired.removed)
    if matching.problems:
        raise MatchingError(sorted(matching.problems, key=reading_order))
    updates, moved = _changed(matching.pairs)
    ours, outside = _unclaimed(live, scope, matching)
    undeclared = tuple(s for s in ours if resting(s.name, s.id) == s.name)
    return Diff(
        creates=tuple(sorted(matching.new, key=_by_name)),
        updates=updates,
        moved=moved,
        same=len(matching.pairs) - len(updates) - len(moved),
        undeclared=undeclared,
        interrupted=tuple(s for s in ours if resting(s.name, s.id) != s.name),
        removed=tuple(sorted(matching.consented, key=lambda c: c.live.name)),
        live_in_scope=len(matching.pairs) + len(ours) + len(matching.consented),
        names={storage.name: storage.id for storage in storages},
        unmanaged=frozenset(live.unmanaged),
        outside=outside,
        warnings=_warnings(desired, matching, live, scope, undeclared),
    )


def _changed(pairs: Sequence[Pair]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    updates, moved = [], []
    for pair in pairs:
        entry, live = pair.entry, pair.live
        if not same_place(entry, live):
            moved.append(pair)
        elif entry.name != live.name or entry.label not in (None, live.label):
            updates.append(pair)
    return (
        tuple(sorted(updates, key=lambda pair: pair.entry.name)),
        tuple(sorted(moved, key=lambda pair: pair.entry.name)),
    )


def _unclaimed(
    live: Live, scope: Scope, matching: Matching
) -> tuple[list[Storage], tuple[Storage, ...]]:
    """Return the storages in scope that nothing in the manifest names, and those out of scope."""
    known = matching.claims.keys() | {item.live.id for item in matching.consented}
    rest = [s for s in live.storages if s.id not in known and s.id not in live.unmanaged]
    ours: list[Storage] = []
    outside: list[Storage] = []
    for storage in sorted(rest, key=_by_name):
        held = scope.holds(resting(storage.name, storage.id))
        (ours if held else outside).append(storage)
    return ours, tuple(outside)


def _warnings(
    desired: Desired,
    matching: Matching,
    live: Live,
    scope: Scope,
    undeclared: Sequence[Storage],
) -> tuple[Notice, ...]:
    names = [entry.name for entry in desired.entries] + [storage.name for storage in undeclared]
    notices = [
        *_unmanaged(live, scope),
        *map(_gone, matching.gone),
        *near_duplicates(names),
        *_idle_globs(desired, live),
        *_ids_ignored(matching.ignored),
    ]
    return tuple(sorted(notices))


def _unmanaged(live: Live, scope: Scope) -> Iterator[Notice]:
    for id, because in live.unmanaged.items():
        name = live.by_id[id].name
        if scope.holds(name):
            told = f"{quoted(name)} can't be managed and is left alone: {because}"
            # What is no text (lone surrogates) no plan can hold, nor a program that reads one.
            text = name.encode("utf-8", "backslashreplace").decode()
            yield Notice("unmanaged", text, told)


def _gone(item: Removed) -> Notice:
    told = f"{quoted(item.name)} in `removed:` is no longer live: delete the entry"
    return Notice("removed_gone", item.name, told)


def _ids_ignored(items: Sequence[Entry | Removed]) -> Iterator[Notice]:
    if items:
        names = listed(sorted({item.name for item in items}))
        told = f"ids of another platform mean nothing here and are ignored: {names}. "
        yield Notice("ids_ignored", "", told + "`--ids MAP` translates them")


def _idle_globs(desired: Desired, live: Live) -> Iterator[Notice]:
    """Warn of what `protect` and `scope` say in vain: most often a slip of the keyboard."""
    policy = desired.policy
    if not policy.protect and policy.scope == ("*",):
        return
    names = {resting(storage.name, storage.id) for storage in live.storages}
    for item in desired.removed:
        names |= {item.name, resting(item.name, None)}
    names |= {name for entry in desired.entries for name in (entry.name, *entry.renamed_from)}
    for key, patterns in (("protect", policy.protect), ("scope", policy.scope)):
        idle = [pattern for pattern in Globs(patterns).idle(sorted(names)) if pattern != "*"]
        if idle:
            yield Notice(
                "idle_glob",
                "",
                f"in `policy.{key}`, {listed(idle)} means no storage, declared or live: mend it, "
                "or take it out",
            )


def near_duplicates(names: Iterable[str]) -> list[Notice]:
    """Warn of names that people can't tell apart."""
    return [
        Notice(
            "near_duplicate",
            group[0],
            f"these names are hard to tell apart: {listed(group, _spelled)}",
        )
        for group in lookalikes(names)
    ]


def _spelled(name: str) -> str:
    """Return a name so that characters which only look like others can be told from them."""
    if name.isascii():
        return quoted(name)
    return f"{quoted(name)} ({name.encode('unicode_escape', 'surrogatepass').decode('ascii')})"
