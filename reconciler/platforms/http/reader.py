"""A state server, opened for reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.errors import PlatformError
from reconciler.model import State, Storage
from reconciler.platform import Abilities, About, InventoryRow
from reconciler.platforms.http.answers import (
    NDJSON,
    Matches,
    UntrustedError,
    decode_rows,
    use_default_url,
)
from reconciler.platforms.http.call import Call
from reconciler.platforms.http.pages import read_pages

if TYPE_CHECKING:
    from reconciler.platforms.http.connection import Answer, Connection

_ABILITIES = Abilities(
    lock=True, idempotency_key=True, conditional_write=True, record_inventory=True
)
_MAY_WRITE = ("operator", "admin")
#: How often the list is read again that changed while it was read.
_READINGS = 5
#: A server takes URLs of 8 KiB; what does not fit is looked for in the list.
_LONGEST_PATH = 7_000


class HttpReader:
    """Reads, and has no way to write."""

    abilities = _ABILITIES

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def identity(self) -> str:
        """Return the id that the server's database got when it was made."""
        return self._connection.introduce().platform_id

    def about(self) -> About:
        met = self._connection.introduce()
        return About(
            f"reconciler state server {met.version}",
            met.account,
            met.role,
            may_write=met.role in _MAY_WRITE,
            clock=met.clock,
        )

    def read(self) -> State:
        """Read all storages at one moment; again, if they change meanwhile."""
        for _ in range(_READINGS):
            met = self._connection.introduce()
            storages = read_pages(self._connection)
            if storages is not None:
                break
        else:
            what = "its storages change faster than they can be read: try again later"
            raise self._connection.words.unavailable(what)
        if len({storage.id for storage in storages}) != len(storages):
            what = "its list has two storages with one id"
            raise self._connection.words.untrusted(what, writes=False)
        return State(tuple(storages), met.platform_id, met.account)

    def find(self, *, id: str | None = None, name: str | None = None) -> tuple[Storage, ...]:
        """Read the storage that has this id, and the one that has this name."""
        found = {}
        if id is not None and (storage := self._get(id)):
            found[storage.id] = storage
        if name is not None:
            # What was read last counts, if a storage was found both ways and changed in between.
            found |= {storage.id: storage for storage in self._named(name)}
        return tuple(found.values())

    def inventory(self, id: str) -> Iterator[InventoryRow]:
        """Yield the files of a storage by upload id, as they were at one moment."""
        path = storage_path(id)
        if len(path) > _LONGEST_PATH:
            return
        call = Call("GET", f"{path}/inventory", handles=("not-found",), is_long=True)
        with self._connection.stream(call) as (answer, chunks):
            if answer.code:
                return
            try:
                yield from _counted(answer, chunks)
            except UntrustedError as error:
                raise answer.untrusted(str(error)) from None

    def spaces_using(self, id: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Name no spaces: a state server has none."""
        return ()

    def close(self) -> None:
        self._connection.close()

    def _get(self, id: str) -> Storage | None:
        path = storage_path(id)
        if len(path) > _LONGEST_PATH:
            return None  # the server's own ids are short
        answer = self._connection.ask(Call("GET", path, handles=("not-found",)))
        if answer.code:
            return None
        storage = use_default_url(answer.read(Storage))
        if storage.id != id:
            raise answer.untrusted("it answers with another storage than the one asked for")
        self._seen(storage, answer)
        return storage

    def _seen(self, storage: Storage, answer: Answer) -> None:
        """Take note of what was read of one storage; a writer relies on it."""

    def _named(self, name: str) -> tuple[Storage, ...]:
        path = f"/v1/storages?name={_quoted(name)}"
        if len(path) > _LONGEST_PATH:
            return tuple(storage for storage in self.read().storages if storage.name == name)
        answer = self._connection.ask(Call("GET", path))
        storages = answer.read(Matches).storages
        if any(storage.name != name for storage in storages) or len(storages) > 1:
            raise answer.untrusted("it answers with other storages than the one asked for")
        return tuple(map(use_default_url, storages))


def _counted(answer: Answer, chunks: Iterator[bytes]) -> Iterator[InventoryRow]:
    """Yield rows, and make sure at the end that they were all there."""
    answer.must_be(NDJSON)
    expected, count = answer.headers.get("Inventory-Rows", ""), 0
    for rows in decode_rows(chunks):
        count += len(rows)
        for row in rows:
            yield row.upload_id, row.checksum, row.checksum_on_disk
    if expected != str(count):
        raise UntrustedError(f"its inventory has {count:,} rows, and should have another number")


def storage_path(id: str) -> str:
    """Return the path of a storage; dots are encoded too, which could lead to another path."""
    return f"/v1/storages/{_quoted(id).replace('.', '%2E')}"


def _quoted(text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise PlatformError(
            "text that is not valid Unicode can't be asked for: correct the text"
        ) from None
