"""A repository, opened by its address; made there where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.errors import RepositoryError
from reconciler.recovery.repository import MARKER, layout, marker, mistaken
from reconciler.recovery.repository.address import understand
from reconciler.recovery.repository.bucket import BucketRepository
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.folder import DRAFTS, FolderRepository
from reconciler.recovery.repository.leftovers import sweep

#: What may lie in a folder in which a repository is made: file systems put it there themselves.
_HARMLESS = frozenset({"lost+found", ".DS_Store", DRAFTS})


def open_repository(
    address: str,
    *,
    make: bool = False,
    existing: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> Repository:
    """Open the repository at a path, `file://…` or `s3://BUCKET/PREFIX`.

    With `make` one is made where nothing lies yet, of which `told` gets a line for people, with
    the name of one beside it that was probably meant. With `existing` none is made all the same:
    whoever only adds to one says so, where it may be a mount that is missing, or of a copy that
    was not restored whole. Raises `AddressError` if this is no address, `RepositoryError` if there
    is none, or what lies there is something else; with `existing` also if it knows of nothing.
    """
    where = understand(address)
    adds, make = make, make and not existing
    repository = (
        _in_folder(where, make=make) if isinstance(where, Path) else BucketRepository(where)
    )
    if adds and isinstance(where, Path):
        sweep(where / DRAFTS)
    if marker.read(repository) is not None:
        if existing and not _knows_anything(repository):
            raise mistaken.hollow(repository.address)
        return repository
    if isinstance(repository, BucketRepository):
        try:
            repository.refuse_unless_empty(make=make)
        except RepositoryError:
            # Another run may just have made one, as shards do that begin at the same moment.
            if marker.read(repository) is None:
                raise
            return repository
    if make and marker.write(repository):
        beside = mistaken.near(where) if isinstance(where, Path) else ""
        told(f"{repository.address} is a new repository, which knows of no earlier scan{beside}.")
    return repository


def _knows_anything(repository: Repository) -> bool:
    return any(next(repository.names(each), None) is not None for each in layout.KNOWLEDGE)


def _in_folder(folder: Path, *, make: bool) -> Repository:
    """Look at a folder; it is made, but none above it, which may be a mount that is missing."""
    try:
        if make and folder.parent.is_dir() and not folder.exists():
            _make(folder)
        if not (folder / MARKER).exists():
            there = folder.is_dir()
            names = sorted(path.name for path in folder.iterdir()) if there else []
            foreign = [name for name in names if name not in _HARMLESS]
            # By now another run may have made one, the marker first.
            is_made = bool(foreign) and (folder / MARKER).exists()
            if not is_made and (foreign or not (make and there)):
                raise mistaken.folder(folder, foreign)
    except OSError as error:
        raise mistaken.unreadable(folder, error) from None
    return FolderRepository(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise mistaken.unmakeable(folder, error) from None
