"""Reading a part in constant memory: one group after the other."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reconciler.errors import SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.parts import schema as parts
from reconciler.recovery.parts.write import GROUP_ROWS

_ADVICE = "take it from another copy of the repository"


def batches(
    path: Path, schema: pa.Schema, *, columns: Sequence[str] | None = None, sha256: str = ""
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part, a group at a time, with the columns asked for (default: all).

    With `sha256`, in hex, the file is hashed before the first row is told: only that shows every
    damage. Raises `SnapshotError` on what can't be read, is damaged, or is no such part.
    """
    with _in_words(path), path.open("rb") as opened:
        if sha256 and hashlib.file_digest(opened, "sha256").hexdigest() != sha256:
            raise _damaged(path, "it is not what was written: its SHA-256 differs")
        file = _opened(path, opened, schema)
        told = 0
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(
                GROUP_ROWS, row_groups=[group], columns=columns, use_threads=False
            ):
                told += batch.num_rows
                yield batch.select(columns) if columns else batch
        if told != file.metadata.num_rows:
            raise _damaged(path, "some of its rows are gone")


def below(
    path: Path, schema: pa.Schema, prefix: bytes, *, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part whose key begins with `prefix`, of the groups that can have any.

    The part is one that `batches` has proved. Raises `SnapshotError`.
    """
    with _in_words(path), path.open("rb") as opened:
        file = _opened(path, opened, schema)
        key = str(parts.key(schema))
        for group in range(file.num_row_groups):
            held = file.metadata.row_group(group).column(schema.get_field_index(key)).statistics
            if held is not None and held.has_min_max:  # long keys have none
                if held.max < prefix:
                    continue
                if held.min[: len(prefix)] > prefix:
                    return
            for batch in file.iter_batches(
                GROUP_ROWS, row_groups=[group], columns=columns, use_threads=False
            ):
                found = batch.filter(pc.starts_with(batch[key], prefix))
                if found.num_rows:
                    yield found.select(columns)


def scanned(contents: Path, stamps: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of two parts that a scan wrote side by side, as one (`SCANNED`).

    Raises `SnapshotError` as `batches` does, and if the one has more rows than the other.
    """
    files, beside = batches(contents, parts.CONTENTS), batches(stamps, parts.STAMPS)
    left = None
    for batch in files:
        rest = batch
        while rest.num_rows:
            left = left if left is not None and left.num_rows else next(beside, None)
            if left is None:
                raise _damaged(stamps, "it has fewer rows than what it belongs to")
            length = min(rest.num_rows, left.num_rows)
            columns = [*rest.slice(0, length).columns, *left.slice(0, length).columns]
            yield pa.RecordBatch.from_arrays(columns, schema=parts.SCANNED)
            rest, left = rest.slice(length), left.slice(length)
    if (left is not None and left.num_rows) or next(beside, None) is not None:
        raise _damaged(stamps, "it has more rows than what it belongs to")


def count(path: Path, schema: pa.Schema) -> int:
    """Return how many rows a part says it has; raises `SnapshotError` as `batches` does."""
    with _in_words(path), path.open("rb") as opened:
        rows: int = _opened(path, opened, schema).metadata.num_rows
        return rows


def _opened(path: Path, opened: IO[bytes], schema: pa.Schema) -> pq.ParquetFile:
    footer = pq.read_metadata(opened)
    _check(path, footer, schema)
    return pq.ParquetFile(
        opened,
        metadata=footer,
        pre_buffer=False,
        page_checksum_verification=True,
        read_dictionary=parts.words(schema),
    )


def _check(path: Path, footer: pq.FileMetaData, schema: pa.Schema) -> None:
    """Raise `SnapshotError` unless a file says of itself that it is such a part."""
    mark = (footer.metadata or {}).get(parts.MARK, b"")
    name, _, version = mark.partition(b" ")
    if not version.isdigit():
        raise _failed(path, "it is a Parquet file, but none that this program wrote")
    if int(version) > parts.FORMAT_VERSION:
        raise _failed(path, "a newer version of this program wrote it: use that one")
    if name != parts.name(schema).encode():
        held = name.decode("ascii", "replace")
        raise _failed(path, f"it holds {quoted(held)}, not {quoted(parts.name(schema))}")
    if not footer.schema.to_arrow_schema().equals(parts.plain(schema)):
        raise _damaged(path, "its columns are not those that it says it has")


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn whatever Arrow and the system say of a part into `SnapshotError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise _failed(path, f"it is lost; {_ADVICE}") from error
    except pa.ArrowMemoryError as error:
        raise _damaged(path, "it asks for more memory than there is") from error
    # Arrow's own words are for programmers, and may quote what stands in the file.
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise _damaged(path, "it can't be read as Parquet") from error
    except OSError as error:
        if error.errno:
            raise _failed(path, error.strerror or str(error)) from error
        raise _damaged(path, "it can't be read as Parquet") from error


def _damaged(path: Path, problem: str) -> SnapshotError:
    return _failed(path, f"it is corrupt ({problem}); {_ADVICE}")


def _failed(path: Path, problem: str) -> SnapshotError:
    return SnapshotError(f"can't read the part {quoted(str(path))}: {problem}")
