"""The protocol that every platform speaks: a reader, a writer, and what it is able to do.

A platform answers small questions and makes single calls. It never diffs, plans or retries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from reconciler.model import State, Storage
from reconciler.plan.document import Values

#: One file that a storage holds: `(upload_id, checksum, checksum_on_disk)`, checksums opaque.
InventoryRow = tuple[str, str, str]


class Abilities(Struct, frozen=True):
    """What a platform is able to do. It is declared, never found out by trying."""

    #: A write can carry the condition that live is still as it was read.
    conditional_write: bool = False
    #: Name and label change in one call; otherwise each is a step of its own.
    atomic_update: bool = True
    #: Knows which spaces use a storage.
    spaces: bool = False
    #: Inventories can be written.
    record_inventory: bool = False
    #: How many calls it takes at once; None for as many as the user likes.
    parallelism: int | None = None


class Reader(Protocol):
    """All that planning may see of a platform: it has no way to write.

    Every method raises `PlatformError` when the answer is not certain and whole.
    """

    @property
    def abilities(self) -> Abilities:
        """What the platform is able to do."""

    def identity(self) -> str:
        """Give the id that `read().platform_id` gives, without reading the storages."""

    def read(self) -> State:
        """Read all storages at one moment, sorted by nothing in particular."""

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        """Read, afresh, the storages that have this id or this name (at most two)."""

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        """Yield the files that a storage holds, lazily; nothing for a storage without files."""

    def spaces_using(self, id: str) -> tuple[str, ...]:
        """Name the spaces that use a storage; empty where the platform has no `spaces` ability."""

    def close(self) -> None:
        """Let go of connections. The reader can't be used after."""


class Writer(Reader, Protocol):
    """What the executor, and nobody else, is given.

    A write whose condition no longer holds raises `ConflictError` and changes nothing.
    """

    def create(self, values: Values) -> Storage:
        """Create a storage; `ConflictError` if the name is taken, `ValueError` never."""

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, label or both (None: leave it) of the storage last read as `expected`."""

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        """Remove the record of the storage last read as `expected`.

        Unless `holds_files`, a storage that holds files is refused with `ConflictError`.
        """

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        """Add files to an inventory, all of them or none; a known upload id is replaced."""


class Platform(Protocol):
    """An address that has been understood; opening it is another matter."""

    @property
    def address(self) -> str:
        """The full address, fit to be printed: no secret in it."""

    def reader(self) -> Reader:
        """Open for reading; writes nothing, creates nothing."""

    def writer(self, *, wait: float) -> Writer:
        """Open for writing; `wait` is how many seconds to wait for other writers."""
