"""The storages of a snapshot as a manifest declares them, and which live ones they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.location import location, same_place
from reconciler.model import Desired, Entry, Policy, State, Storage, unmanaged_because
from reconciler.recovery.snapshots.document import SnapshotStorage


class Wanted(Struct, frozen=True):
    """A storage that is to be there again, and the entry that declares it."""

    storage: SnapshotStorage
    #: Without pin and earlier names; where it is to lie now.
    entry: Entry


class Found(Struct, frozen=True):
    """What is live of what is wanted."""

    #: By the id that a storage has in the snapshot.
    live: Mapping[str, Storage]
    #: Those of them that are known by their name alone.
    by_name: frozenset[str]


def find(wanted: Sequence[Wanted], state: State, *, same_platform: bool) -> Found:
    """Find the live storages: by id on the same platform, by a single location, by name.

    Each is one storage's at most. What no manifest can express is none of them.
    """
    left = {each.id: each for each in state.storages if unmanaged_because(each) is None}
    found: dict[str, Storage] = {}

    def take(one: Wanted, live: Storage) -> None:
        found[one.storage.id] = left.pop(live.id)

    if same_platform:
        for one in wanted:
            live = left.get(one.storage.id)
            if live and (live.name == one.entry.name or same_place(one.entry, live)):
                take(one, live)
    for one, live in list(_alone(_rest(wanted, found), left.values())):
        take(one, live)
    names = {live.name: live for live in left.values()}
    by_name = []
    for one in _rest(wanted, found):
        if live := names.get(one.entry.name):
            take(one, live)
            by_name.append(one.storage.id)
    return Found(found, frozenset(by_name))


def desired(
    wanted: Iterable[Wanted], found: Found, *, protect: tuple[str, ...], keep_live: bool
) -> Desired:
    """Return what is to be planned: nothing is ever removed, what else is live is left alone.

    With `keep_live`, what is live stays as it is, whatever the snapshot says of it.
    """
    entries = []
    for one in wanted:
        live = found.live.get(one.storage.id)
        if live is None:
            entries.append(one.entry)
        elif keep_live:
            entries.append(Entry(live.name, live.type, live.default_url, id=live.id))
        else:
            # Names are matched with names by the plan itself, which tells of another location.
            pin = None if one.storage.id in found.by_name else live.id
            entries.append(replace(one.entry, id=pin))
    policy = Policy(undeclared="ignore", max_removals=0, protect=protect)
    return Desired(tuple(entries), policy=policy)


def is_as_wanted(one: Wanted, live: Storage) -> bool:
    """Return whether a live storage is what the snapshot has."""
    entry = one.entry
    return (live.name, live.label) == (entry.name, entry.label) and same_place(entry, live)


def _rest(wanted: Iterable[Wanted], found: Mapping[str, Storage]) -> list[Wanted]:
    return [one for one in wanted if one.storage.id not in found]


def _alone(
    wanted: Iterable[Wanted], storages: Iterable[Storage]
) -> Iterator[tuple[Wanted, Storage]]:
    """Yield pairs that lie at one place at which nothing else lies, on either side."""
    places: dict[str, tuple[list[Wanted], list[Storage]]] = defaultdict(lambda: ([], []))
    for one in wanted:
        places[location(one.entry.type, one.entry.default_url).place][0].append(one)
    for storage in storages:
        places[location(storage.type, storage.default_url).place][1].append(storage)
    for ours, theirs in places.values():
        if len(ours) == len(theirs) == 1 and same_place(ours[0].entry, theirs[0]):
            yield ours[0], theirs[0]
