"""Which storage of a platform, or of another snapshot, is the one that a snapshot means.

One rule for rebuild, verify and snapshots (docs/decisions/0017-rebuild.md), on plain values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.location import Location, location
from reconciler.model import Storage, unmanaged_because


class Sign(Struct, frozen=True):
    """By what a storage is known."""

    id: str
    name: str
    #: None: no manifest can express it, and nobody can say where it lies.
    where: Location | None


class Pairs(Struct, frozen=True):
    """Which of ours is which of theirs, by their numbers in the order given."""

    found: Mapping[int, int]
    #: Those of ours that are known by their name alone.
    by_name: frozenset[int]


def sign_of(live: Storage) -> Sign:
    """Return by what a live storage is known."""
    is_managed = unmanaged_because(live) is None
    return Sign(live.id, live.name, location(live.type, live.default_url) if is_managed else None)


def pairs(ours: Sequence[Sign], theirs: Sequence[Sign], *, same_platform: bool) -> Pairs:
    """Find which is which: by id on the same platform, by a single location, by name.

    Each is another one's at most. An id says nothing where the name and the location are others;
    a location says nothing where more than one lies, on either side.
    """
    found: dict[int, int] = {}
    left = dict(enumerate(theirs))

    def take(one: int, other: int) -> None:
        found[one] = other
        del left[other]

    def rest() -> list[tuple[int, Sign]]:
        return [(number, one) for number, one in enumerate(ours) if number not in found]

    if same_platform:
        ids = {other.id: number for number, other in left.items()}
        for number, one in rest():
            at = ids.get(one.id)
            if at is not None and at in left and _may_be(one, theirs[at]):
                take(number, at)
    for number, at in list(_alone(rest(), list(left.items()))):
        take(number, at)
    names = {other.name: at for at, other in reversed(left.items())}
    by_name = []
    for number, one in rest():
        at = names.get(one.name)
        if at is not None and at in left:
            take(number, at)
            by_name.append(number)
    return Pairs(found, frozenset(by_name))


def _may_be(one: Sign, other: Sign) -> bool:
    """Return whether two that have one id are one storage."""
    if one.name == other.name or one.where is None or other.where is None:
        return True
    return one.where.same(other.where)


def _alone(
    ours: Sequence[tuple[int, Sign]], theirs: Sequence[tuple[int, Sign]]
) -> Iterator[tuple[int, int]]:
    """Yield pairs that lie at one place at which nothing else lies, on either side."""
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    wheres: dict[tuple[int, int], Location] = {}
    for side, signs in enumerate((ours, theirs)):
        for number, sign in signs:
            if sign.where is not None:
                places[sign.where.place][side].append(number)
                wheres[side, number] = sign.where
    for mine, other in places.values():
        if len(mine) == len(other) == 1 and wheres[0, mine[0]].same(wheres[1, other[0]]):
            yield mine[0], other[0]
