"""The protocol that every platform speaks: a reader, a writer, and what it is able to do.

A platform answers small questions and makes single calls. It never diffs, plans or retries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

from msgspec import Struct

from reconciler.lease.contract import Lease, Lock
from reconciler.model import State, Storage, Values

#: One file that a storage holds: `(upload_id, checksum, checksum_on_disk)`, checksums opaque.
InventoryRow = tuple[str, str, str]


class Abilities(Struct, frozen=True):
    """What a platform is able to do. It is declared, never found out by trying."""

    #: Whether `read` lists every storage that there is; None where nobody can know.
    complete_list: bool | None = True
    #: Keeps a lease, and refuses writes under one that was superseded.
    lock: bool = False
    #: A create that is repeated with the same key gives the first one's storage.
    idempotency_key: bool = False
    #: A write can carry the condition that live is still as it was read.
    conditional_write: bool = False
    #: Refuses a create whose name is taken, also one that comes late; otherwise nobody knows.
    unique_names: bool = True
    #: Every call ends by itself within a time; otherwise it may never answer.
    bounded: bool = True
    #: Name and label change in one call; otherwise each is a step of its own.
    atomic_update: bool = True
    #: Knows which spaces use a storage.
    spaces: bool = False
    #: Inventories can be written.
    record_inventory: bool = False
    #: How many calls it takes at once; None for as many as the user likes.
    parallelism: int | None = None


class About(Struct, frozen=True):
    """What a platform tells of itself and of us, for `doctor`; empty or None: it can't say."""

    #: The software that answers, and its version.
    version: str = ""
    account: str | None = None
    role: str | None = None
    #: Whether this account may write.
    may_write: bool | None = None
    #: What time the platform has, RFC 3339; empty where it has no clock of its own.
    clock: str = ""


class Change(Struct, frozen=True):
    """One write, as a platform's own audit keeps it."""

    #: Grows with each write.
    revision: int
    #: RFC 3339, UTC, by the platform's clock.
    at: str
    #: Whom the platform took the writer for; the next four are claims of the writer.
    account: str
    run: str
    actor: str
    commit: str
    job_url: str
    #: create, update, remove, or something else that the platform keeps a record of; on a state
    #: server also record_inventory, lease_broken, token_created, token_revoked.
    action: str
    #: Empty where the change is not about a storage.
    storage_id: str
    #: The name of the storage (after an update: the new one) or of the token; else empty.
    name: str
    #: What was and what is, as far as there is anything to tell; never a secret. Of an update the
    #: fields that changed, of a create and a removal the whole storage, of record_inventory `files`
    #: (how many there are) and, after it, `recorded` (how many of them are new or different).
    before: dict[str, str | int] | None
    after: dict[str, str | int] | None


class Reader(Protocol):
    """All that planning may see of a platform: it has no way to write.

    Every method raises `PlatformError` when the answer is not certain and whole.
    """

    @property
    def abilities(self) -> Abilities:
        """What the platform is able to do."""

    def identity(self) -> str:
        """Return the id that `read().platform_id` gives, without reading the storages."""

    def about(self) -> About:
        """Return what answers, and what it takes us for, without reading the storages."""

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

    How a write that failed has ended is told by the error, once and for all:
    `ConflictError`: its condition no longer holds; `LeaseLostError`: our lease is gone;
    `UnavailableError`: not now, but the same call may be made again; `RefusedError`: the values
    can't be held; any other `PlatformError`: it failed for good. None of these has changed
    anything. `UnknownOutcomeError`: nobody knows.
    """

    def create(self, values: Values, *, key: str | None = None) -> Storage:
        """Create a storage; `ConflictError` if the name is taken, `ValueError` never.

        `key` is random and the same for every attempt at one create. Where the platform has the
        `idempotency_key` ability, repeating the call gives the storage that the first one made.
        """

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, label or both (None: leave it) of the storage last read as `expected`."""

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        """Remove the record of the storage last read as `expected`.

        Unless `holds_files`, a storage that holds files is refused with `ConflictError`.
        """

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        """Add files to an inventory, all of them or none; a known upload id is replaced."""


#: Says why nothing may be written any more; None while it may.
Lost = Callable[[], str | None]
#: Says how many seconds are left for everything; None without end.
Left = Callable[[], float | None]


def forever() -> None:
    """Be a `Left` without end."""


class Platform(Protocol):
    """An address that has been understood; opening it is another matter."""

    @property
    def address(self) -> str:
        """The full address, fit to be printed: no secret in it."""

    def reader(self) -> Reader:
        """Open for reading; writes nothing, creates nothing."""

    def writer(
        self, *, wait: float, lease: Lease | None = None, lost: Lost = lambda: None
    ) -> Writer:
        """Open for writing; `wait` is how many seconds to wait for other writers.

        With a lease, writes are refused once it was superseded. A platform that knows no leases
        asks `lost` just before each write why it must not be made any more.
        """

    def lock(self) -> Lock | None:
        """Open what keeps the platform's lease; None without the `lock` ability."""


@runtime_checkable
class Audited(Protocol):
    """A platform that keeps an audit; the others have none of this."""

    def changes(self, *, name: str | None, after: int = 0) -> Iterator[Change]:
        """Yield every write after a revision, oldest first.

        With `name`, those of what has or had this name.
        """

    def recent(self, writes: int) -> int:
        """Return a revision after which there are about so many writes; 0 if there are fewer."""
