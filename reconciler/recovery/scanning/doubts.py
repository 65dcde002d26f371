"""What reports of the cloud have otherwise than it was recorded, kept until it was read.

A limit or a kill may end a scan before a file that a report doubts is read, and the next one may be
given no report. So what the report says of it is kept beside the unfinished scans, as a report's
word: it counts until the file was read or, where nobody may read it, is told. What it says of an
object that was written since says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.recovery.cloud.sums import Sum
from reconciler.recovery.parts import convert, merge, read
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import is_listed
from reconciler.recovery.rows import (
    ATTESTED,
    DELETED,
    DISPUTED,
    IDENTITY,
    UNREADABLE,
    Rows,
    chosen,
    extend,
)
from reconciler.recovery.scanning import doubted
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of
from reconciler.recovery.scanning.known.pieces import fetched
from reconciler.recovery.values import CloudReport

_NAME = re.compile(r"(?P<run>.+)-[0-9]{8}-(?P<sha256>[0-9a-f]{64})\.parquet")
#: What follows the id of a run that has kept what was left of doubts.
_LEFT = ".left"


class Named(NamedTuple):
    """The name of a file with doubts, and what it says."""

    name: str
    run: str
    sha256: str


def named(prefix: str, names: Iterable[str]) -> list[Named]:
    """Return those of some sorted names, which begin with a prefix, that are of doubts."""
    each = ((name, _NAME.fullmatch(name.removeprefix(prefix))) for name in names)
    return [Named(name, match["run"], match["sha256"]) for name, match in each if match]


class Doubts:
    """Doubts of one storage that earlier runs have raised, and those of this one."""

    def __init__(
        self,
        repository: Repository,
        place: str,
        run: str,
        folder: Path,
        given: Sequence[CloudReport],
    ) -> None:
        """Take what is kept, as long as `folder` is there, and the reports that are `given` now.

        Raises `RepositoryError`.
        """
        self._repository, self._folder, self._given = repository, folder, given
        self._place = place
        self._prefix, self._run = layout.doubts(place), run
        self._names = sorted(repository.names(self._prefix))
        self._number = 0
        #: Of which files of what was listed last just that is kept already.
        self._kept = set[bytes]()
        #: Why some can't be read; empty: all can. And which reports no run has come to.
        self._marks = doubted.Marks(repository, place)
        self.lost, self.not_looked = self._marks.lost(), self._marks.not_looked(given)
        self._marks.begin(given)
        self._series = self._fetched()
        self._met = Earlier(self._rows(), clock=0, agreeing=()) if self._series else None
        #: The reports that have raised those which still are of what lies there.
        self.reports: dict[CloudReport, None] = {}

    def listed(self) -> None:
        """Take that all was listed: what the reports doubt of it is kept."""
        doubted.listed(self._repository, self._place, self._given)

    def put_on(self, listed: Rows, claims: dict[bytes, Sum]) -> list[bytes]:
        """Give files that are in doubt the sums by which they are; return their paths.

        Where a later report is given, its sum stays, and the earlier one is among the `claims`,
        unless one that is earlier still is.
        """
        self._kept = set()
        if self._met is None or not len(listed):
            return []
        found = self._met.beside(pa.array(listed.path, pa.binary()))
        which = pc.indices_nonzero(pc.is_valid(found["path"]))
        told, paths = convert.rows_of(found.take(which)), []
        for at, i in enumerate(which.to_pylist()):
            if any(getattr(told, name)[at] != getattr(listed, name)[i] for name in IDENTITY):
                continue
            paths.append(told.path[at])
            moment = told.proved_at[at] or 0
            if _contradicts(told, at, listed, i):
                listed.sha256[i], listed.proof[i] = None, DISPUTED
            is_told = listed.proof[i] in (ATTESTED, DISPUTED)
            at_most = moment if told.proof[at] == DISPUTED else moment - 1
            if not is_told or (listed.proved_at[i] or 0) <= at_most:
                listed.sha256[i], listed.proof[i] = told.sha256[at], told.proof[at]
                listed.proved_at[i] = moment
            elif moment < (listed.proved_at[i] or 0) and (sha256 := told.sha256[at]):
                claim = Sum(told.version[at], told.tag[at], sha256, moment)
                first = claims.setdefault(told.path[at], claim)
                claims[told.path[at]] = min(first, claim, key=attrgetter("proved_at"))
            if (listed.sha256[i], listed.proved_at[i]) == (told.sha256[at], moment):
                self._kept.add(told.path[at])
            digests = (told.detail[at] or b"").decode().split()
            self.reports |= {CloudReport(moment, digest): None for digest in digests}
        return paths

    def keep(self, doubted: Sequence[bytes], listed: Rows, disputed: Sequence[bytes]) -> None:
        """Keep what reports say of files that are in doubt, unless it is kept already.

        They are some of those that were `listed` last (`put_on`); so is what is `disputed`, and
        lies in an archive, where nobody reads it. Raises `RepositoryError`.
        """
        paths = frozenset(doubted) - self._kept
        unread = frozenset(disputed) - self._kept
        if not (paths or unread):
            return
        rows = chosen(listed, [i for i, path in enumerate(listed.path) if path in paths])
        extend(rows, _disputed(listed, unread))
        rows = chosen(rows, sorted(range(len(rows)), key=rows.path.__getitem__))
        each = dict.fromkeys((*self._given, *self.reports))
        rows.detail = [
            " ".join(one.digest for one in each if one.at == at).encode() for at in rows.proved_at
        ]
        self._number += 1
        self._names.append(self._write(self._run, self._number, iter([convert.scanned(rows)])))

    def end(self, contents: Path) -> None:
        """Keep of all that only which the contents of a scan that has its record did not read.

        Raises `RepositoryError`, `SnapshotError`.
        """
        if self.lost or self.not_looked:
            self._marks.forget()
        if not self._names:
            return
        self._series = self._fetched()
        left = self._write(f"{self._run}{_LEFT}", 0, self._unread(contents))
        for name in self._names:
            if name != left:
                doubted.remove(self._repository, self._place, name)

    def _unread(self, contents: Path) -> Iterator[pa.RecordBatch]:
        there = contents_of(contents)
        for batch in self._rows():
            now = there.beside(batch["path"])
            # What was left out, or lies behind a delete marker, may be there again as it was.
            unseen = (pc.equal(now["kind"], kind) for kind in (UNREADABLE, DELETED))
            yield batch.filter(pc.fill_null(pc.or_(*unseen), True))

    def _write(self, run: str, number: int, batches: Iterator[pa.RecordBatch]) -> str:
        """Keep rows, and return under which name; empty: there are none."""
        with PartWriter(self._folder, SCANNED) as writer:
            for batch in batches:
                writer.write(batch)
            written = writer.finish()
        if not written.rows:
            return ""
        name = f"{self._prefix}{run}-{number:08}-{written.sha256}.parquet"
        self._repository.add(name, written.path)
        doubted.keep(self._repository, self._place, name)
        return name

    def _rows(self) -> Iterator[pa.RecordBatch]:
        return merge.joined([_chained(paths) for paths in self._series])

    def _fetched(self) -> list[list[Path]]:
        """Return the pieces of each run, sorted; what was removed meanwhile is over."""
        found: list[list[Path]] = []
        each = named(self._prefix, self._names)
        for _, pieces in groupby(each, key=lambda one: one.run):
            found.append([])
            for name, _, sha256 in pieces:
                ours = self._folder / name.rpartition("/")[2]
                try:
                    fetched(self._repository, name, ours, sha256)
                except SnapshotError as error:
                    self.lost = str(error) if is_listed(self._repository, name) else self.lost
                else:
                    found[-1].append(ours)
        return found


def _contradicts(told: Rows, at: int, listed: Rows, i: int) -> bool:
    """Return whether a report of the same moment is given that has another sum."""
    both = (told.proof[at], listed.proof[i]) == (ATTESTED, ATTESTED)
    is_same = told.proved_at[at] == listed.proved_at[i]
    return both and is_same and told.sha256[at] != listed.sha256[i]


def _disputed(listed: Rows, paths: Collection[bytes]) -> Rows:
    rows = chosen(listed, [i for i, path in enumerate(listed.path) if path in paths])
    rows.sha256, rows.proof = [None] * len(rows), [DISPUTED] * len(rows)
    return rows


def _chained(paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from read.batches(path, SCANNED)
