"""`verify --explain`: one file through all scans, and where its good bytes still are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery import rows, values
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import NEEDS_PROOF, is_written, open_ones
from reconciler.recovery.findings.history import has_good_bytes, of_each
from reconciler.recovery.parts import convert
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning import doubted, standing
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.earlier import every
from reconciler.recovery.verifying.explaining import meant
from reconciler.recovery.verifying.explaining.folder import of_folder
from reconciler.recovery.verifying.explaining.narrator import Narrator, moment
from reconciler.recovery.verifying.explaining.shelf import Shelf, batches
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.stories import Chapter, Copy, Story
from reconciler.recovery.verifying.telling import forgotten

#: So many other places of the same bytes are named.
_COPIES = 20


def explain(
    repository: Repository, storage: str, place: str, path: bytes, settled_ns: int
) -> Story:
    """Return the story of a file on the storage at a place (`places.place_of`).

    Raises `RepositoryError`.
    """
    there = listing.listed(repository)
    snapshots, lost = there.kept, [damaged.reason for damaged in there.damaged]
    shelf = Shelf(repository, path)
    narrator = Narrator(storage, place, path, settled_ns)
    for side, ids in every(repository, snapshots, place, lost):
        narrator.remember(side, shelf.remembered(side))
        if shelf.is_lost(side):
            narrator.miss(side, ids)
        else:
            narrator.hear(side, ids, shelf.row(side), shelf.closed(side))
    kept = store.read(repository, place)
    known = [f for f in kept.episodes if f.path == path and not f.about]
    story = _with_lasting(narrator.story(), known)
    copies = list(_copies(repository, snapshots, story, lost)) if story.good else []
    lasts = LastRecords(repository)
    lost += [*shelf.lost, *forgotten.sentences(repository, lasts, place, kept)]
    folder = story if known else of_folder(repository, lasts, story, place, kept.episodes)
    if folder.folder is not None:
        return replace(folder, lost=tuple(dict.fromkeys(lost)))
    return replace(
        story,
        chapters=(*story.chapters, *_doubts(repository, lasts, place, path, lost)),
        copies=tuple(copies[:_COPIES]),
        more_copies=max(0, len(copies) - _COPIES),
        findings=tuple(known),
        meant=b"" if known or lost else _meant(repository, place, story),
        lost=tuple(dict.fromkeys(lost)),
    )


def _doubts(
    repository: Repository, lasts: LastRecords, place: str, path: bytes, lost: list[str]
) -> Iterator[Chapter]:
    """Yield what a report says of a file otherwise than the last scan, if nobody has read it since.

    That it can't be read is told in `lost`.
    """
    try:
        scan = lasts.of(place)
        lost += filter(None, [doubted.Marks(repository, place).not_looked()])
        for batch in standing.rows(repository, scan) if scan else ():
            for found in convert.contents(batch.filter(pc.equal(batch["path"], path))):
                note = f"{stories.DOUBTED}: SHA-256 {(found.sha256 or b'').hex()[:12]}"
                note = note if found.sha256 else stories.DISPUTED
                at = moment(found.proved_at or 0)
                reports = tuple((found.detail or b"").decode().split())
                yield Chapter(at, "", stories.NOTHING, note=note, reports=reports)
    except SnapshotError as error:
        lost.append(str(error))


def _meant(repository: Repository, place: str, story: Story) -> bytes:
    if any(chapter.what != stories.UNSEEN for chapter in story.chapters):
        return b""
    last = record.latest(repository, place, complete=False)
    return meant.path_in(repository, last, story.path) if last else b""


def _with_lasting(story: Story, known: Collection[FileFinding]) -> Story:
    """Return the story with what was found wrong by scans that are no longer there.

    And without what only looks wrong: what is over may tell that the bytes of before were.
    """
    last = story.chapters[-1] if story.chapters else None
    for found in open_ones(known).values():
        # What is older, where later scans are lost, ends nothing.
        now = last.content if last and last.at > found.last_seen else None
        over = has_good_bytes(found, now) or is_written(found, now)
        told = "" < story.wrong_since <= found.first_seen and not story.overwritten
        if found.what in NEEDS_PROOF and not (over or told):
            return _wrong(story, found, overwritten=False)
        is_changed = found.what == values.CHANGED and found.was is not None and found.was.sha256
        if is_changed and not (has_good_bytes(found, now) or story.wrong_since):
            return _wrong(story, found, overwritten=True)
    return _right(story, last.content, known) if last and last.content else story


def _right(story: Story, now: Content, known: Collection[FileFinding]) -> Story:
    """Return the story of a file that is what it was before it was wrong, if that is known."""
    looks = FileFinding(values.DAMAGED, story.storage, "", story.path, story.good, now)
    if not story.wrong_since or not any(h.has_good(looks) for h in of_each(known).values()):
        return story
    last_right = _last_read(now, story)
    return replace(story, good=now, wrong_since="", last_right=last_right, overwritten=False)


def _wrong(story: Story, found: FileFinding, *, overwritten: bool) -> Story:
    return replace(
        story,
        good=found.was,
        wrong_since=found.first_seen,
        last_right=_last_read(found.was, story),
        written=found.first_seen if overwritten else "",
        overwritten=overwritten,
    )


def _last_read(good: Content | None, story: Story) -> str:
    """Return when the good bytes were read last, as far as any scan tells; empty: never."""
    rows_of_it = [good, *(chapter.content for chapter in story.chapters)] if good else []
    read = [
        row.proved_at
        for row in rows_of_it
        if row and good and row.sha256 == good.sha256 and row.proof in rows.PROVEN
    ]
    return moment(max(filter(None, read))) if any(read) else ""


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
    lasts = LastRecords(repository)
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
