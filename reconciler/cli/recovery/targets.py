"""Which storages are read, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from reconciler.errors import UsageError
from reconciler.location import location, sanitize_local_url
from reconciler.masking import quoted_url
from reconciler.model import Storage
from reconciler.printable import quoted
from reconciler.recovery.values import Target


def targets_of(storages: Iterable[Storage], moves: Sequence[str]) -> tuple[list[Target], list[str]]:
    """Return what is read of these storages, sorted by name, and what is to be told of it.

    Several storages at one place are read once. `moves` are the values of `--relocate`: raises
    `UsageError` for one that is none, or that moves nothing.
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
    pairs = [_pair(move) for move in moves]
    used: set[int] = set()
    moved = []
    for target in targets:
        # The longest that fits: what is said of a folder says more than what is said above it.
        fits = [i for i, (start, _) in enumerate(pairs) if _below(target.url, start) is not None]
        best = max(fits, key=lambda i: len(pairs[i][0]), default=None)
        if best is None:
            moved.append(target)
            continue
        used.update(fits)
        start, end = pairs[best]
        rest = _below(target.url, start) or ""
        moved.append(replace(target, url=end.rstrip("/") + rest if rest else end))
    for i, (start, _) in enumerate(pairs):
        if i not in used:
            raise UsageError(
                f"--relocate {quoted_url(start)}=…: no storage that is to be read lies there"
            )
    return moved


def _pair(move: str) -> tuple[str, str]:
    start, equals, end = move.partition("=")
    if not (start and equals and end):
        raise UsageError(
            f"--relocate {quoted(move)} is no FROM=TO: write the start of an address, an equals "
            "sign, and what takes its place"
        )
    return start, end


def _below(url: str, start: str) -> str | None:
    """Return what follows `start` in an address, beginning with `/`; None if it lies elsewhere."""
    if "://" not in start or start.startswith("file://"):
        url, start = sanitize_local_url(url), sanitize_local_url(start)
    start = start.rstrip("/")
    if url == start:
        return ""
    return url[len(start) :] if url.startswith(start + "/") else None
