"""A platform in memory: the same rules as the real ones, and faults wherever a test wants them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import ConflictError, PlatformError, RefusedError
from reconciler.lease.contract import Lease, Lock
from reconciler.masking import masked
from reconciler.model import TYPES, State, Storage, Values
from reconciler.platform import Abilities, About, InventoryRow, Lost
from reconciler.printable import quoted


class Call(Struct, frozen=True):
    """One call as it was made; `subject` is the name (or, for reads, the id) that it is about."""

    method: str
    subject: str = ""


Hook = Callable[[Call], None]
DEFAULT_ABILITIES = Abilities(conditional_write=True, record_inventory=True)
WRITES = frozenset({"create", "update", "remove", "record_inventory"})


def _nothing(call: Call) -> None:
    return None


class MemoryPlatform:
    """What several readers and writers share, and what a test may look at or change.

    `before` runs before a call has its effect and `after` once it has had it; either may raise,
    wait for something, or change the storages behind everybody's back.
    """

    def __init__(
        self,
        storages: Iterable[Storage] = (),
        *,
        abilities: Abilities = DEFAULT_ABILITIES,
        platform_id: str = "memory",
        account: str | None = None,
        complete: bool | None = True,
        files: Iterable[str] = (),
        spaces: Mapping[str, tuple[str, ...]] | None = None,
        address: str = "memory:///",
    ) -> None:
        self.address = address
        self.abilities = abilities
        self.platform_id = platform_id
        self.account = account
        self.complete = complete
        self.guard = threading.RLock()
        self.by_id = {storage.id: storage for storage in storages}
        self.files: dict[str, dict[str, InventoryRow]] = {
            id: {"upload": ("upload", "checksum", "checksum")} for id in files
        }
        self.spaces = dict(spaces or {})
        self.calls: list[Call] = []
        self.before: Hook = _nothing
        self.after: Hook = _nothing
        #: How many calls were under way at once, at most.
        self.most_at_once = 0
        self.at_once = 0
        self.created = 0
        #: The keys that came with creates, in order, and what the first create of each made.
        self.keys: list[str | None] = []
        self.keyed: dict[str, Storage] = {}

    def reader(self) -> MemoryReader:
        return MemoryReader(self)

    def writer(
        self, *, wait: float, lease: Lease | None = None, lost: Lost = lambda: None
    ) -> MemoryWriter:
        return MemoryWriter(self)

    def lock(self) -> Lock | None:
        return None

    def copy(self) -> MemoryPlatform:
        """Give another platform with the same storages, and nothing else in common."""
        twin = MemoryPlatform(
            self.by_id.values(),
            abilities=self.abilities,
            platform_id=self.platform_id,
            account=self.account,
            complete=self.complete,
            spaces=self.spaces,
            address=self.address,
        )
        twin.files = {id: dict(rows) for id, rows in self.files.items()}
        twin.created = self.created
        return twin

    @property
    def storages(self) -> tuple[Storage, ...]:
        return tuple(self.by_id.values())

    @property
    def by_name(self) -> dict[str, Storage]:
        return {storage.name: storage for storage in self.by_id.values()}

    @property
    def writes(self) -> list[Call]:
        """The writes that were asked for, in the order in which they began."""
        return [call for call in self.calls if call.method in WRITES]

    def put(self, storage: Storage) -> None:
        """Change or add a storage behind everybody's back."""
        with self.guard:
            self.by_id[storage.id] = storage

    def drop(self, id: str) -> None:
        """Remove a storage behind everybody's back."""
        with self.guard:
            del self.by_id[id]
            self.files.pop(id, None)

    @contextmanager
    def call(self, method: str, subject: str = "") -> Iterator[None]:
        call = Call(method, subject)
        with self.guard:
            self.calls.append(call)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.before(call)
            with self.guard:
                yield
            self.after(call)
        finally:
            with self.guard:
                self.at_once -= 1


class MemoryReader:
    """Reads; has no method that writes."""

    def __init__(self, platform: MemoryPlatform) -> None:
        self._platform = platform
        self.closed = False

    @property
    def abilities(self) -> Abilities:
        return self._platform.abilities

    def identity(self) -> str:
        return self._platform.platform_id

    def about(self) -> About:
        return About("memory", self._platform.account)

    def read(self) -> State:
        platform = self._platform
        with platform.call("read"):
            return State(
                platform.storages, platform.platform_id, platform.account, platform.complete
            )

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        with self._platform.call("find", id or name or ""):
            _check_unicode(id or "", name or "")
            return tuple(
                storage
                for storage in self._platform.storages
                if storage.id == id or storage.name == name
            )

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        with self._platform.call("inventory", id):
            _check_unicode(id)
            rows = list(self._platform.files.get(id, {}).values())
        yield from rows

    def spaces_using(self, id: str) -> tuple[str, ...]:
        with self._platform.call("spaces_using", id):
            return self._platform.spaces.get(id, ()) if self.abilities.spaces else ()

    def close(self) -> None:
        self.closed = True


class MemoryWriter(MemoryReader):
    """Writes, each write whole and under the conditions that the protocol names."""

    def create(self, values: Values, *, key: str | None = None) -> Storage:
        platform = self._platform
        platform.keys.append(key)
        with platform.call("create", values.name):
            if self.abilities.idempotency_key and key in platform.keyed:
                return platform.keyed[key]
            _must_hold(values.name, values.label, values.type, values.default_url)
            self._must_be_free(values.name, "")
            platform.created += 1
            made = Storage(
                id=f"created-{platform.created}",
                name=values.name,
                label=values.label,
                type=values.type,
                default_url=values.default_url,
                created_at="2026-01-01T00:00:00Z",
            )
            platform.by_id[made.id] = made
            if key is not None:
                platform.keyed[key] = made
        return made

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        assert self.abilities.atomic_update or name is None or label is None, "two changes at once"
        with self._platform.call("update", expected.name):
            live = self._as_expected(expected)
            changed = replace(
                live,
                name=live.name if name is None else name,
                label=live.label if label is None else label,
            )
            _must_hold(changed.name, changed.label, changed.type, changed.default_url)
            self._must_be_free(changed.name, live.id)
            self._platform.by_id[live.id] = changed
        return changed

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        platform = self._platform
        with platform.call("remove", expected.name):
            live = self._as_expected(expected)
            if platform.files.get(live.id) and not holds_files:
                raise ConflictError(f"{quoted(live.name)} holds files")
            platform.drop(live.id)

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        platform = self._platform
        new = {row[0]: row for row in rows}
        with platform.call("record_inventory", id):
            if id not in platform.by_id:
                raise ConflictError(f"{quoted(id)} is no longer there")
            if any("\ud800" <= char <= "\udfff" for row in new.values() for char in "".join(row)):
                raise PlatformError("an inventory row is not valid Unicode")
            platform.files.setdefault(id, {}).update(new)

    def _as_expected(self, expected: Storage) -> Storage:
        live = self._platform.by_id.get(expected.id)
        if live is None:
            raise ConflictError(f"{quoted(expected.name)} is no longer there")
        for field in ("name", "label", "type", "default_url"):
            found = getattr(live, field)
            if found != getattr(expected, field):
                shown = quoted(masked(found))
                raise ConflictError(f"{field} of {quoted(expected.name)} is now {shown}")
        return live

    def _must_be_free(self, name: str, id: str) -> None:
        holder = self._platform.by_name.get(name)
        if holder is not None and holder.id != id:
            raise ConflictError(f"the name {quoted(name)} is taken")


def _must_hold(name: str, label: str, type: str, default_url: str) -> None:
    whole = not any("\ud800" <= char <= "\udfff" for char in name + label + default_url)
    if not (name and default_url and type in TYPES and whole):
        raise RefusedError(f"a storage can't be named or lie like this: {quoted(name)}")


def _check_unicode(*texts: str) -> None:
    if any("\ud800" <= char <= "\udfff" for text in texts for char in text):
        raise PlatformError("text that is not valid Unicode can't be asked for")
