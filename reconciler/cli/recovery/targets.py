"""Which storages are read, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from reconciler.applying.apart import Lying
from reconciler.cli.recovery.relocating import moved
from reconciler.location import location
from reconciler.model import Storage
from reconciler.printable import quoted
from reconciler.recovery.values import Target


def targets_of(storages: Iterable[Storage], moves: Sequence[str]) -> tuple[list[Target], list[str]]:
    """Return what is read of these storages, sorted by name, and what is to be told of it.

    Several storages at one place are read once. `moves` are the values of `--relocate`: raises
    `UsageError` for one that is none, that moves nothing, or that moves two to one place.
    """
    found: dict[str, Target] = {}
    told = []
    for storage in sorted(storages, key=lambda storage: (storage.name, storage.id)):
        where = location(storage.type, storage.default_url)
        url = storage.url or storage.default_url  # a platform may know where it is mounted here
        target = Target(storage.id, storage.name, storage.type, where.place, url, where.region)
        first = found.setdefault(where.place, target)
        if first is not target:
            told.append(
                f"{quoted(target.name)} lies where {quoted(first.name)} does: it is read once"
            )
    return relocated(list(found.values()), moves), told


def relocated(targets: Sequence[Target], moves: Sequence[str]) -> list[Target]:
    """Return the targets with the addresses under which they are read here."""
    lying = [Lying(target.name, target.type, target.url) for target in targets]
    urls = moved(lying, moves, "storage that is to be read")
    return [replace(target, url=url) for target, url in zip(targets, urls, strict=True)]
