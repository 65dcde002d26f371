"""Reports and lists as a cloud writes them, by the formats that it documents."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


def message(data: bytes, tag: str | None, **changed: str | None) -> str:
    """Give what is told of an object of these bytes; `changed` fields are otherwise, or absent."""
    sha256 = hashlib.sha256(data)
    told = {
        "checksum_base64": base64.b64encode(sha256.digest()).decode(),
        "etag": tag,
        "checksumAlgorithm": "SHA256",
        "checksumType": "FULL_OBJECT",
        "checksum_hex": sha256.hexdigest().upper(),
        **changed,
    }
    text = json.dumps({name: value for name, value in told.items() if value is not None})
    return text.replace("=", "\\u003d")


def succeeded(
    bucket: str, key: str | bytes, data: bytes, tag: str | None, version: str = "", **changed: Any
) -> list[str]:
    """Give the line of a task that succeeded."""
    return [
        bucket,
        quote_plus(key, safe="/"),
        version,
        "succeeded",
        "200",
        "",
        message(data, tag, **changed),
    ]


def failed(bucket: str, key: str, why: str, code: str) -> str:
    """Give the line of a task that failed, with the quotation marks of the documented example."""
    task = "2845ca0d-38d9-4c4b-abcf-379dc749c452"
    told = f'"error details: {{""failureMessage"":"Task {task} {why}", ""errorCode"": "{code}"}}"'
    return f"{bucket},{quote_plus(key, safe='/')},,failed,200,PermanentFailure,{told}"


def report(
    folder: Path,
    lines: Sequence[Sequence[str] | str],
    at: datetime | None = None,
    **changed: object,
) -> Path:
    """Write a report, and give its manifest; `changed` keys of that are otherwise, or absent."""
    moment = at or datetime.now(UTC)
    name = hashlib.sha1(repr((lines, moment)).encode(), usedforsecurity=False).hexdigest()
    results = folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    file = io.StringIO(newline="")
    for line in lines:
        if isinstance(line, str):
            file.write(f"{line}\n")
        else:
            csv.writer(file, lineterminator="\n").writerow(line)
    data = file.getvalue().encode("utf-8", "surrogateescape")
    (results / f"{name}.csv").write_bytes(data)
    document = {
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Results": [
            {
                "TaskExecutionStatus": "succeeded",
                "Bucket": "reports",
                "MD5Checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
                "Key": f"job-1f3e/results/{name}.csv",
            }
        ],
        "ReportSchema": SCHEMA,
        **changed,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({key: v for key, v in document.items() if v is not None}))
    return path


#: Fields of a list, in the order of the S3 User Guide.
CURRENT = ("Bucket", "Key", "Size", "LastModifiedDate", "ETag", "StorageClass")
ALL = ("Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", *CURRENT[2:])
_WORDS = {
    "Bucket": ("bucket", pa.string()),
    "Key": ("key", pa.binary()),
    "VersionId": ("version_id", pa.string()),
    "IsLatest": ("is_latest", pa.bool_()),
    "IsDeleteMarker": ("is_delete_marker", pa.bool_()),
    "Size": ("size", pa.int64()),
    "LastModifiedDate": ("last_modified_date", pa.timestamp("ms", "UTC")),
    "ETag": ("e_tag", pa.string()),
    "StorageClass": ("storage_class", pa.string()),
}


def item(
    key: str | bytes,
    size: int | None = 1,
    tag: str | None = "tag",
    modified: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    storage_class: str = "STANDARD",
    **more: object,
) -> dict[str, object]:
    """Give one object as a list has it; `more` are the fields of lists of all versions."""
    return {
        "Key": key.encode() if isinstance(key, str) else key,
        "Size": size,
        "LastModifiedDate": modified,
        "ETag": tag,
        "StorageClass": storage_class,
        **more,
    }


def inventory(
    folder: Path,
    bucket: str,
    items: Sequence[dict[str, object]],
    at: datetime,
    *,
    form: str = "CSV",
    fields: Sequence[str] = CURRENT,
    pieces: int = 1,
    **changed: object,
) -> Path:
    """Write a list of a bucket as S3 Inventory does, and give its manifest."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    written = []
    rows = [{"Bucket": bucket, **one} for one in items]
    for number in range(pieces):
        some = rows[number::pieces]
        name = f"{number}.{'csv.gz' if form == 'CSV' else 'parquet'}"
        packed = _csv(some, fields) if form == "CSV" else _parquet(some, fields)
        (data / name).write_bytes(packed)
        md5 = hashlib.md5(packed, usedforsecurity=False).hexdigest()
        key = f"lists/{bucket}/all/data/{name}"
        written.append({"key": key, "size": len(packed), "MD5checksum": md5})
    parquet = "".join(f" optional binary {_WORDS[field][0]} (UTF8);" for field in fields)
    schema = ", ".join(fields) if form == "CSV" else f"message s3.inventory {{{parquet} }}"
    document = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::lists",
        "version": "2016-11-30",
        "creationTimestamp": str(int(at.timestamp() * 1000)),
        "fileFormat": form,
        "fileSchema": schema,
        "files": written,
        **changed,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(document))
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    (folder / "manifest.checksum").write_text(md5)
    return path


def _csv(rows: Sequence[dict[str, object]], fields: Sequence[str]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(row.get(field)) for field in fields])
    return gzip.compress(file.getvalue().encode("utf-8", "surrogateescape"))


def _cell(value: object) -> str:
    if isinstance(value, bytes):
        return quote_plus(value, safe="/")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _parquet(rows: Sequence[dict[str, object]], fields: Sequence[str]) -> bytes:
    schema = pa.schema([_WORDS[field] for field in fields])
    columns = [[row.get(field) for row in rows] for field in fields]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file, compression="snappy")
    return file.getvalue()
