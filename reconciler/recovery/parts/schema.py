"""What stands in a part: its columns, how each is encoded, and by what a part is known as ours."""

from __future__ import annotations

import pyarrow as pa

#: Texts of which there are few, read as references to them: a third of what reading costs is saved.
_WORD = pa.dictionary(pa.int32(), pa.string())

#: What a snapshot keeps of each file: the columns of `rows.Content`, sorted by `path`.
CONTENTS = pa.schema(
    [
        pa.field("path", pa.binary(), nullable=False),
        pa.field("kind", _WORD, nullable=False),
        pa.field("size", pa.int64()),
        pa.field("mtime_ns", pa.int64()),
        pa.field("sha256", pa.binary(32)),
        pa.field("proof", _WORD, nullable=False),
        pa.field("proved_at", pa.int64()),
        pa.field("version", pa.string()),
        pa.field("detail", pa.binary()),
    ]
)
#: What scans alone keep beside it, row by row.
STAMPS = pa.schema(
    [
        pa.field("ctime_ns", pa.int64()),
        # Some network and overlay file systems use all 64 bits.
        pa.field("inode", pa.uint64()),
        pa.field("tag", pa.binary()),
    ]
)
#: Both, side by side: how scans merge what they have finished.
SCANNED = pa.schema([*CONTENTS, *STAMPS])
#: Files that wait to be read in a scan: whose turn comes when, and the hash that each should have.
WAITING = pa.schema([*SCANNED, pa.field("turn", pa.int64()), pa.field("known", pa.binary(32))])
#: What a platform tells of a storage's files, sorted by `upload_id`. Bytes, because its texts may
#: hold lone surrogates.
INVENTORY = pa.schema(
    [
        pa.field("upload_id", pa.binary(), nullable=False),
        pa.field("checksum", pa.binary(), nullable=False),
        pa.field("checksum_on_disk", pa.binary(), nullable=False),
    ]
)

#: Under which word the footer of a part says what it holds, and of which format.
MARK = b"reconciler"
#: Goes up when an earlier program could not read what is written; every earlier one is read.
FORMAT_VERSION = 1
_NAMES = (
    (CONTENTS, "contents"),
    (STAMPS, "stamps"),
    (SCANNED, "scanned"),
    (WAITING, "waiting"),
    (INVENTORY, "inventory"),
)
_ENCODINGS = {
    "path": "DELTA_BYTE_ARRAY",
    "upload_id": "DELTA_BYTE_ARRAY",
    "checksum": "DELTA_BYTE_ARRAY",
    "checksum_on_disk": "DELTA_BYTE_ARRAY",
    "sha256": "PLAIN",
    "size": "DELTA_BINARY_PACKED",
    "mtime_ns": "DELTA_BINARY_PACKED",
    "proved_at": "DELTA_BINARY_PACKED",
    "ctime_ns": "DELTA_BINARY_PACKED",
    "inode": "DELTA_BINARY_PACKED",
    "version": "PLAIN",
    "detail": "PLAIN",
    "tag": "PLAIN",
}


def name(schema: pa.Schema) -> str:
    """Return what a part with this schema is called, such as `contents`."""
    return next(known for of, known in _NAMES if of.equals(schema))


def mark(schema: pa.Schema) -> bytes:
    """Return what a part with this schema says of itself under `MARK`: `contents 1`."""
    return f"{name(schema)} {FORMAT_VERSION}".encode()


def key(schema: pa.Schema) -> str | None:
    """Return the column by which a part is sorted, and in which nothing stands twice."""
    first: str = schema.names[0]
    return first if first in {"path", "upload_id"} else None


def words(schema: pa.Schema) -> list[str]:
    """Return the columns that hold few values, which a file has once for each group."""
    return [field.name for field in schema if field.type.equals(_WORD)]


def plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema of what is written: texts as texts.

    How references are numbered depends on how the rows came, and a file must not.
    """
    return pa.schema(
        pa.field(f.name, pa.string(), f.nullable) if f.type.equals(_WORD) else f for f in schema
    )


def encodings(schema: pa.Schema) -> dict[str, str]:
    """Return the encoding of each column that has no dictionary."""
    return {column: _ENCODINGS[column] for column in schema.names if column in _ENCODINGS}


def compressions(schema: pa.Schema) -> dict[str, str]:
    """Return the compression of each column; hashes can't be made smaller."""
    return {column: "none" if column == "sha256" else "zstd" for column in schema.names}


def texts(schema: pa.Schema) -> list[str]:
    """Return the columns of which a single row may hold kilobytes."""
    long = (field.name for field in schema if pa.types.is_binary(field.type))
    return list(long)
