"""`verify --explain`: one file through all scans, and where its good bytes still are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import SnapshotError
from reconciler.recovery import rows, values
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, is_written, open_ones
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.remembering import dated
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.lasts import Lasts
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.explaining import meant
from reconciler.recovery.verifying.explaining.shelf import Shelf, batches
from reconciler.recovery.verifying.judging.classify import QUIET, classify
from reconciler.recovery.verifying.judging.sides import Circumstances
from reconciler.recovery.verifying.recorded import Recorded, of_scan, of_snapshot
from reconciler.recovery.verifying.stories import Chapter, Copy, Story
from reconciler.recovery.verifying.telling import forgotten
from reconciler.recovery.verifying.telling.apart import has_good_bytes

#: So many other places of the same bytes are named.
_COPIES = 20
_SAME = frozenset({stories.SAME, "touched"})


def explain(
    repository: Repository, storage: str, place: str, path: bytes, settled_ns: int
) -> Story:
    """Return the story of a file on the storage at a place (`places.place_of`).

    Raises `RepositoryError`.
    """
    there = listing.listed(repository)
    snapshots, lost = there.kept, [damaged.reason for damaged in there.damaged]
    shelf = Shelf(repository, path)
    narrator = _Narrator(storage, place, path, settled_ns)
    for side, ids in _recorded(repository, snapshots, place, lost):
        narrator.remember(side, shelf.remembered(side))
        if shelf.is_lost(side):
            narrator.miss(side, ids)
        else:
            narrator.hear(side, ids, shelf.row(side), shelf.closed(side))
    kept = store.read(repository, place)
    known = [f for f in kept.episodes if f.path == path and not f.about]
    story = _with_lasting(narrator.story(), known)
    copies = list(_copies(repository, snapshots, story, lost)) if story.good else []
    lost += [*shelf.lost, *forgotten.sentences(Lasts(repository), place, kept)]
    return Story(
        storage,
        path,
        story.chapters,
        story.good,
        story.last_right,
        story.wrong_since,
        tuple(copies[:_COPIES]),
        max(0, len(copies) - _COPIES),
        tuple(known),
        meant=b"" if known or lost else _meant(repository, place, story),
        lost=tuple(dict.fromkeys(lost)),
    )


def _meant(repository: Repository, place: str, story: Story) -> bytes:
    if any(chapter.what != stories.UNSEEN for chapter in story.chapters):
        return b""
    last = record.latest(repository, place, complete=False)
    return meant.path_in(repository, last, story.path) if last else b""


def _with_lasting(story: Story, known: Iterable[FileFinding]) -> Story:
    """Return the story with what was found wrong by scans that are no longer there."""
    last = story.chapters[-1] if story.chapters else None
    for found in open_ones(known).values():
        # What is older, where later scans are lost, ends nothing.
        now = last.content if last and last.at > found.last_seen else None
        over = has_good_bytes(found, now) or is_written(found, now)
        if found.what in NEEDS_PROOF and not (story.wrong_since or over):
            right = _last_read(found.was, story)
            return replace(story, good=found.was, wrong_since=found.first_seen, last_right=right)
    return story


def _last_read(good: Content | None, story: Story) -> str:
    """Return when the good bytes were read last, as far as any scan tells; empty: never."""
    rows_of_it = [good, *(chapter.content for chapter in story.chapters)] if good else []
    read = [
        row.proved_at
        for row in rows_of_it
        if row and good and row.sha256 == good.sha256 and row.proof in (rows.READ, rows.KEPT)
    ]
    return _moment(max(filter(None, read))) if any(read) else ""


def _recorded(
    repository: Repository, snapshots: Sequence[Kept], place: str, lost: list[str]
) -> Iterator[tuple[Recorded, tuple[str, ...]]]:
    """Yield every scan of a place, the oldest first, with the snapshots that have it.

    Of each one that can't be read `lost` gets a sentence.
    """
    found: dict[str, Recorded] = {}
    ids: dict[str, list[str]] = {}
    for kept in snapshots:
        for storage in kept.snapshot.storages:
            side = of_snapshot(storage) if storage.place == place else None
            if side is not None:
                found[side.scan] = side
                ids.setdefault(side.scan, []).append(kept.snapshot.id)
    for scan in record.whole(repository, place, lost):
        found[scan.id] = of_scan(scan)
    for side in sorted(found.values(), key=lambda side: (side.started_at, side.scan)):
        yield side, tuple(dict.fromkeys(ids.get(side.scan, ())))


class _Heard(Struct):
    """What was good last: the row, and the scan that has it."""

    side: Recorded
    content: Content


class _Narrator:
    """Puts the chapters together, in the order of scans."""

    def __init__(self, storage: str, place: str, path: bytes, settled_ns: int) -> None:
        self._by = storage, place
        self._path = path
        self._settled_ns = settled_ns
        self._chapters: list[Chapter] = []
        self._good: _Heard | None = None
        self._last_right = self._wrong_since = ""
        #: Since when it is only remembered what it should be.
        self._since = ""

    def remember(self, side: Recorded, content: Content | None) -> None:
        """Take what the file should be, from a scan before which none is kept that has seen it."""
        if self._good is None and content is not None:
            self._since, _ = dated(content)
            self._right(side, replace(content, detail=None))

    def hear(
        self,
        side: Recorded,
        snapshots: tuple[str, ...],
        content: Content | None,
        closed: Iterable[bytes],
    ) -> None:
        """Add what one scan says; `closed` are the folders on the way that it could not list."""
        what, note = self._judged(side, content, closed)
        self._chapters.append(Chapter(side.started_at, side.scan, what, content, note, snapshots))
        if what in (stories.NOTHING, stories.UNSEEN):
            return
        # Where somebody wrote it, it is to be what they wrote from here on.
        written = what == values.CHANGED and content is not None and content.sha256 is not None
        if what in (stories.FIRST, stories.SAME) or written:
            self._since = ""
            self._right(side, content)
        elif not self._wrong_since:
            self._wrong_since = self._since or side.started_at

    def miss(self, side: Recorded, snapshots: tuple[str, ...]) -> None:
        """Add that what one scan says is lost."""
        note = "what it found can't be read"
        self._chapters.append(
            Chapter(side.started_at, side.scan, stories.NOTHING, note=note, snapshots=snapshots)
        )

    def story(self) -> Story:
        storage, _ = self._by
        good = self._good.content if self._good else None
        return Story(
            storage,
            self._path,
            tuple(self._chapters),
            good,
            self._last_right,
            self._wrong_since,
        )

    def _right(self, side: Recorded, content: Content | None) -> None:
        if content is None or (content.sha256 is None and content.kind == rows.FILE):
            return
        self._wrong_since = ""
        if self._good is None or content.proof != rows.KEPT:
            self._good = _Heard(side, content)
        proved = content.proved_at
        if content.proof in (rows.READ, rows.KEPT) and proved is not None:
            self._last_right = max(self._last_right, _moment(proved))

    def _judged(
        self, side: Recorded, content: Content | None, closed: Iterable[bytes]
    ) -> tuple[str, str]:
        if self._good is None:
            return self._before(side, content, closed)
        was = self._good
        now = side.side()
        for part in closed:
            now.lost.add(part)
        by = Circumstances(*self._by, was.side.side(), now, settled_ns=self._settled_ns)
        if content == was.content:
            return stories.SAME, ""
        judged = classify(self._path, was.content, content, by)
        note = judged.finding.note if judged.finding else ""
        if judged.what in _SAME:
            return stories.SAME, ""
        if judged.what == values.NOT_VERIFIED:
            return stories.NOTHING, note or "a folder on the way to it could not be listed"
        # Whether it had settled matters for a report, and not here.
        return (values.CHANGED if judged.what in QUIET else judged.what), note

    def _before(
        self, side: Recorded, content: Content | None, closed: Iterable[bytes]
    ) -> tuple[str, str]:
        """Judge a scan before which no hash of the file is known."""
        if content is None:
            if any(closed):
                return stories.NOTHING, "a folder on the way to it could not be listed"
            if side.side().excluded(self._path):
                return stories.NOTHING, "the scan left it out"
            return (values.MISSING if self._seen() else stories.UNSEEN), ""
        if content.is_unread or (content.kind == rows.FILE and content.sha256 is None):
            return stories.NOTHING, "its bytes were not read"
        if content.kind in (rows.UNREADABLE, rows.CHANGING, rows.ARCHIVED):
            return stories.NOTHING, (content.detail or b"").decode("ascii", "replace")
        return stories.FIRST, ""

    def _seen(self) -> bool:
        return any(chapter.content is not None for chapter in self._chapters)


def _copies(
    repository: Repository, snapshots: Sequence[Kept], story: Story, lost: list[str]
) -> Iterator[Copy]:
    """Yield where the last scan of each storage has the good bytes.

    Of each one that can't be read `lost` gets a sentence.
    """
    good = story.good
    if good is None or good.sha256 is None or not good.size:
        return
    wanted = pa.scalar(good.sha256, CONTENTS.field("sha256").type)
    lasts = Lasts(repository)
    for name, place in sorted(_storages(snapshots).items()):
        try:
            scan = lasts.of(place)
            for batch in batches(repository, of_scan(scan).contents) if scan else ():
                for found in convert.contents(batch.filter(pc.equal(batch["sha256"], wanted))):
                    yield Copy(name, found.path, scan.started_at if scan else "", found)
        except SnapshotError as error:
            lost.append(str(error))


def _storages(snapshots: Sequence[Kept]) -> dict[str, str]:
    """Return the place of each storage by its name, both as the newest snapshot has them.

    A place comes once, under its last name; where a storage lay before it moved is not looked.
    """
    places: dict[str, str] = {}
    for kept in reversed(snapshots):
        for storage in kept.snapshot.storages:
            if storage.place and storage.name not in places:
                places[storage.name] = "" if storage.place in places.values() else storage.place
    return {name: place for name, place in places.items() if place}


def _moment(seconds: int) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC), "seconds")
