"""Files that an earlier scan knows and the listing of a bucket leaves out: asked for, each alone.

Not every listing is whole: servers that move their index, and what stands between, leave out keys
that they give to whoever asks. What answers is scanned as if it had been listed; only what is not
there then is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import UnreachableError
from reconciler.recovery.cloud.lists import BucketList
from reconciler.recovery.parts import merge
from reconciler.recovery.parts.convert import rows_of
from reconciler.recovery.parts.stream import Stream
from reconciler.recovery.rows import (
    ARCHIVED,
    DELETED,
    FILE,
    WITH_BYTES,
    Rows,
    chosen,
    extend,
    is_closed,
    part_of,
    with_attested,
)
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outdated import Outdated
from reconciler.recovery.scanning.reading.threads import Threads
from reconciler.recovery.source import Source
from reconciler.recovery.walking.exclusions import Exclusions

#: A scan asks for so many files at most, and for so many of them at once.
MOST, _AT_ONCE = 10_000, 16
#: What is said to be gone if it is not there; and what of it is there.
_OBJECTS, _THERE = (*WITH_BYTES, DELETED), (FILE, ARCHIVED)
#: Seconds between two looks whether somebody wants an end.
_LOOK = 0.5
_NANOSECONDS = 1_000_000_000


class Unlisted:
    """Puts between what is listed what is there beside it."""

    def __init__(
        self,
        source: Source,
        means: Means,
        known: Sequence[Iterator[pa.RecordBatch]],
        opened: ExitStack,
        listed_by: BucketList | None = None,
        last: Last | None = None,
        gone: pa.Array | None = None,
        own: Sequence[Iterator[pa.RecordBatch]] = (),
        told: Callable[[Rows], None] = lambda _gone: None,
    ) -> None:
        """Take what earlier scans and runs know, sorted by path, with the columns of `SCANNED`.

        What `listed_by` lacks may have come since it was made: all of that is asked for. So is what
        it has otherwise than the `last` scan has found it, or than runs of its `own` that were
        ended, and what was found `gone` and is not known to be back, as lists are late. What is
        asked for and not there is `told`.
        """
        self._told = told
        self._outdated = Outdated(last, gone, own) if listed_by else None
        self._listed_by = listed_by
        self._source = source
        self._covers = Exclusions(means.wish.excluded).covers
        self._known = Stream(merge.joined(known), "path", "what is known")
        self._pace = means.pace
        self._opened = opened
        self._threads: Executor | None = None
        #: How many are there that came, or came again, since the list was made.
        self._came = 0
        self._asked = self._beyond = 0
        #: How many files are there that the listing left out.
        self.found = 0

    def among(self, listing: Iterator[Rows]) -> Iterator[Rows]:
        """Yield a listing, and in their places the files that it leaves out.

        It ends early where reading is to end. Raises `UnreachableError`, also in the end if so
        much is left out that not all of it was asked for, and some of that was there.
        """
        for rows in listing:
            yield self._with_more(rows) if len(rows) else rows
        while self._known.more() and not self._pace.stopping:
            until = self._known.key_within(merge.WINDOW)
            if len(found := self._there(self._known.take(until), Rows())):
                yield found
        if self.found and self._beyond and not self._pace.stopping:
            raise UnreachableError(
                f"the listing of the bucket leaves out more than {MOST:,} files that earlier scans "
                f"know, and {self.found:,} of those that were asked for are there: nothing may be "
                "concluded from it. Have its index looked after",
                reason="listing",
            )

    @property
    def same(self) -> Rows:
        """Some files that a list has as the last scan knows them; none without a list."""
        return self._outdated.same if self._outdated else Rows()

    @property
    def lacks(self) -> int:
        """How many files are there, or may be, that the listing does not have."""
        return self.found + (self._listed_by.unsure if self._listed_by else 0)

    @property
    def notes(self) -> list[str]:
        """Say in sentences what the listing left out, and of what nobody has asked."""
        told = []
        if self._listed_by:
            told.append(reasons.listed_then(self._listed_by.listed_at))
            told += reasons.unsure(self._listed_by.unsure)
        if self._came:
            told.append(
                f"{self._came:,} more that earlier scans know were asked for, each by itself: they "
                "were written again since the list was made"
            )
        if self.found and self._listed_by:
            told.append(
                f"The list leaves out {self.found:,} more that earlier scans know, and that were "
                "there when it was made: it is not whole, or of a part of the bucket"
            )
        elif self.found:
            what = "1 file that" if self.found == 1 else f"{self.found:,} files that"
            told.append(
                f"The listing of the bucket leaves out {what} earlier scans know, though the "
                "server gives them to whoever asks: they were scanned, but new files that it "
                "leaves out are not seen. Have its index looked after"
            )
        if self._beyond:
            told.append(
                f"{self._asked:,} files that the listing of the bucket does not have were asked "
                f"for, each by itself; that {self._beyond:,} more are gone, the listing alone says"
            )
        return told

    def _with_more(self, rows: Rows) -> Rows:
        last, more = rows.path[-1], Rows()
        doubted = self._outdated.among(rows) if self._outdated else Rows()
        # What answers as it is listed is what a report may be of.
        extend(more, answers := with_attested(self._asked_of(doubted), rows, _THERE))
        self._count(_otherwise(answers, doubted))
        while self._known.more() and not self._pace.stopping:
            until = min(self._known.key_within(merge.WINDOW), last)
            batch = self._known.take(until)
            extend(more, self._there(batch, rows))
            if until == last:
                break
        if not (len(more) or len(doubted)):
            return rows
        both, found = Rows(), {*more.path, *doubted.path}
        extend(both, chosen(rows, [i for i, path in enumerate(rows.path) if path not in found]))
        extend(both, more)
        return chosen(both, sorted(range(len(both)), key=both.path.__getitem__))

    def _there(self, known: pa.RecordBatch, listed: Rows) -> Rows:
        """Return which of the files that are known, and not listed, are there."""
        missing = self._left_out(known, listed)
        room = len(missing) if self._listed_by else max(MOST - self._asked, 0)
        self._beyond += max(len(missing) - room, 0)
        missing = part_of(missing, 0, room)
        found = self._asked_of(missing)
        self._count(found)
        return found

    def _asked_of(self, some: Rows) -> Rows:
        """Ask for files, and return those that are there."""
        found, end = Rows(), 0
        for start in range(0, len(some), _AT_ONCE):
            portion = part_of(some, start, start + _AT_ONCE)
            self._asked += len(portion)
            if not self._ask(portion, found):
                break
            end = start + len(portion)
        there = frozenset(found.path)
        if gone := [i for i, path in enumerate(some.path[:end]) if path not in there]:
            self._told(chosen(some, gone))
        return found

    def _count(self, found: Rows) -> None:
        """Count what is there, and was not listed so."""
        there = [found.mtime_ns[i] for i, kind in enumerate(found.kind) if kind in _THERE]
        came = sum(self._is_new(written) for written in there)
        self._came, self.found = self._came + came, self.found + len(there) - came

    def _is_new(self, written: int | None) -> bool:
        """Return whether a file was written after the list was made, which can't have it so."""
        by = self._listed_by
        return by is not None and written is not None and written >= by.at * _NANOSECONDS

    def _left_out(self, known: pa.RecordBatch, listed: Rows) -> Rows:
        deleted = self._deleted(listed)
        paths = pa.array([p for p in listed.path if p not in deleted], pa.binary())
        if known["path"].equals(paths):
            return Rows()
        absent = pc.invert(pc.is_in(known["path"], value_set=paths))
        if not pc.any(absent).as_py():
            return Rows()
        rows = rows_of(known.filter(absent))
        meant = (i for i in range(len(rows)) if self._is_meant(rows, i))
        return chosen(
            rows, [i for i in meant if (rows.path[i], rows.kind[i]) not in deleted.items()]
        )

    def _deleted(self, listed: Rows) -> dict[bytes, str]:
        """Return what a list has as deleted: it may be there again since the list was made."""
        each = zip(listed.path, listed.kind, strict=True) if self._listed_by else ()
        return {path: kind for path, kind in each if kind == DELETED}

    def _is_meant(self, rows: Rows, i: int) -> bool:
        """Return whether a row is of an object, and one that can be asked for."""
        path, kind = rows.path[i], rows.kind[i]
        if kind not in _OBJECTS or is_closed(kind, path, rows.size[i]) or self._covers(path):
            return False
        try:
            path.decode()
        except UnicodeDecodeError:  # nobody can have read it
            return False
        return True

    def _ask(self, some: Rows, found: Rows) -> bool:
        """Ask for some files at once; False if reading is to end."""
        if self._threads is None:
            self._threads = Threads(_AT_ONCE)
            self._opened.callback(self._threads.shutdown, wait=False)
        asked: list[Future[Rows]] = [
            self._threads.submit(self._source.unlisted, part_of(some, i, i + 1))
            for i in range(len(some))
        ]
        left = set(asked)
        while left:
            if self._pace.stopping:
                return False
            _, left = wait(left, _LOOK)
        for future in asked:
            extend(found, future.result())
        return True


def _otherwise(found: Rows, listed: Rows) -> Rows:
    """Return what was found otherwise than it was listed."""
    each = set(zip(listed.path, listed.mtime_ns, listed.tag, strict=True))
    now = enumerate(zip(found.path, found.mtime_ns, found.tag, strict=True))
    return chosen(found, [i for i, one in now if one not in each])
