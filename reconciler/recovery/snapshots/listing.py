"""Which snapshots a repository holds, and the one that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import GHOST, is_listed, read_listed, read_many
from reconciler.recovery.snapshots import document, marks
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.snapshots.marks import Verified

_FILE = re.compile(rf"{layout.SNAPSHOTS}([^/]+)/snapshot\.json")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_ADVICE = "restore it from another copy of the repository"


class Damaged(Struct, frozen=True):
    """A snapshot whose `snapshot.json` can't be used, and why."""

    id: str
    reason: str


class Listed(Struct, frozen=True):
    """What lies in a repository, the oldest first."""

    kept: tuple[Kept, ...]
    damaged: tuple[Damaged, ...] = ()


class Overview(Struct, frozen=True):
    """All that is told of a repository's snapshots, the oldest first."""

    #: Fit to be printed.
    repository: str
    kept: tuple[Kept, ...]
    damaged: tuple[Damaged, ...]
    #: By snapshot id: when it was verified last.
    verified: dict[str, Verified]
    #: Where that can't be read: a sentence of each.
    notes: tuple[str, ...] = ()


def overview(repository: Repository) -> Overview:
    """Read all snapshots, and when each was verified last; raises `RepositoryError`."""
    found = listed(repository)
    names = {layout.verified(kept.snapshot.id): kept for kept in found.kept}
    verified, notes = {}, []
    for name, data in read_many(repository, names):
        try:
            if mark := marks.understood(repository, names[name], data):
                verified[names[name].snapshot.id] = mark
        except SnapshotError as error:
            notes.append(str(error))
    return Overview(repository.address, found.kept, found.damaged, verified, tuple(notes))


def ids(repository: Repository) -> list[str]:
    """Return the ids of all snapshots, the oldest first; raises `RepositoryError`."""
    found = map(_FILE.fullmatch, repository.names(layout.SNAPSHOTS))
    return [match[1] for match in found if match]


def listed(repository: Repository) -> Listed:
    """Read all snapshots, and say which are damaged; raises `RepositoryError`."""
    kept: list[Kept] = []
    damaged: list[Damaged] = []
    names = {layout.snapshot(id): id for id in ids(repository)}
    for name, data in read_listed(repository, names):
        try:
            kept.append(_understood(repository, names[name], data))
        except SnapshotError as error:
            damaged.append(Damaged(names[name], str(error)))
    return Listed(tuple(kept), tuple(damaged))


def read(repository: Repository, id: str) -> Kept | None:
    """Read the snapshot with this id; None if there is none.

    Raises `SnapshotError` if it is damaged, `RepositoryError` if it can't be read at all.
    """
    data = repository.read(layout.snapshot(id))
    if data is None and not is_listed(repository, layout.snapshot(id)):
        return None
    return _understood(repository, id, data)


def _understood(repository: Repository, id: str, data: bytes | None) -> Kept:
    try:
        if data is None:
            raise SnapshotError(GHOST)  # noqa: TRY301
        snapshot = document.decode(data)
        if snapshot.id != id:
            raise SnapshotError(f"it is that of snapshot {quoted(snapshot.id)}")  # noqa: TRY301
    except SnapshotError as error:
        where = f"{quoted(layout.snapshot(id))} in {repository.address}"
        raise SnapshotError(f"{where} can't be used: {error}; {_ADVICE}") from error
    return Kept(snapshot, document.digest_of(data))


def find_kept(repository: Repository, id: str | None = None) -> Kept:
    """Return the snapshot with an id, or the only one whose id begins so; without, the latest.

    The latest is the last complete one. Raises `SnapshotError` if there is none.
    """
    if id is not None:
        return _named(repository, id)
    if found := newest(repository, complete=True):
        return found
    named = in_shell(repository.address, f"@{latest(repository).snapshot.id}")
    raise SnapshotError(f"no snapshot in {repository.address} is complete: name one, as {named}")


def latest(repository: Repository) -> Kept:
    """Return the last snapshot, complete or not; raises `SnapshotError` if there is none."""
    if found := newest(repository, complete=False):
        return found
    raise SnapshotError(
        f"there is no snapshot in {repository.address}: "
        f"`reconciler snapshot create {in_shell(repository.address)}` makes one"
    )


def newest(repository: Repository, *, complete: bool) -> Kept | None:
    """Return the last snapshot, or the last complete one; None if there is none.

    Raises `SnapshotError` if a newer one is damaged.
    """
    found = (k for k in newest_first(repository) if k.snapshot.complete or not complete)
    try:
        return next(found, None)
    except SnapshotError as error:
        raise SnapshotError(f"{error}, {_until_then(repository)}") from error


def _until_then(repository: Repository) -> str:
    """Say which snapshot can be used while a newer one is damaged."""
    whole = [kept.snapshot.id for kept in listed(repository).kept if kept.snapshot.complete]
    if not whole:
        return "or make a new one: no other one is complete"
    named = in_shell(repository.address, f"@{whole[-1]}")
    return f"or name an earlier one: the last that is complete and whole is {named}"


def newest_first(repository: Repository) -> Iterator[Kept]:
    """Yield snapshots, the newest first; raises `SnapshotError` at one that is damaged."""
    for id in reversed(ids(repository)):
        if found := read(repository, id):
            yield found


def _named(repository: Repository, id: str) -> Kept:
    if _ID.fullmatch(id):
        there = ids(repository)
        chosen = [id] if id in there else [each for each in there if each.startswith(id)]
        if len(chosen) > 1:
            raise SnapshotError(f"{quoted(id)} is the beginning of several ids: {_told(chosen)}")
        if chosen and (found := read(repository, chosen[0])):
            return found
    raise SnapshotError(
        f"there is no snapshot {quoted(id)} in {repository.address}: see "
        f"`reconciler snapshot list {in_shell(repository.address)}`"
    )


def _told(chosen: Sequence[str]) -> str:
    return ", ".join(chosen[:5]) + (", …" if len(chosen) > 5 else "")
