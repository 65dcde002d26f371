"""A repository, opened by its address; made there where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from reconciler.errors import RepositoryError
from reconciler.printable import listed, quoted
from reconciler.recovery.repository import layout, marker
from reconciler.recovery.repository.address import understand
from reconciler.recovery.repository.bucket import BucketRepository
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.folder import DRAFTS, FolderRepository
from reconciler.recovery.repository.leftovers import sweep

#: What may lie in a folder in which a repository is made: file systems put it there themselves.
_HARMLESS = frozenset({"lost+found", ".DS_Store", DRAFTS})


def open_repository(
    address: str, *, make: bool = False, told: Callable[[str], None] = lambda _: None
) -> Repository:
    """Open the repository at a path, `file://…` or `s3://BUCKET/PREFIX`.

    With `make` one is made where nothing lies yet, of which `told` gets a line for people. Raises
    `AddressError` if this is no address, `RepositoryError` if there is none, or what lies there is
    something else.
    """
    where = understand(address)
    if isinstance(where, Path):
        repository = _in_folder(where, make=make)
    else:
        repository = BucketRepository(where)
    if marker.read(repository) is None:
        if not make:
            raise _no_repository(repository.address)
        if foreign := next(repository.names(""), None):
            raise _foreign(repository.address, [foreign])
        if marker.write(repository):
            told(f"{repository.address} is a new repository.")
    return repository


def _in_folder(folder: Path, *, make: bool) -> Repository:
    """Look at a folder; it is made, but none above it, which may be a mount that is missing."""
    shown = quoted(str(folder))
    try:
        if make and folder.parent.is_dir() and not folder.exists():
            folder.mkdir(mode=0o700)
        if not folder.is_dir():
            raise _no_repository(shown)
        if not (folder / layout.MARKER).exists():
            foreign = sorted(p.name for p in folder.iterdir() if p.name not in _HARMLESS)
            if foreign and make:
                raise _foreign(shown, foreign)
    except OSError as error:
        raise RepositoryError(f"{shown} can't be read ({error.strerror})") from None
    if make:
        sweep(folder / DRAFTS)
    return FolderRepository(folder)


def _foreign(shown: str, names: Sequence[str]) -> RepositoryError:
    return RepositoryError(
        f"{shown} is no repository, and other files lie in it ({listed(names[:3])}): "
        "name an empty place, or one that does not exist yet"
    )


def _no_repository(shown: str) -> RepositoryError:
    return RepositoryError(
        f"there is no repository at {shown}: check the address, and whether it is mounted; "
        "`reconciler snapshot create` and `reconciler scan --into` make one in an empty place"
    )
