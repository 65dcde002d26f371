"""Reading many small files: a bucket answers dozens at once as quickly as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from reconciler.recovery.repository.contract import Repository

#: What is wrong with a file that is listed, and of which a read says that there is none.
GHOST = (
    "it is listed, and there is nothing when it is read: look whether all of the repository is "
    "there, and whether the server answers for it"
)
#: How many are read at once, and how many wait in memory to be taken.
_THREADS, _WAITING = 16, 64


def read_many(repository: Repository, names: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each file with its content, in the order given; None for one that is not there.

    Raises `RepositoryError`.
    """
    left = iter(names)
    with ThreadPoolExecutor(_THREADS, "read") as pool:
        while some := list(islice(left, _WAITING)):
            yield from zip(some, pool.map(repository.read, some), strict=True)


def read_listed(repository: Repository, names: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each file of a listing with its content; what was removed since is left out.

    None for one that is still listed (`GHOST`): it is not gone, and can't be read. Raises
    `RepositoryError`.
    """
    for name, data in read_many(repository, names):
        if data is not None or is_listed(repository, name):
            yield name, data


def is_listed(repository: Repository, name: str) -> bool:
    """Return whether a file is listed, which a read may have told otherwise.

    Raises `RepositoryError`.
    """
    return name in repository.names(name)
