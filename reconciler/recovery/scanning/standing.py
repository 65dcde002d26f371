"""Doubts that stand: reports have other bytes than the last scan, and nobody has read them since.

As long as no scan comes to them, whoever calls a file right has to know of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import is_listed
from reconciler.recovery.rows import DISPUTED
from reconciler.recovery.scanning import doubted, reasons
from reconciler.recovery.scanning.doubts import named
from reconciler.recovery.scanning.known.earlier import check, contents_of, fetched
from reconciler.recovery.values import Scan

#: What shows that nobody wrote an object since; contents know no entity tag.
_SAME = ("size", "mtime_ns", "version")


def told(repository: Repository, scan: Scan) -> str:
    """Say how many files of the last scan of a place are in doubt; empty: none.

    Raises `RepositoryError`; `SnapshotError` if that can't be read.
    """
    if scan.root.kind != "bucket":  # of which alone a cloud tells
        return ""
    if told := doubted.Marks(repository, scan.place).not_looked():
        return told
    number = sum(batch.num_rows for batch in rows(repository, scan))
    return reasons.in_doubt(number) if number else ""


def rows(repository: Repository, scan: Scan) -> Iterator[pa.RecordBatch]:
    """Yield what reports say of files of the last scan that are in doubt, by path (`SCANNED`).

    Raises like `told`.
    """
    if why := doubted.Marks(repository, scan.place).lost():
        raise SnapshotError(why)
    prefix = layout.doubts(scan.place)
    with ExitStack() as opened:
        series: list[list[Path]] = []
        for _, names in groupby(named(prefix, repository.names(prefix)), key=lambda one: one.run):
            series.append([])
            for one in names:
                try:
                    path = opened.enter_context(repository.local(one.name))
                    check(path, one.sha256)
                except SnapshotError:
                    if is_listed(repository, one.name):
                        raise
                else:  # what was removed meanwhile is over
                    series[-1].append(path)
        if not any(series):
            return
        there = contents_of(fetched(repository, scan.contents, opened))
        for batch in merge.joined([_chained(paths) for paths in series]):
            yield batch.filter(_stand(batch, there.beside(batch["path"])))


def _stand(doubts: pa.RecordBatch, now: pa.RecordBatch) -> pa.Array:
    """Say for each doubt whether the file is there as it was, and nobody has read it since."""
    other = pc.not_equal(doubts["sha256"], now["sha256"])
    # Of what is disputed no hash is known to be the right one.
    disputed = pc.and_(pc.equal(doubts["proof"], DISPUTED), pc.is_valid(now["sha256"]))
    stand = pc.or_(pc.fill_null(other, False), disputed)
    for name in _SAME:
        one, other = doubts[name], now[name]
        if name == "version":  # a bucket that keeps none has none
            one, other = pc.fill_null(one, ""), pc.fill_null(other, "")
        stand = pc.and_(stand, pc.fill_null(pc.equal(one, other), False))
    later = pc.greater(now["proved_at"], doubts["proved_at"])
    return pc.and_not(stand, pc.fill_null(later, False))


def _chained(paths: list[Path]) -> Iterator[pa.RecordBatch]:
    return chain.from_iterable(read.batches(path, SCANNED) for path in paths)
