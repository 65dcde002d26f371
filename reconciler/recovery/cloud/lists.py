"""Lists of a bucket that S3 Inventory wrote, instead of asking the server page by page.

By "Locating your inventory list" and "Cataloging and analyzing your data with S3 Inventory" of the
S3 User Guide: manifest.json has `sourceBucket`, `creationTimestamp` (milliseconds since 1970, when
listing began), `fileFormat`, `fileSchema` and `files`, each with key and `MD5checksum`. A CSV file
is packed with gzip, without a header, its keys URL-encoded; Parquet has keys as they are. Rows come
in no order. `VersionId`, `IsLatest` and `IsDeleteMarker` are there only in lists of all versions.
A list is consistent in the end only: what it lacks may be there, and what it has may be gone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from reconciler.environment.timestamps import APART, moment_of
from reconciler.errors import CloudFileError
from reconciler.printable import quoted
from reconciler.recovery.cloud import files
from reconciler.recovery.cloud.list_files import COLUMNS, LISTED, batches_of
from reconciler.recovery.objects.listing import Entry, newest
from reconciler.recovery.objects.pages import Listed, listed
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.unsorted import sorted_rows
from reconciler.recovery.roots.reaching import Reached
from reconciler.recovery.versions import NULL

_WHAT = "an S3 Inventory"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_VERSIONED = ("VersionId", "IsLatest", "IsDeleteMarker")
#: What reading a file raises that is none of a list.
_BROKEN = (ValueError, OSError, EOFError, OverflowError, zlib.error, pa.ArrowException)
#: A row of the sorted list.
_Row = tuple[Any, ...]


class BucketList:
    """What lay in a bucket when a list was made of it; there as long as its folder is."""

    def __init__(self, path: Path, folder: Path, now: datetime) -> None:
        """Read the list whose manifest this is, and sort it in `folder`.

        Raises `CloudFileError` for one that can't be believed, lacks a field, or was made after
        `now`; `RepositoryError` if there is no room.
        """
        self._manifest = manifest = files.manifest_of(path, _WHAT)
        self._name = quoted(str(manifest.path))
        document = manifest.document
        if "ReportSchema" in document:
            raise CloudFileError(
                f"{self._name} is no list: it is a report of a job, to be given with --from-report"
            )
        #: The bucket that it is of; and when it was begun, in seconds since 1970.
        self.bucket = files.text(manifest, document, "sourceBucket")
        self.at = self._moment(files.text(manifest, document, "creationTimestamp"), now)
        self._columns = self._fields()
        #: Of how many keys it did not say, the last time, which version is there.
        self.unsure = 0
        #: Whether it has all versions.
        self.versioned = set(_VERSIONED) <= set(self._columns)
        self._path = folder / f"list-{manifest.digest}"
        with pa.OSFile(str(self._path), "wb") as file, pa.ipc.new_stream(file, LISTED) as writer:
            for batch in sorted_rows(self._batches(), LISTED, folder):
                writer.write_batch(batch)

    @property
    def listed_at(self) -> str:
        """When it was begun: RFC 3339, UTC."""
        return moment_of(self.at)

    def everything(self, reached: Reached, prefix: bytes) -> Iterator[Listed]:
        """Yield what lay below a prefix, the newest of each key, as a listing would have it.

        A key of which no version is the latest, or several are, is left out, and counted.
        Raises `CloudFileError` where the bucket keeps versions, and the list has none.
        """
        if reached.versioned and not self.versioned:
            raise CloudFileError(
                f"{self._name} lists current versions alone, and the bucket keeps all: configure "
                "the inventory so that it includes all versions"
            )
        rows, self.unsure = self._rows(prefix), 0
        return newest(self._entries(rows, versioned=reached.versioned))

    def _entries(self, rows: Iterator[_Row], *, versioned: bool) -> Iterator[Entry]:
        """Yield the entries of each key, the newest first."""
        for key, group in groupby(rows, key=lambda row: row[0]):
            each = [row for row in group if versioned or not (row[3] or row[2] is False)]
            if versioned and sum(bool(row[2]) for row in each) != 1:
                self.unsure += 1
                continue
            each.sort(key=lambda row: (not row[2], -row[5]))
            for row in each if versioned else each[:1]:
                yield _entry(key, row, versioned=versioned)

    def _rows(self, prefix: bytes) -> Iterator[_Row]:
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                if not batch.num_rows or batch["key"][-1].as_py() < prefix:
                    continue
                columns = (values(column) for column in batch.columns)
                for row in zip(*columns, strict=True):
                    if row[0].startswith(prefix):
                        yield row
                    elif row[0] > prefix:
                        return

    def _batches(self) -> Iterator[pa.RecordBatch]:
        form = self._manifest.document.get("fileFormat")
        told = self._manifest.document.get("files")
        for file in files.named(self._manifest, told, "key", "MD5checksum"):
            with ExitStack() as opened:
                path, data = opened.enter_context(files.checked(self._manifest, file))
                try:
                    yield from batches_of(data, str(form), self._columns, self.bucket)
                except _BROKEN as error:
                    raise CloudFileError(
                        f"{quoted(str(path))} is no file of {_WHAT} that {self._name} describes: "
                        f"{error}"
                    ) from error

    def _fields(self) -> Sequence[str]:
        """Return the names of the columns, in their order; raises `CloudFileError` for a lack."""
        document = self._manifest.document
        form, schema = str(document.get("fileFormat")), document.get("fileSchema")
        if form not in COLUMNS or not isinstance(schema, str):
            raise CloudFileError(
                f"{self._name} has files of the format {quoted(form)}: configure the inventory "
                "for CSV or Parquet"
            )
        names = COLUMNS[form](schema)
        wanted = ("Bucket", "Key", "Size", "LastModifiedDate", "ETag", "StorageClass")
        lacking = [name for name in wanted if name not in names]
        some = [name for name in _VERSIONED if name in names]
        lacking += [name for name in _VERSIONED if some and name not in names]
        if lacking:
            raise CloudFileError(
                f"{self._name} has no {', '.join(lacking)}: add that to the optional fields of the "
                "inventory's configuration, and give the next list"
            )
        return names

    def _moment(self, told: str, now: datetime) -> int:
        if not told.isascii() or not told.isdigit():
            raise CloudFileError(f"{self._name} has {quoted(told)} as its time: fetch it again")
        at = int(told) // 1000
        if at > now.timestamp() + APART:
            raise CloudFileError(
                f"{self._name} was made at a time that has not come yet: set the clock of this "
                "machine right"
            )
        return at


def _entry(key: bytes, row: _Row, *, versioned: bool) -> Entry:
    _, version, is_latest, is_marker, size, mtime_ns, tag, storage_class = row
    item: dict[str, Any] = {
        "Size": size,
        "LastModified": _BEGINNING + timedelta(microseconds=mtime_ns // 1000),
        "ETag": tag,
        "StorageClass": storage_class or "",
    }
    if versioned:
        item["VersionId"] = version or NULL
    return Entry(key, listed(key, item), bool(is_marker), bool(is_latest))
