"""What is known of a folder, where somebody names one in place of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery import rows
from reconciler.recovery.findings.episodes import is_settled, open_ones
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.explaining.shelf import batches
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.stories import Folder, Story

#: How people name the root of a storage.
_ROOT = frozenset({b"", b".", b"./", b"/"})
#: So many of the findings below it are told one by one.
_TOLD = 20


def of_folder(
    repository: Repository,
    lasts: LastRecords,
    story: Story,
    place: str,
    known: Sequence[FileFinding],
) -> Story:
    """Return what is known of all that lies below a path, if no scan has seen it as a file.

    `known` are all findings of the place. Else, and where nothing ever lay below it, the story is
    the one that was given. Raises `RepositoryError`.
    """
    if any(chapter.what != stories.UNSEEN for chapter in story.chapters):
        return story
    prefix = b"" if story.path in _ROOT else story.path.rstrip(b"/") + b"/"
    there = [
        each
        for each in open_ones(known).values()
        if not each.about and each.path.startswith(prefix)
    ]
    open_now = [each for each in there if not is_settled(each)]
    last = _last(lasts, place)
    files, unknown = _count(repository, last[0], prefix) if last else (0, 0)
    if not (files or there):
        return story
    return replace(
        story,
        path=prefix,
        chapters=(),
        folder=Folder(
            last[1] if last else "",
            files,
            unknown,
            dict(sorted(Counter(each.what for each in open_now).items())),
            len(there) - len(open_now),
        ),
        findings=tuple(sorted(open_now, key=lambda each: each.path)[:_TOLD]),
    )


def _last(lasts: LastRecords, place: str) -> tuple[str, str] | None:
    """Return the part with the contents of the last scan, and when that began."""
    try:
        scan = lasts.of(place)
    except SnapshotError:  # the story tells that it is lost
        return None
    return (of_scan(scan).contents, scan.started_at) if scan else None


def _count(repository: Repository, part: str, prefix: bytes) -> tuple[int, int]:
    """Return how many files lie below a folder, and of how many the bytes are not known."""
    files = unknown = 0
    wanted = pa.array(rows.WITH_BYTES)
    try:
        for batch in batches(repository, part):
            below = batch.filter(pc.starts_with(batch["path"], prefix)) if prefix else batch
            has_bytes = below.filter(pc.is_in(below["kind"].cast(pa.string()), value_set=wanted))
            files += has_bytes.num_rows
            unknown += has_bytes["sha256"].null_count
    except SnapshotError:  # as above
        return 0, 0
    return files, unknown
