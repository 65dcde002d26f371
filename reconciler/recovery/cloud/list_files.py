"""The files of an S3 Inventory: rows of CSV or Parquet, in columns of one form."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reconciler.recovery.cloud.lines import bounded, decoded
from reconciler.recovery.objects.pages import nanoseconds

#: What is sorted of a list, by key.
LISTED = pa.schema(
    [
        pa.field("key", pa.binary(), nullable=False),
        pa.field("version", pa.string()),
        pa.field("is_latest", pa.bool_()),
        pa.field("is_marker", pa.bool_()),
        pa.field("size", pa.int64()),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("tag", pa.string()),
        pa.field("storage_class", pa.string()),
    ]
)
_BATCH = 2**14
#: The columns of `LISTED` as a list calls them.
_NAMES = (
    *("Key", "VersionId", "IsLatest", "IsDeleteMarker"),
    *("Size", "LastModifiedDate", "ETag", "StorageClass"),
)
_PARQUET = re.compile(r"(\w+)(?:\s*\([^;]*\))?\s*;")
_WORDS = {"e_tag": "ETag"}


def batches_of(
    file: BinaryIO, form: str, columns: Sequence[str], bucket: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one file, with the columns of `LISTED`.

    Raises `ValueError`, `OSError` or what Arrow does for a file that is none, or lists another
    bucket.
    """
    return (_of_csv if form == "CSV" else _of_parquet)(file, columns, bucket)


def _of_csv(file: BinaryIO, columns: Sequence[str], bucket: str) -> Iterator[pa.RecordBatch]:
    with gzip.open(file, "rt", encoding="utf-8", errors="surrogateescape", newline="") as text:
        reader = csv.reader(bounded(text), strict=True)
        try:
            rows = (_row(row, columns, bucket) for row in reader if row)
            while some := list(islice(rows, _BATCH)):
                yield _batch(some)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num:,}: {error}") from error


def _row(row: Sequence[str], columns: Sequence[str], bucket: str) -> tuple[object, ...]:
    if len(row) != len(columns):
        raise ValueError(f"a row has {len(row)} columns, and should have {len(columns)}")
    told = dict(zip(columns, row, strict=True))
    _check_bucket(told["Bucket"], bucket)
    is_marker = _bool(told.get("IsDeleteMarker", ""))
    if not told["Key"]:
        raise ValueError("an object has no key")
    size = int(told["Size"]) if told["Size"] and not is_marker else None
    if (size is None or size < 0) and not is_marker:
        raise ValueError(f"an object has no size: {told['Key']!a}")
    return (
        decoded(told["Key"]),
        told.get("VersionId") or None,
        _bool(told.get("IsLatest", "")),
        is_marker,
        size,
        nanoseconds(_moment(told["LastModifiedDate"])),
        told["ETag"].strip('"') or None,
        told["StorageClass"] or None,
    )


def _batch(rows: Sequence[tuple[object, ...]]) -> pa.RecordBatch:
    each = zip(zip(*rows, strict=True), LISTED, strict=True)
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in each], schema=LISTED)


def _bool(text: str) -> bool | None:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text:
        raise ValueError(f"{text!a} is neither true nor false")
    return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _of_parquet(file: BinaryIO, columns: Sequence[str], bucket: str) -> Iterator[pa.RecordBatch]:
    parquet = pq.ParquetFile(file)
    names = {_word(name): name for name in parquet.schema_arrow.names}
    wanted = [names[name] for name in ("Bucket", *_NAMES) if name in names]
    if not set(columns) & {"Bucket", *_NAMES} <= names.keys():
        raise ValueError("it lacks columns that its manifest has")
    for batch in parquet.iter_batches(_BATCH, columns=wanted):
        for name in pc.unique(batch[names["Bucket"]]).to_pylist():
            _check_bucket(name, bucket)
        yield _as_listed(batch, names)


def _as_listed(batch: pa.RecordBatch, names: Mapping[str, str]) -> pa.RecordBatch:
    arrays = []
    for field, name in zip(LISTED, _NAMES, strict=True):
        if name not in names:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch[names[name]]
        if name == "LastModifiedDate":
            if pa.types.is_integer(column.type):  # as its schema says it
                column = column.cast(pa.timestamp("ms"))
            column = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
        arrays.append(column.cast(field.type))
    listed = pa.RecordBatch.from_arrays(arrays, schema=LISTED)
    unsized = pc.less(pc.fill_null(listed["size"], -1), 0)
    lacking = pc.and_not(unsized, pc.fill_null(listed["is_marker"], False))
    if listed["key"].null_count or listed["mtime_ns"].null_count or pc.any(lacking).as_py():
        raise ValueError("an object has no key, size or time")
    if pc.min(pc.binary_length(listed["key"])).as_py() == 0:
        raise ValueError("an object has no key")
    return listed


def _check_bucket(name: str, bucket: str) -> None:
    if name != bucket:
        raise ValueError(f"it lists the bucket {name!a}, and its manifest says {bucket!a}")


def _word(name: str) -> str:
    """Return how CSV calls a column of Parquet: `last_modified_date` is `LastModifiedDate`."""
    return _WORDS.get(name) or "".join(part.capitalize() for part in name.split("_"))


def _of_csv_schema(schema: str) -> list[str]:
    return [name.strip() for name in schema.split(",")]


def _of_parquet_schema(schema: str) -> list[str]:
    return [_word(name) for name in _PARQUET.findall(schema)]


#: What the schema of a manifest means, by the format of its files.
COLUMNS: Mapping[str, Callable[[str], list[str]]] = {
    "CSV": _of_csv_schema,
    "Parquet": _of_parquet_schema,
}
