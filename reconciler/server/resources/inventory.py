"""`/v1/storages/{id}/inventory`: rows as NDJSON, in and out, of any length in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice, starmap
from operator import attrgetter

import msgspec
from msgspec import Struct

from reconciler.platform import InventoryRow
from reconciler.server.calls.conditions import is_known, tag_of, terms_of
from reconciler.server.calls.problems import Problem, malformed
from reconciler.server.calls.request import NDJSON, Answer, Request, json_answer, not_modified
from reconciler.server.resources.storages import listed
from reconciler.server.store.store import Store

#: A line that comes in is at most this long, in bytes.
LONGEST_LINE = 64 * 1024
#: So many ordinary rows make about 64 KiB.
_ROWS_A_CHUNK = 400


class FileRecord(Struct, gc=False, forbid_unknown_fields=True):
    """One file that a storage holds."""

    upload_id: str
    checksum: str
    checksum_on_disk: str


_DECODER = msgspec.json.Decoder(FileRecord)
_ENCODER = msgspec.json.Encoder()
_ROW = attrgetter("upload_id", "checksum", "checksum_on_disk")


class InventoryResource:
    """The inventories of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, request: Request) -> Answer:
        """Return the rows, of one snapshot, by upload id."""
        request.query()
        with ExitStack() as stack:
            inventory = stack.enter_context(self._store.inventory(request.id()))
            tag = str(inventory.revision)
            if is_known(request, tag):
                return not_modified(tag)
            told = (("ETag", f'"{tag}"'), ("Inventory-Rows", str(inventory.files)))
            lines = _encoded(inventory.rows)
            close = stack.pop_all().close
            return Answer(200, media_type=NDJSON, headers=told, lines=lines, close=close)

    def record(self, request: Request) -> Answer:
        """Add rows, all of them or none."""
        request.query()
        id = request.id()
        terms = terms_of(request, self._store, id)
        row = self._store.record(id, terms, read_rows(request.chunks))
        return json_answer(listed(row), ETag=f'"{tag_of(row)}"')


def _encoded(rows: Iterator[InventoryRow]) -> Iterator[bytes]:
    while batch := [*starmap(FileRecord, islice(rows, _ROWS_A_CHUNK))]:
        yield _ENCODER.encode_lines(batch)


def read_rows(chunks: Iterable[bytes]) -> Iterator[InventoryRow]:
    """Read NDJSON that comes in pieces cut anywhere; raises `Problem` at what is none."""
    rest, lines = b"", 0
    for chunk in chunks:
        whole, newline, tail = chunk.rpartition(b"\n")
        if newline:
            found = _lines(rest + whole + newline, lines)
            lines += len(found)
            rest = b""
            yield from map(_ROW, found)
        rest += tail
        _check_length(len(rest), lines)
    yield from map(_ROW, _lines(rest, lines))


def _lines(block: bytes, before: int) -> list[FileRecord]:
    """Read a block of whole lines, quickly where each line holds one row and no more."""
    if len(block) > LONGEST_LINE:
        _check_length(max(map(len, block.split(b"\n"))), before)
    try:
        found = _DECODER.decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [*_one_by_one(block, before)]  # which says where
    return found if len(found) == block.count(b"\n") else [*_one_by_one(block, before)]


def _one_by_one(block: bytes, before: int) -> Iterator[FileRecord]:
    """Read a block with empty lines, without a newline at its end, or with something wrong."""
    for number, line in enumerate(block.split(b"\n"), before + 1):
        if line.strip():
            try:
                yield _DECODER.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise malformed(f"row {number} is not what is expected here: {error}") from None


def _check_length(length: int, before: int) -> None:
    if length > LONGEST_LINE:
        raise Problem(
            "too-large",
            f"a line after row {before} is longer than {LONGEST_LINE} bytes",
        )
