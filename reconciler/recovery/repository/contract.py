"""The protocol of a repository: named files, each whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Repository(Protocol):
    """Named files. Every method raises `RepositoryError`, in words for people.

    A name is made of parts joined by `/`: lower-case letters, digits, `-`, `.`; no `..`.
    What is written is there whole or not at all, and outlasts a power cut; mode 0600, folders 0700.
    """

    @property
    def address(self) -> str:
        """The address, fit to be printed."""

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, sorted; nothing if there is none."""

    def read(self, name: str) -> bytes | None:
        """Read a small file; None if there is none."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """Give a file of this machine with the content; a bucket's is fetched, and wiped after."""

    def write(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write a small file; False, and nothing is changed, if it is there and not to be replaced.

        Two writers of one new name: one of them is told True.
        """

    def add(self, name: str, file: Path) -> None:
        """Keep a file of this machine under a name that its content determines.

        Nothing is done if the name is there already.
        """

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens if there is none. Only `prune` and finished scans ask."""

    def close(self) -> None:
        """Let go of connections."""
