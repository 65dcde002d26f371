"""The storages of a snapshot as a manifest declares them, and which live ones they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.location import location, same_place
from reconciler.model import Desired, Entry, Policy, State, Storage, unmanaged_because
from reconciler.recovery.matching import Sign, pairs, sign_of
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
    """Find the live storages, by the rule of `matching.pairs`.

    What no manifest can express is none of them. A storage is looked for where it is to lie now.
    """
    live = [each for each in state.storages if unmanaged_because(each) is None]
    ours = [
        Sign(o.storage.id, o.entry.name, location(o.entry.type, o.entry.default_url))
        for o in wanted
    ]
    paired = pairs(ours, list(map(sign_of, live)), same_platform=same_platform)
    ids = [one.storage.id for one in wanted]
    return Found(
        {ids[one]: live[other] for one, other in paired.found.items()},
        frozenset(ids[one] for one in paired.by_name),
    )


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
