"""What a state server answers, as values; whatever else comes can't be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, starmap
from typing import TypeVar

import msgspec
from msgspec import Struct

from reconciler.errors import RefusedError
from reconciler.lease.contract import Holder, Lease
from reconciler.model import Storage
from reconciler.platform import InventoryRow

JSON, PROBLEM, NDJSON = "application/json", "application/problem+json", "application/x-ndjson"
#: Bytes. A request's JSON may have 64 KiB; no escaping makes more than six times that of it.
LONGEST_ANSWER = 1024 * 1024
#: Bytes. A server ends a page after some 8 MiB of text, which escaping makes six times as long at
#: most.
LONGEST_PAGE = 256 * 1024 * 1024
_T = TypeVar("_T")


class UntrustedError(Exception):
    """An answer is not what the contract says. Who made the call knows what that means for it."""


class Api(Struct, frozen=True):
    """The versions of the HTTP API that a server speaks."""

    oldest: int
    newest: int


class Speaks(Struct, frozen=True):
    """The part of an answer that every version has."""

    api: Api


class Introduction(Struct, frozen=True):
    """What a server tells of itself and of us."""

    platform_id: str
    account: str
    role: str
    version: str
    clock: str
    #: Of its last write. The audit of a server that does not say it is read from its beginning.
    revision: int = 0


class Page(Struct, frozen=True):
    """A part of the list. The storages are left encoded, so that `next` is known at once."""

    storages: msgspec.Raw
    next: str | None
    revision: int


class Matches(Struct, frozen=True):
    """The storages that have the name asked for."""

    storages: tuple[Storage, ...]


class LeaseAnswer(Struct, frozen=True):
    """A lease, as the server writes it."""

    fence: int
    owner: str
    acquired_at: str
    expires_at: str
    host: str = ""
    job_url: str = ""
    reason: str = ""

    def lease(self) -> Lease:
        """Return it in our own form."""
        holder = Holder(self.owner, self.host, self.job_url, self.reason)
        return Lease(self.fence, holder, self.acquired_at, self.expires_at)


class Problem(Struct, frozen=True):
    """An error, as RFC 9457 has it, with our own members."""

    type: str = ""
    status: int = 0
    code: str = ""
    detail: str = ""
    #: Who holds the lease, for `locked`.
    lease: LeaseAnswer | None = None
    #: For `unsupported-api`.
    api: Api | None = None


class Row(Struct, frozen=True, gc=False):
    """One line of an inventory."""

    upload_id: str
    checksum: str
    checksum_on_disk: str


_STORAGES = msgspec.json.Decoder(list[Storage])
_ROWS = msgspec.json.Decoder(Row)
_ENCODER = msgspec.json.Encoder()
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
#: How many rows go into one chunk of a request.
_AT_ONCE = 500


def decode(body: bytes, type: type[_T]) -> _T:
    """Read an answer; raises `UntrustedError` for one of another shape."""
    try:
        return msgspec.json.decode(body, type=type)
    except _BROKEN:
        raise UntrustedError("its answer is not what the state server's contract says") from None


def decode_storages(body: msgspec.Raw) -> list[Storage]:
    """Read the storages of a page, straight into the values that everything else works with."""
    try:
        storages = _STORAGES.decode(body)
    except _BROKEN:
        raise UntrustedError("its list is not what the state server's contract says") from None
    for storage in storages:
        use_default_url(storage)
    return storages


def use_default_url(storage: Storage) -> Storage:
    """Fill in the URL in use, which a server can't know: it is the default one.

    On a value that nobody else has seen yet; a copy of each would cost as much as decoding.
    """
    msgspec.structs.force_setattr(storage, "url", storage.default_url)
    return storage


def encode(value: object) -> bytes:
    """Write a request's body; raises `RefusedError` for text that is not Unicode."""
    return _written(_ENCODER.encode, value)


def decode_rows(chunks: Iterable[bytes]) -> Iterator[list[Row]]:
    """Read the lines of an inventory as they come in, many at a time."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > LONGEST_ANSWER:
                raise UntrustedError("its inventory has a line without an end")
            continue
        lines, rest = rest + chunk[:cut], chunk[cut:]
        try:
            rows = _ROWS.decode_lines(lines)
        except _BROKEN:
            raise UntrustedError("its inventory has a line that is none") from None
        yield rows
    if rest:
        raise UntrustedError("its inventory ends within a line")


def encode_rows(rows: Iterable[InventoryRow]) -> Iterator[bytes]:
    """Write the lines of an inventory as they are sent, in constant memory."""
    lines = starmap(Row, rows)
    while batch := list(islice(lines, _AT_ONCE)):
        yield _written(_ENCODER.encode_lines, batch)


def _written(encoded: Callable[[_T], bytes], value: _T) -> bytes:
    try:
        return encoded(value)
    except UnicodeEncodeError:
        raise RefusedError(
            "a platform can't hold text that is not valid Unicode: correct the text"
        ) from None
