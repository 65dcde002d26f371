"""The protocol of a repository: named files, each whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct


class Entry(Struct, frozen=True):
    """A file of a repository, as it was listed."""

    name: str
    #: Bytes.
    size: int
    #: When it was written, in seconds since 1970, by the clock of whatever keeps it.
    modified: float
    #: Another one whenever the file was written anew; a bucket does not see that within the same
    #: second, and with the same content.
    stamp: str


class Repository(Protocol):
    """Named files. Every method raises `RepositoryError`, in words for people.

    A name is made of parts joined by `/`: lower-case letters, digits, `-`, `.`; no `..`. No name
    of a file is the folder of another. What is written is there whole or not at all, and outlasts
    a power cut; mode 0600, folders 0700.
    """

    @property
    def address(self) -> str:
        """The address, fit to be printed."""

    def lock(self) -> str:
        """Return the address of the lock that `prune` takes (`lease.opening.open_lock`).

        Whatever must be there for it is made.
        """

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, sorted; nothing if there is none."""

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield what is known of the files whose names begin with `prefix`, sorted by name."""

    def read(self, name: str) -> bytes | None:
        """Read a small file; None if there is none."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """Give a file of this machine with the content; a bucket's is fetched, and wiped after.

        Raises `SnapshotError` if there is none.
        """

    def workspace(self) -> AbstractContextManager[Path]:
        """Give a new, empty folder of this machine for files that `add` will keep; wiped after."""

    def write(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write a small file; False, and nothing is changed, if it is there and not to be replaced.

        Two writers of one new name: one of them is told True.
        """

    def add(self, name: str, file: Path, *, anew: bool = False) -> bool:
        """Keep a file of this machine under a name that its content determines.

        Nothing is done, and False comes, if the name is there already with as many bytes, unless
        `anew`: whether they are the same nobody has looked (`sound`).
        """

    def remove(self, name: str, *, stamp: str = "") -> bool:
        """Remove a file; False if there is none.

        Only `prune` asks for what is needed no more. Scans take back what they have left, and
        records of findings what they contain; that may fail, for others stay where nothing can be
        removed.

        With `stamp` it stays, and False comes, if it was written anew since it was listed.
        """

    def close(self) -> None:
        """Let go of connections."""
