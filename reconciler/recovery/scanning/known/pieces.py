"""What a scan has finished, kept in the repository until all of it is: by it a later run goes on.

Each run has a folder of its own, below that of the scan, so that two runs at once never meet.
A piece's name has its number and its SHA-256: there is nothing else that could be out of step.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from msgspec import Struct

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import scanned, values
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Rows
from reconciler.recovery.scanning.known.comparing import kept_hashes
from reconciler.recovery.scanning.known.earlier import check
from reconciler.recovery.seal import sealed, unsealed
from reconciler.recovery.values import Root

FORMAT_VERSION = 1
_BEGUN = "begun.json"
_DOUBTED = "doubted"
_PIECE = re.compile(r"(?P<number>[0-9]{8})-(?P<sha256>[0-9a-f]{64})\.parquet")
#: So begin the names of pieces of what was known, or listed, and is not there.
_GONE = "gone-"


class Begun(Struct, frozen=True):
    """What a run keeps before it reads anything."""

    format_version: int
    started_at: str
    clock_ns: int
    root: Root
    #: The shard of which alone it reads; empty: it reads all.
    shard: str = ""
    #: When the list was begun by which it is listed, RFC 3339, UTC; empty: the server is asked.
    listed_at: str = ""
    seal: str = ""


class Run(NamedTuple):
    """A run of an unfinished scan: how it began, and the names of its pieces, sorted."""

    id: str
    begun: Begun
    pieces: tuple[str, ...]
    #: Whether it ended without a proof that what it read was the storage.
    doubted: bool = False
    #: The names of pieces of what it found gone.
    gone: tuple[str, ...] = ()


class Unfinished(NamedTuple):
    """A scan that was begun, and not finished: the runs that it has had, the first one first."""

    id: str
    runs: tuple[Run, ...]

    @property
    def listed_at(self) -> str:
        """Of when what its runs know is, RFC 3339, UTC: the last list, or when the last began."""
        return max(run.begun.listed_at or run.begun.started_at for run in self.runs)


def begun_at(moment: datetime, root: Root, listed_at: str = "", shard: str = "") -> Begun:
    """Return how a run begins at a moment, with the root that it has proved."""
    clock = kept_hashes.clock_ns(root, int(moment.timestamp() * 1e9))
    return Begun(FORMAT_VERSION, timestamp(moment, "milliseconds"), clock, root, shard, listed_at)


def find(repository: Repository, place: str, *, after: str) -> Unfinished | None:
    """Return the newest unfinished scan of a place that began after the scan `after`.

    Runs of others that did, as of two at the same time, are told as its own. What a run left behind
    that can't be understood is not used. Raises `RepositoryError`.
    """
    prefix = layout.unfinished(place, "").removesuffix("/")
    names = repository.names(prefix)
    each = (name.removeprefix(prefix).partition("/") for name in names)
    scans = {scan for scan, inside, _ in each if inside and scan > after}
    found = {scan: runs_of(repository, place, scan) for scan in scans}
    runs = sorted(run for each in found.values() for run in each)
    return Unfinished(max(filter(found.get, found)), tuple(runs)) if runs else None


def runs_of(repository: Repository, place: str, scan: str) -> tuple[Run, ...]:
    """Return the runs of an unfinished scan that have left pieces, the first one first.

    Raises `RepositoryError`.
    """
    found: dict[str, list[str]] = {}
    prefix = layout.unfinished(place, scan)
    for name in repository.names(prefix):
        run, _, file = name.removeprefix(prefix).partition("/")
        if file:
            found.setdefault(run, []).append(name)
    runs = (_run(repository, run, names) for run, names in sorted(found.items()))
    return tuple(filter(None, runs))


def forget(repository: Repository, place: str, *, until: str) -> None:
    """Remove what unfinished scans up to the scan `until` have left, as far as that is allowed."""
    prefix = layout.unfinished(place, "").removesuffix("/")
    # Where nothing may be deleted it stays: the next scan does not look at it.
    with suppress(RepositoryError):
        for name in list(repository.names(prefix)):
            if name.removeprefix(prefix).partition("/")[0] <= until:
                repository.remove(name)


def series(repository: Repository, run: Run, folder: Path) -> list[list[Path]]:
    """Return the pieces of a run of this scan, in `folder`; those of one series are sorted by path.

    Those that are damaged, or gone, are left out: their files are read again. Raises
    `RepositoryError`.
    """
    found: list[list[Path]] = []
    until: bytes | None = None
    for name in run.pieces:
        with suppress(SnapshotError):
            path = _fetched(repository, name, folder)
            first, last = _ends(path)
            if until is None or first <= until:
                found.append([])
            found[-1].append(path)
            until = last
    return found


def gone(repository: Repository, run: Run, folder: Path) -> set[bytes]:
    """Return the paths of what a run found gone, as far as that can be read; `RepositoryError`."""
    found = set[bytes]()
    for name in run.gone:
        ours = folder / f"{run.id}-{name.rpartition('/')[2]}"
        with suppress(SnapshotError):
            fetched(repository, name, ours, name.removesuffix(".parquet").rpartition("-")[2])
            found.update(*(values(batch["path"]) for batch in read.batches(ours, SCANNED)))
    return found


class Pieces:
    """The pieces of one run: kept in the repository, and here until all are merged."""

    def __init__(
        self, repository: Repository, folder: Path, *, place: str, scan: str, run: str
    ) -> None:
        """Write into `folder`; `scan` and `run` are the ids under which pieces are kept."""
        self._repository = repository
        self._folder = folder
        self._name = f"{layout.unfinished(place, scan)}{run}/"
        self._begun: Begun | None = None
        self._gone = 0
        #: By number; what is of one series is sorted as its numbers are.
        self._series: list[dict[int, Path]] = [{}]

    def begin(self, begun: Begun) -> None:
        """Say how the run begins: kept with its first piece."""
        self._begun = begun

    def add(self, number: int, rows: Rows) -> None:
        """Keep a piece; raises `RepositoryError`."""
        self._series[-1][number] = self._put(f"{number:08}-", rows)

    def gone(self, rows: Rows) -> None:
        """Keep what was known, or listed, and is not there: no late list brings it back unasked.

        Raises `RepositoryError`.
        """
        self._gone += 1
        self._put(f"{_GONE}{self._gone:08}-", rows)

    def _put(self, name: str, rows: Rows) -> Path:
        if self._begun is not None:
            self._repository.write(f"{self._name}{_BEGUN}", sealed(self._begun))
            self._begun = None
        with PartWriter(self._folder, SCANNED) as writer:
            writer.write(scanned(rows))
            written = writer.finish()
        self._repository.add(f"{self._name}{name}{written.sha256}.parquet", written.path)
        return written.path

    def doubt(self) -> None:
        """Keep that nobody knows whether what was read was the storage.

        A hash is taken only of what is as it was when it was read; that more was there is not
        believed.
        """
        with suppress(RepositoryError):
            if len(self):
                self._repository.write(f"{self._name}{_DOUBTED}", b"")

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._series))

    def another_series(self) -> None:
        """Say that the pieces that follow begin with the first paths again."""
        self._series.append({})

    def series(self) -> list[Iterator[pa.RecordBatch]]:
        """Return the rows of each series, sorted by path."""
        return [_rows([paths[number] for number in sorted(paths)]) for paths in self._series]


def _run(repository: Repository, id: str, names: list[str]) -> Run | None:
    data = None
    for name in names:
        if name.endswith(f"/{_BEGUN}"):
            data = repository.read(name)
    if data is None:
        return None
    try:
        begun = unsealed(data, Begun, newest=FORMAT_VERSION)
    except SnapshotError:
        return None
    pieces = (name for name in names if _PIECE.fullmatch(name.rpartition("/")[2]))
    gone = (name for name in names if name.rpartition("/")[2].startswith(_GONE))
    doubted = any(name.endswith(f"/{_DOUBTED}") for name in names)
    return Run(id, begun, tuple(pieces), doubted, tuple(gone))


def _rows(paths: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from read.batches(path, SCANNED)


def _fetched(repository: Repository, name: str, folder: Path) -> Path:
    """Return a piece of ours, in `folder`."""
    *_, run, file = name.split("/")
    found = _PIECE.fullmatch(file)
    assert found  # noqa: S101 - for mypy: `_run` has looked
    ours = folder / f"{run}-{file}"
    fetched(repository, name, ours, found["sha256"])
    return ours


def fetched(repository: Repository, name: str, ours: Path, sha256: str) -> None:
    """Take a file of the repository to where another scan that ends meanwhile can't remove it.

    Raises `RepositoryError`; `SnapshotError` if it is not the one of this SHA-256.
    """
    ours.unlink(missing_ok=True)
    with repository.local(name) as path:
        try:
            os.link(path, ours)
        except OSError:
            try:
                shutil.copyfile(path, ours)
            except OSError as error:
                raise SnapshotError(f"it can't be read: {error.strerror}") from error
    try:
        check(ours, sha256)
    except SnapshotError as error:  # the copy is gone when somebody looks for it
        raise SnapshotError(f"{name} is corrupt: it is not what was written") from error


def _ends(path: Path) -> tuple[bytes, bytes]:
    """Return the first and the last path of a piece; raises `SnapshotError` if it has none."""
    paths = [batch["path"] for batch in read.batches(path, SCANNED, columns=["path"])]
    if not any(map(len, paths)):
        raise SnapshotError("it is empty")
    return paths[0][0].as_py(), paths[-1][-1].as_py()
