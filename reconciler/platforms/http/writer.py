"""A state server, opened for writing: every write carries the condition that it relies on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from reconciler.lease.contract import Lease
from reconciler.model import Storage, Values
from reconciler.platform import InventoryRow
from reconciler.platforms import conflicts
from reconciler.platforms.http.answers import JSON, NDJSON, encode, encode_rows, use_default_url
from reconciler.platforms.http.call import Call
from reconciler.platforms.http.reader import HttpReader, storage_path

if TYPE_CHECKING:
    from reconciler.platforms.http.connection import Answer, Connection

#: What of a run's origin goes into which header; the server's audit keeps it.
ORIGIN_HEADERS = {
    "run": "Reconciler-Run",
    "actor": "Reconciler-Actor",
    "commit": "Reconciler-Commit",
    "job_url": "Reconciler-Job-Url",
}
_LONGEST_ORIGIN = 1024
#: How often a write is tried again on a storage of which only the inventory changed.
_TRIES = 5
#: Codes of refusals that say which condition of a write no longer holds.
_CONDITIONS = ("changed", "not-found", "name-taken", "holds-files")


class HttpWriter(HttpReader):
    """Reads and writes, from any thread."""

    def __init__(
        self,
        connection: Connection,
        lease: Lease | None = None,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        """Write under a lease, if there is one.

        `origin` says where the run comes from, for the server's audit: `ORIGIN_HEADERS` has its
        keys.
        """
        super().__init__(connection)
        self._headers = _headers(lease, origin or {})
        #: What was last read of a storage, by id, and the mark of just that.
        self._marks: dict[str, tuple[Storage, str]] = {}

    def create(self, values: Values, *, key: str | None = None) -> Storage:
        """Create a storage; raises `ConflictError` if the name is taken.

        Repeated with the same key, it gives the storage that the first call made.
        """
        new = {field: getattr(values, field) for field in conflicts.CONDITION}
        headers = (
            ("Content-Type", JSON),
            ("Idempotency-Key", secrets.token_hex(16) if key is None else key),
        )
        answer = self._write("POST", "/v1/storages", headers, encode(new), ("name-taken",))
        if answer.code:
            raise conflicts.name_taken(values.name)
        made = use_default_url(answer.read(Storage))
        if not conflicts.same(values, made):
            raise answer.untrusted("it answers with another storage than the one to be created")
        return made

    def update(self, expected: Storage, *, name: str | None, label: str | None) -> Storage:
        """Change name, label or both, in one write that carries the condition."""
        if name is None and label is None:
            return self._as_expected(expected)[0]
        asked = {"name": name, "label": label}
        changes = {field: text for field, text in asked.items() if text is not None}
        wanted, body = replace(expected, **changes), encode(changes)

        def patch(etag: str) -> Answer:
            headers = (("Content-Type", JSON), ("If-Match", etag))
            return self._write("PATCH", storage_path(expected.id), headers, body, _CONDITIONS)

        answer = self._conditionally(expected, patch)
        if answer.code:
            raise conflicts.name_taken(wanted.name)
        found = use_default_url(answer.read(Storage))
        if found.id != wanted.id or not conflicts.same(wanted, found):
            raise answer.untrusted("it answers with other values than those to be written")
        self._seen(found, answer)
        return found

    def remove(self, expected: Storage, *, holds_files: bool) -> None:
        path = f"{storage_path(expected.id)}?holds_files={'true' if holds_files else 'false'}"

        def delete(etag: str) -> Answer:
            return self._write("DELETE", path, (("If-Match", etag),), None, _CONDITIONS)

        if self._conditionally(expected, delete).code:
            raise conflicts.holds_files(expected)

    def record_inventory(self, id: str, rows: Iterable[InventoryRow]) -> None:
        """Add files to a storage, in constant memory; `ConflictError` if there is no such storage.

        Whatever `rows` raises ends the request before its end, so that nothing is recorded.
        """
        if not self.find(id=id):
            raise conflicts.no_such_id(id)
        call = Call(
            "POST",
            f"{storage_path(id)}/inventory",
            writes=True,
            headers=(*self._headers, ("Content-Type", NDJSON)),
            content=encode_rows(rows),
            handles=("not-found",),
            is_work=True,
        )
        answer = self._connection.ask(call)
        if answer.code:
            raise conflicts.no_such_id(id)

    def _seen(self, storage: Storage, answer: Answer) -> None:
        self._marks[storage.id] = storage, answer.etag()

    def _conditionally(self, expected: Storage, write: Callable[[str], Answer]) -> Answer:
        """Write on the condition that a storage still has the values of `expected`.

        The server's condition covers the inventory too, ours does not: if only that changed,
        the write is tried again.
        """
        known = self._marks.pop(expected.id, None)
        refused = ""
        for _ in range(_TRIES):
            if known is None or not conflicts.same(expected, known[0]):
                known = self._as_expected(expected)
            mark = known[1]
            if mark == refused:
                raise self._connection.words.changes_marks(mark)
            answer = write(mark)
            if answer.code == "not-found":
                raise conflicts.changed(expected, None)
            if answer.code != "changed":
                return answer
            known, refused = None, mark
        raise conflicts.changed(expected, expected)

    def _as_expected(self, expected: Storage) -> tuple[Storage, str]:
        """Read a storage and its mark; raises `ConflictError` if it has other values by now."""
        live = self._get(expected.id)
        if live is None or not conflicts.same(expected, live):
            raise conflicts.changed(expected, live)
        return self._marks.pop(expected.id)

    def _write(
        self,
        method: str,
        path: str,
        headers: tuple[tuple[str, str], ...],
        content: bytes | None,
        handles: tuple[str, ...],
    ) -> Answer:
        call = Call(method, path, True, (*self._headers, *headers), content, handles)
        return self._connection.ask(call)


def _headers(lease: Lease | None, origin: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    fence = [("Reconciler-Fence", str(lease.fence))] if lease else []
    claims = [
        (header, _claim(text))
        for key, header in ORIGIN_HEADERS.items()
        if (text := origin.get(key))
    ]
    return (*fence, *claims)


def _claim(text: str) -> str:
    """Write a text as a header can carry it, cut to what the server takes."""
    claim = ""
    for char in text:
        encoded = quote(char, safe="", errors="replace")
        if len(claim) + len(encoded) > _LONGEST_ORIGIN:
            break
        claim += encoded
    return claim
