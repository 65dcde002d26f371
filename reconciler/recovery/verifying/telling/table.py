"""`--rows FILE`: all findings as a table, for other programs; written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from reconciler.disk import drafts
from reconciler.disk.durable import sync_folder
from reconciler.environment.timestamps import timestamp
from reconciler.errors import ReconcilerError, UsageError
from reconciler.printable import quoted, shown
from reconciler.recovery import paths, rows
from reconciler.recovery.rows import Content
from reconciler.recovery.values import Accepted, FileFinding

#: So many rows are held in memory.
_BATCH = 4_096
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(number: int | None, unit: int) -> str | None:
    """Return a moment, given in units of so many nanoseconds since 1970: RFC 3339, UTC."""
    if number is None:
        return None
    seconds, rest = divmod(number * unit, 10**9)
    text = timestamp(_BEGINNING + timedelta(seconds=seconds), "seconds")
    return f"{text[:-1]}.{rest:09}Z" if rest else text


def _modified(number: int | None) -> str | None:
    """Return a moment in nanoseconds; None also for one that only says that it is beyond."""
    return None if number in (rows.FIRST_NS, rows.LAST_NS) else _moment(number, 1)


_CONTENT: dict[str, tuple[pa.DataType, Callable[[Content], object]]] = {
    "kind": (pa.string(), lambda content: content.kind),
    "size": (pa.int64(), lambda content: content.size),
    "modified_at": (pa.string(), lambda content: _modified(content.mtime_ns)),
    "sha256": (pa.string(), lambda content: content.sha256 and content.sha256.hex()),
    "proof": (pa.string(), lambda content: content.proof or None),
    "proved_at": (pa.string(), lambda content: _moment(content.proved_at, 10**9)),
    "version": (pa.string(), lambda content: content.version),
    "detail": (pa.string(), lambda c: None if c.detail is None else paths.shown(c.detail)),
}


def _of(finding: FileFinding, told: Callable[[Accepted], str]) -> str | None:
    """Return what is told of an acceptance; None where there is none, or none that holds."""
    accepted = finding.accepted
    return None if accepted is None or accepted.withdrawn else told(accepted)


_COLUMNS: dict[str, tuple[pa.DataType, Callable[[FileFinding], object]]] = {
    "what": (pa.string(), lambda finding: finding.what),
    "storage": (pa.string(), lambda finding: shown(finding.storage)),
    "about": (pa.string(), lambda finding: finding.about or "file"),
    "path": (pa.string(), lambda finding: paths.shown(finding.path)),
    "other": (pa.string(), lambda finding: paths.shown(finding.other) or None),
    "note": (pa.string(), lambda finding: shown(finding.note) or None),
    "reason": (pa.string(), lambda finding: finding.reason or None),
    "files": (pa.int64(), lambda finding: finding.files or None),
    "first_seen": (pa.string(), lambda finding: finding.first_seen or None),
    "last_seen": (pa.string(), lambda finding: finding.last_seen or None),
    "accepted_at": (pa.string(), lambda f: _of(f, lambda said: said.at)),
    "accepted_by": (pa.string(), lambda f: _of(f, lambda said: shown(said.by))),
    "accepted_why": (pa.string(), lambda f: _of(f, lambda said: shown(said.why))),
}
#: The columns of the table, in order; those of what was, then of what is.
SCHEMA = pa.schema(
    [(name, of) for name, (of, _) in _COLUMNS.items()]
    + [(f"{side}_{name}", of) for side in ("was", "now") for name, (of, _) in _CONTENT.items()]
)


#: By these a table of findings is known, also of an earlier version.
_FIRST = SCHEMA.names[:2]


def _check_goal(path: Path) -> None:
    """Refuse to replace what is no such table: `ReconcilerError`; raises `OSError`."""
    if not path.exists() or path.stat().st_size == 0:
        return
    if path.suffix.lower() == ".csv":
        begins = ",".join(_FIRST).encode()
        with path.open("rb") as file:
            is_ours = file.read(len(begins) + 1) == begins + b","
    else:
        try:
            is_ours = pq.read_schema(path).names[: len(_FIRST)] == _FIRST
        except pa.ArrowInvalid:
            is_ours = False
    if not is_ours:
        raise ReconcilerError(
            f"can't write {quoted(str(path))}: what is there is no table that --rows wrote; give "
            "another path, or remove it"
        )


class _Sheet(Protocol):
    def write(self, rows: list[list[object]]) -> None: ...

    def close(self) -> None: ...


class Table:
    """Takes findings, one after the other; to be used in a `with`.

    The file appears when `finish` is called: mode 0600, instead of what was there. What can't be
    written by then raises nothing, for what was found matters more: `problem` says why.
    """

    def __init__(self, path: str) -> None:
        """Begin the table at `path`; its suffix says in which format.

        Raises `UsageError` for another suffix, `ReconcilerError` if it can't be written, or if
        something else is there than such a table.
        """
        kind = kind_of(path)
        self._goal = Path(path)
        with self._in_words():
            _check_goal(self._goal)
        drafts.clear(self._goal.parent, f".{self._goal.name}.", ".tmp")
        self._draft = drafts.draft(self._goal.parent, f".{self._goal.name}.", ".tmp")
        self._waiting: list[list[object]] = []
        #: Why nothing was written; empty as long as nothing failed.
        self.problem = ""
        with self._in_words():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            handle = os.open(self._draft, flags, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._sheet: _Sheet = kind(self._file)

    def add(self, finding: FileFinding) -> None:
        """Add a row."""
        row = [value(finding) for _, value in _COLUMNS.values()]
        for content in (finding.was, finding.now):
            row += [None if content is None else value(content) for _, value in _CONTENT.values()]
        self._waiting.append(row)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        """Give the file its name, unless it could not be written."""
        self._flush()
        if self.problem:
            return
        with self._kept_in_mind(), self._in_words():
            self._sheet.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._draft.replace(self._goal)
            sync_folder(self._goal.parent)

    def __enter__(self) -> Self:
        """Return the table."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of what was not finished."""
        with contextlib.suppress(OSError, ValueError):
            self._sheet.close()
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self.problem:
            with self._kept_in_mind(), self._in_words():
                self._sheet.write(self._waiting)
        self._waiting.clear()

    @contextlib.contextmanager
    def _kept_in_mind(self) -> Iterator[None]:
        try:
            yield
        except ReconcilerError as error:
            self.problem = str(error)

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ReconcilerError(
                f"can't write {quoted(str(self._goal))}: {reason}. Nothing was written to it"
            ) from error


#: What makes a spreadsheet take a text for a formula, and run it.
_FORMULA = ("=", "+", "-", "@")


class _Csv:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.write([list(SCHEMA.names)])

    def write(self, rows: list[list[object]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(map(_harmless, row) for row in rows)
        self._file.write(text.getvalue().encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Nothing is kept back."""


def _harmless(value: object) -> object:
    r"""Return a cell that is no formula: `=` comes as `\x3d`, as `paths.read` understands it."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"\\x{ord(value[0]):02x}{value[1:]}"
    return value


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")

    def write(self, rows: list[list[object]]) -> None:
        if rows:
            columns = [
                pa.array(column, of)
                for column, of in zip(zip(*rows, strict=True), SCHEMA.types, strict=True)
            ]
            self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))

    def close(self) -> None:
        self._writer.close()


_KINDS: dict[str, Callable[[IO[bytes]], _Sheet]] = {".csv": _Csv, ".parquet": _Parquet}


def kind_of(path: str) -> Callable[[IO[bytes]], _Sheet]:
    """Return what writes a table of the format that a path's suffix names; raises `UsageError`."""
    kind = _KINDS.get(Path(path).suffix.lower())
    if kind is None:
        raise UsageError(
            f"--rows {quoted(path)}: the suffix says the format, and must be .parquet or .csv"
        )
    return kind
