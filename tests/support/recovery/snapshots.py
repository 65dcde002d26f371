"""Snapshots of platforms in memory, and scans of files that lie nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from reconciler.environment.origin import Origin
from reconciler.location import location
from reconciler.model import Storage
from reconciler.platform import Platform
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.schema import CONTENTS, STAMPS
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import FILE, READ, Rows
from reconciler.recovery.seal import sealed
from reconciler.recovery.snapshots.create import Wish, create
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import Counts, Root, Scan
from support.values.building import storage
from support.values.memory_platform import MemoryPlatform

ORIGIN = Origin("20261129-060000-000-abcdef", "alice", "build-7")
#: Sunday, 29 November 2026, 06:00 UTC.
NOW = 1795932000.0


def repository(folder: Path) -> Repository:
    return open_repository(str(folder / "repository"), make=True)


def platform(*names: str, **more: Any) -> MemoryPlatform:
    """Give a platform whose storages hold a file each."""
    live = [storage(name) for name in names]
    return MemoryPlatform(live, files=[each.id for each in live], **more)


def taken(
    live: Platform,
    kept_in: Repository,
    *,
    at: float = NOW,
    clock: Callable[[], float] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    **more: Any,
) -> Kept:
    """Take a snapshot."""
    wish = Wish(live.address, ORIGIN, **more)
    with closing(live.reader()) as reader:
        return create(reader, kept_in, wish, progress=progress, clock=clock or (lambda: at))


def scanned(
    kept_in: Repository,
    of: Storage,
    paths: Sequence[bytes] = (b"a.tif", b"b/c.tif"),
    *,
    id: str = "20261128-200000-000-0123ab",
    **more: Any,
) -> Scan:
    """Keep the scan of a storage, as `scanning` does."""
    rows = _rows(paths)
    contents, stamps = convert.to_batches(rows)
    sums = []
    with kept_in.workspace() as folder:
        for batch, schema in ((contents, CONTENTS), (stamps, STAMPS)):
            with PartWriter(folder, schema) as writer:
                writer.write(batch)
                written = writer.finish()
            kept_in.add(layout.part(written.sha256), written.path)
            sums.append(written.sha256)
    scan = replace(_scan(of, id, len(paths)), contents=sums[0], stamps=sums[1], **more)
    kept_in.write(f"{layout.scans(scan.place)}{id}.json", sealed(scan))
    return scan


def _scan(of: Storage, id: str, rows: int) -> Scan:
    return Scan(
        format_version=1,
        id=id,
        place=location(of.type, of.default_url).place,
        storage_id=of.id,
        name=of.name,
        root=Root("folder", of.default_url, marker=".jetraw-storage", marker_sha256="ab" * 32),
        started_at="2026-11-28T20:00:00Z",
        ended_at="2026-11-28T21:00:00Z",
        excluded=(".snapshot/",),
        complete=True,
        unproved=(),
        counts=Counts(rows, {FILE: rows}, {READ: rows}, 7 * rows, 7 * rows, 1795896000),
        contents="",
        stamps="",
        tool_version="1.0.0",
        host="scanner",
    )


def _rows(paths: Sequence[bytes]) -> Rows:
    ordered = sorted(paths)
    count = len(ordered)
    return Rows(
        path=ordered,
        kind=[FILE] * count,
        size=[7] * count,
        mtime_ns=[1_700_000_000_000_000_000] * count,
        sha256=[bytes([i % 256]) * 32 for i in range(count)],
        proof=[READ] * count,
        proved_at=[1795896000] * count,
        version=[None] * count,
        detail=[None] * count,
        ctime_ns=[1] * count,
        inode=list(range(count)),
        tag=[None] * count,
    )
