"""What a scan has otherwise than it should be: by what it remembers of the good ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.recovery import rows
from reconciler.recovery.findings.states import EITHER
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.away import away
from reconciler.recovery.scanning.finishing.displaced import is_displaced, path_of
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.known.comparing import attested, pairs
from reconciler.recovery.scanning.known.earlier import contents_of, fetched
from reconciler.recovery.values import DAMAGED, DELETED, MISSING, FileFinding, Scan
from reconciler.recovery.verifying.comparing.classify import another_version, is_under
from reconciler.recovery.verifying.telling.wrong import Otherwise


def otherwise(repository: Repository, scan: Scan, hidden: Hidden) -> Iterator[Otherwise]:
    """Yield what is damaged or gone, but for what is `hidden` from the scan.

    Raises `RepositoryError`; `SnapshotError` if one of its parts can't be used.
    """
    with ExitStack() as opened:
        remembered = fetched(repository, scan.remembered, opened)
        there = contents_of(fetched(repository, scan.contents, opened))
        for good in read.batches(remembered, CONTENTS):
            now = there.beside(good["path"])
            yield from _damaged(scan, good, now)
            yield from _gone(scan, good, now, hidden)


def _damaged(scan: Scan, good: pa.RecordBatch, now: pa.RecordBatch) -> Iterator[Otherwise]:
    rotten = pc.or_(pairs.rotten(now, good), attested.rotten(now, good))
    found = convert.contents(good.filter(rotten)), convert.contents(now.filter(rotten))
    for one, other in zip(*found, strict=True):
        finding = FileFinding(DAMAGED, scan.name, scan.place, one.path, _plain(one), other)
        yield Otherwise(finding)


def _gone(
    scan: Scan, good: pa.RecordBatch, now: pa.RecordBatch, hidden: Hidden
) -> Iterator[Otherwise]:
    """Yield what the scan could have seen, and has not."""
    deleted = pc.fill_null(pc.equal(now["kind"], rows.DELETED), False)
    instead = functools.reduce(pc.or_, (pc.equal(now["kind"], kind) for kind in rows.INSTEAD))
    other_there = pc.or_(deleted, pc.fill_null(instead, False))
    gone = pc.or_(pc.is_null(now["path"]), other_there)
    others = iter(convert.contents(now.filter(other_there)))
    has_other = other_there.filter(gone).to_pylist()
    for one, is_there in zip(convert.contents(good.filter(gone)), has_other, strict=True):
        other = next(others) if is_there else None
        was = away(one.detail)
        if hidden(one.path):
            continue
        what, note = MISSING, ""
        if other and other.kind == rows.DELETED and not is_under(one, other):
            note = another_version(other)
        elif other and other.kind == rows.DELETED:
            what, note = DELETED, other.version or ""
        elif other:
            note = f"{one.kind} became {other.kind}"
        elif is_displaced(one.path):
            note = "another file has come there since"
        gone, *more = _gone_as(one)
        finding = FileFinding(what, scan.name, scan.place, gone.path, gone, other, note)
        finding = replace(finding, missed=tuple(more))
        how = bool(was.maybe), was.is_moved, is_displaced(one.path)
        yield Otherwise(finding, was.since.decode(), *how)


def _gone_as(remembered: Content) -> tuple[Content, ...]:
    """Return as what a file is gone: as it was known, or as it was written and never read.

    Where nobody knows which, as either.
    """
    was, known = away(remembered.detail), _plain(remembered)
    if was.written is None:
        return (known,)
    size, mtime_ns = was.written
    written = Content(known.path, rows.UNREADABLE, size, mtime_ns)
    # What has moved was found by what was written last.
    if was.is_written_lost or was.is_moved:
        return (written,)
    return known, replace(written, detail=EITHER)


def _plain(remembered: Content) -> Content:
    """Return a row as the scan had it that saw it: without since when it is only remembered."""
    return replace(remembered, path=path_of(remembered.path), detail=None)
