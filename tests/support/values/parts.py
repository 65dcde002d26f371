"""Rows of any content, and parts made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from hypothesis import strategies as st

from reconciler.recovery.parts import convert
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import CONTENT_COLUMNS, STAMP_COLUMNS, Content, Rows

paths = st.one_of(
    st.binary(max_size=12),
    # Long runs of what is common, and what order and names trip over.
    st.lists(
        st.sampled_from([b"a", b"a/", b"/", b"\n", b"\xff", b"e\xcc\x81", b"\xc3\xa9", b"plate/"]),
        max_size=6,
    ).map(b"".join),
)
_words = st.sampled_from(["file", "link", "unreadable", ""])
_int64 = st.integers(-(2**63), 2**63 - 1)
_maybe_bytes = st.none() | st.binary(max_size=5)
_columns = {
    "kind": _words,
    "size": st.none() | st.integers(0, 2**63 - 1),
    "mtime_ns": st.none() | _int64,
    "sha256": st.none() | st.binary(min_size=32, max_size=32),
    "proof": st.sampled_from(["read", "kept", "stored", ""]),
    "proved_at": st.none() | _int64,
    "version": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    "detail": _maybe_bytes,
    "ctime_ns": st.none() | _int64,
    "inode": st.none() | st.integers(0, 2**64 - 1),
    "tag": _maybe_bytes,
}


#: A row but for its path: often one of a few, which are quickly drawn and often equal.
_rows = st.one_of(
    st.sampled_from(
        [
            ("file", 1, 10, b"s" * 32, "read", 7, None, None, 11, 5, None),
            ("file", 1, 10, b"t" * 32, "kept", 6, None, None, 12, 5, None),
            ("file", 2, 10, b"s" * 32, "stored", 7, "v1", None, None, None, b"tag"),
            ("unreadable", None, None, None, "", None, None, b"EIO", None, None, None),
        ]
    ),
    st.tuples(*_columns.values()),
)


@st.composite
def any_rows(draw: st.DrawFn, max_size: int = 8) -> Rows:
    names = sorted(draw(st.sets(paths, max_size=max_size)))
    rows = Rows(path=names)
    for _ in names:
        for column, value in zip(_columns, draw(_rows), strict=True):
            getattr(rows, column).append(value)
    return rows


def rows_of(contents: Iterable[Content]) -> Rows:
    """Give the columns of objects; the stamps are None."""
    rows = Rows()
    for content in contents:
        for name in CONTENT_COLUMNS:
            getattr(rows, name).append(getattr(content, name))
    for name in STAMP_COLUMNS:
        setattr(rows, name, [None] * len(rows))
    return rows


def batch_of(contents: Iterable[Content]) -> pa.RecordBatch:
    """Give a batch of objects, as they stand."""
    return convert.to_batches(rows_of(contents))[0]


def cut(batch: pa.RecordBatch, sizes: Sequence[int]) -> list[pa.RecordBatch]:
    """Give the rows in batches of these sizes, again and again; 0 is an empty batch."""
    pieces, at, turn = [], 0, 0
    while at < batch.num_rows:
        size = sizes[turn % len(sizes)] if any(sizes) else 1
        pieces.append(batch.slice(at, size))
        at, turn = at + size, turn + 1
    return pieces


def write_part(folder: Path, batches: Iterable[pa.RecordBatch], of: pa.Schema) -> Written:
    """Write a part whole."""
    with PartWriter(folder, of) as writer:
        for batch in batches:
            writer.write(batch)
        return writer.finish()


def file(path: bytes, **more: object) -> Content:
    """Give a file as scans find them."""
    known = {"size": 1, "mtime_ns": 10, "sha256": b"s" * 32, "proof": "read", "proved_at": 7}
    return Content(path, "file", **{**known, **more})  # type: ignore[arg-type]
