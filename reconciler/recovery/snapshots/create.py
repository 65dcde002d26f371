"""A new snapshot: what the platform tells, joined with the newest scan of each storage."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from msgspec import Struct

from reconciler.environment.origin import Origin, run_id
from reconciler.environment.timestamps import timestamp, whole_seconds
from reconciler.errors import SnapshotError
from reconciler.lease.keeper import Clock
from reconciler.location import location
from reconciler.manifest.render import render
from reconciler.masking import has_secret, masked
from reconciler.model import State, Storage, unmanaged_because
from reconciler.platform import Reader
from reconciler.printable import quoted
from reconciler.recovery.repository import condemned, layout, sound
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning import standing
from reconciler.recovery.scanning.known.begun import unfinished
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.snapshots import clocks, document
from reconciler.recovery.snapshots.document import (
    Contents,
    Kept,
    Lacking,
    Made,
    PlatformTold,
    Snapshot,
    SnapshotStorage,
    plain,
)
from reconciler.recovery.snapshots.fewer import Before, look_back, missing_since, refuse_fewer
from reconciler.recovery.snapshots.reading import Told, read
from reconciler.recovery.values import Scan
from reconciler.version import __version__

_COMPARED = "The new snapshot is compared with the one before it"
_NOT_COMPARED = "No other can be read, so nobody knows whether storages are gone since"


class Wish(Struct, frozen=True):
    """What is to be made of it."""

    #: The platform's address, fit to be printed.
    address: str
    origin: Origin
    #: Names the storages that a manifest declares and that are not live, by what is live.
    lacking: Callable[[State], Collection[str]] = lambda _: ()
    #: Gets a sentence of what does not end it, and should be known.
    warn: Callable[[str], None] = lambda _: None
    #: Whether there may be fewer storages than before, or than declared.
    allow_fewer: bool = False


def create(
    reader: Reader,
    repository: Repository,
    wish: Wish,
    *,
    progress: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> Kept:
    """Read a platform, and keep what it tells as a new snapshot; nothing else is changed.

    `snapshot.json` is written last: until then nothing is there that counts. `progress` is told
    each storage before its files are read. Raises `SnapshotError` if there are fewer storages than
    before, or the clock is behind; `PlatformError`, `RepositoryError`.
    """
    found: dict[str, Before] = {}

    def before(state: State) -> Before:
        if state.platform_id not in found:
            looked = look_back(repository, state.platform_id, wish.address)
            found[state.platform_id] = looked
            for reason in looked.damaged:
                wish.warn(f"{reason}. {_COMPARED if looked.last else _NOT_COMPARED}")
        return found[state.platform_id]

    def approve(state: State) -> None:
        last = before(state).last
        if not wish.allow_fewer:
            gone = missing_since(last.snapshot if last else None, state)
            refuse_fewer(gone, wish.lacking(state), state, repository.address)

    clocks.refuse_behind(repository, clock())
    told = read(reader, repository, approve=approve, progress=progress)
    now = clock()
    clocks.refuse_behind(repository, now)
    snapshot, text = _joined(repository, told, wish, before(told.state), now)
    clocks.refuse_scans_ahead(snapshot, now)
    return _keep(repository, snapshot, text)


def _joined(
    repository: Repository, told: Told, wish: Wish, before: Before, now: float
) -> tuple[Snapshot, bytes]:
    """Return the snapshot, and its manifest."""
    state = told.state
    lacking = [*_of_list(state), *told.lacking]
    lasts = LastRecords(repository)
    storages = [
        _storage(repository, lasts, storage, told, lacking)
        for storage in sorted(state.storages, key=lambda each: (each.name, each.id))
    ]
    for storage in storages:
        if storage.contents is not None:
            _warn_of_newer(repository, storage, storage.contents, wish)
    text = render(
        [storage for storage in state.storages if unmanaged_because(storage) is None],
        platform=None if has_secret(wish.address) or "***" in wish.address else wish.address,
        with_ids=False,
        editor_line=False,
    ).encode()
    own = before.last.snapshot if before.last and before.same else None
    snapshot = Snapshot(
        format_version=document.FORMAT_VERSION,
        id=run_id(now, os.urandom(4)),
        created_at=timestamp(datetime.fromtimestamp(now, UTC), "seconds"),
        lineage=own.lineage if own else os.urandom(16).hex(),
        serial=own.serial + 1 if own else 1,
        previous=before.last.digest if before.last else "",
        complete=not lacking,
        lacking=tuple(sorted(lacking, key=lambda each: (each.storage, each.what))),
        platform=PlatformTold(
            masked(wish.address), state.platform_id, state.account, state.complete
        ),
        made=_made(wish.origin),
        manifest_sha256=hashlib.sha256(text).hexdigest(),
        storages=tuple(storages),
    )
    return snapshot, text


def _of_list(state: State) -> list[Lacking]:
    if state.complete is not False:
        return []
    return [Lacking("", "list", "the platform says that its list of storages is not complete")]


def _made(origin: Origin) -> Made:
    return Made(
        __version__, origin.host, origin.actor, origin.run, origin.commit, masked(origin.job_url)
    )


def _storage(
    repository: Repository, lasts: LastRecords, storage: Storage, told: Told, lacking: list[Lacking]
) -> SnapshotStorage:
    """Return what is kept of a storage; what could not be read is added to `lacking`."""
    because = unmanaged_because(storage)
    if storage.flaw:
        lacking.append(Lacking(plain(storage.name), "storage", plain(storage.flaw)))
    place = "" if because else location(storage.type, storage.default_url).place
    spaces = None if told.spaces is None else told.spaces.get(storage.id)
    return SnapshotStorage(
        id=plain(storage.id),
        name=plain(storage.name),
        label=plain(storage.label),
        type=plain(storage.type),
        default_url=plain(masked(storage.default_url)),
        place=place,
        created_at=storage.created_at,
        spaces=None if spaces is None else tuple(map(plain, spaces)),
        unmanaged=plain(because or ""),
        inventory=told.inventories.get(storage.id),
        contents=_contents(repository, lasts, storage.name, place, lacking) if place else None,
    )


def _contents(
    repository: Repository, lasts: LastRecords, name: str, place: str, lacking: list[Lacking]
) -> Contents | None:
    """Return the newest scan of a storage; None if there is none, or if it can't be used."""
    try:
        scan = lasts.of(place)
        if scan is None:
            # Who never scanned a storage lacks nothing; who has begun to is not through.
            if begun := unfinished(repository, place, after=""):
                lacking.append(
                    Lacking(name, "contents", f"{begun}: the snapshot has nothing of it")
                )
            return None
        part = next(iter(repository.entries(layout.part(scan.contents))), None)
    except SnapshotError as error:
        lacking.append(Lacking(name, "contents", f"its last scan can't be used: {error}"))
        return None
    if part is None:
        why = "the part of its last scan is lost: scan it again"
        lacking.append(Lacking(name, "contents", why))
        return None
    if wrong := sound.fault(repository, scan.contents):
        why = f"the part of its last scan can't be used: {wrong}. Scan it again"
        lacking.append(Lacking(name, "contents", why))
        return None
    if not scan.complete:
        why = "its last scan could not list or read all of it"
        lacking.append(Lacking(name, "contents", why))
    try:
        why = standing.told(repository, scan)
    except SnapshotError as error:
        why = f"what reports of the cloud doubt can't be read: {error}"
    if why:
        lacking.append(Lacking(name, "contents", why))
    return _of_scan(scan, part.size)


def _warn_of_newer(
    repository: Repository, storage: SnapshotStorage, contents: Contents, wish: Wish
) -> None:
    if begun := unfinished(repository, storage.place, after=contents.scan):
        wish.warn(
            f"{quoted(storage.name)}: {begun}. The snapshot has the scan before it, of "
            f"{whole_seconds(contents.started_at)}"
        )


def _of_scan(scan: Scan, size: int) -> Contents:
    return Contents(
        sha256=scan.contents,
        size=size,
        scan=scan.id,
        started_at=scan.started_at,
        ended_at=scan.ended_at,
        complete=scan.complete,
        unproved=scan.unproved,
        excluded=scan.excluded,
        counts=scan.counts,
        root=scan.root,
        tool_version=scan.tool_version,
        host=scan.host,
        listed_at=scan.listed_at,
        reports=scan.reports,
    )


def _keep(repository: Repository, snapshot: Snapshot, text: bytes) -> Kept:
    """Write a snapshot, the file that makes it count last, while its parts are sure to stay."""
    data = document.encode(snapshot)
    parts = {part.sha256 for _, part in snapshot.parts()}
    elapsed = Clock()
    while True:
        begun = elapsed.now()
        condemned.secure(repository, parts)
        repository.write(layout.snapshot(snapshot.id, document.MANIFEST), text)
        if elapsed.now() - begun < condemned.GRACE / 2:
            break
    if not repository.write(layout.snapshot(snapshot.id), data):
        raise SnapshotError(f"there is a snapshot {snapshot.id} already: try again")
    return Kept(document.decode(data), document.digest_of(data))
