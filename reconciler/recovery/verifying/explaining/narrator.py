"""The chapters of one file's story, put together from what each scan says of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.recovery import rows, values
from reconciler.recovery.findings.episodes import NEEDS_PROOF
from reconciler.recovery.findings.history import has_good_bytes
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying import stories
from reconciler.recovery.verifying.comparing.classify import QUIET, classify
from reconciler.recovery.verifying.comparing.sides import Circumstances
from reconciler.recovery.verifying.recorded import Recorded
from reconciler.recovery.verifying.stories import Chapter, Story

_SAME = frozenset({stories.SAME, "touched"})
_CLOSED = "a folder on the way to it could not be listed"


class _Heard(Struct):
    """What was good last: the row, and the scan that has it."""

    side: Recorded
    content: Content


class Narrator:
    """Puts the chapters together, in the order of scans."""

    def __init__(self, storage: str, place: str, path: bytes, settled_ns: int) -> None:
        """Begin the story of `path`; `settled_ns` is after how long a file counts as settled."""
        self._by = storage, place
        self._path = path
        self._settled_ns = settled_ns
        self._chapters: list[Chapter] = []
        self._good: _Heard | None = None
        self._last_right = self._wrong_since = self._written = ""
        #: What it was before somebody wrote it though it had settled, and when that was right last.
        self._before_it: tuple[Content, str] | None = None
        #: As what it was found, if only its bytes, seen again, prove that it is right.
        self._lost = ""
        #: As what it was found damaged: under another time these bytes are no less.
        self._rotten: list[Content] = []
        #: What was seen of it last where nobody has read it, as in an archive.
        self._unread: Content | None = None
        #: Since when it is only remembered what it should be; and where it lies by the next scan.
        self._since = ""
        self._away = Away(b"")

    def remember(self, side: Recorded, content: Content | None) -> None:
        """Take what the file should be, as the scan that is heard next remembers it.

        That is what it was if no scan from before is kept that has seen it.
        """
        self._away = away(content.detail if content else None)
        if self._good is None and content is not None:
            self._since = self._away.since.decode()
            self._right(side, replace(content, detail=None))

    def hear(
        self,
        side: Recorded,
        snapshots: tuple[str, ...],
        content: Content | None,
        closed: Iterable[bytes],
    ) -> None:
        """Add what one scan says; `closed` are the folders on the way that it could not list."""
        what, note, settled = self._judged(side, content, closed)
        if what == values.MISSING and content is None:
            what, note = self._gone(note)
        has_bytes = content is not None and content.size and content.sha256
        if what == values.CHANGED and has_bytes in {each.sha256 for each in self._rotten}:
            what = values.DAMAGED
        if what == values.DAMAGED and content is not None and has_bytes:
            self._rotten.append(content)
        by = _attesting(side, content)
        maybe = self._away.maybe if what == stories.NOTHING else b""
        chapter = Chapter(side.started_at, side.scan, what, content, note, snapshots, by, maybe)
        self._chapters.append(chapter)
        if what in (stories.NOTHING, stories.UNSEEN, values.MOVED):
            if what == values.MOVED or self._is_back(content):
                self._wrong_since = self._lost = ""
            return
        # Where somebody wrote it, later scans are held against what they wrote.
        written = what == values.CHANGED and content is not None and content.sha256 is not None
        if written and content is not None:
            self._write(side, content, settled)
        if what in (stories.FIRST, stories.SAME) or written:
            self._since = ""
            self._right(side, content)
            return
        self._lost = what if what in NEEDS_PROOF else self._lost
        self._wrong_since = self._wrong_since or self._since or side.started_at

    def miss(self, side: Recorded, snapshots: tuple[str, ...]) -> None:
        """Add that what one scan says is lost."""
        note = "what it found can't be read"
        self._chapters.append(
            Chapter(side.started_at, side.scan, stories.NOTHING, note=note, snapshots=snapshots)
        )

    def story(self) -> Story:
        """Return what the scans that were heard say together."""
        storage, _ = self._by
        good = self._good.content if self._good else None
        told = Story(
            storage,
            self._path,
            tuple(self._chapters),
            good,
            self._last_right,
            self._wrong_since,
            written=self._written,
        )
        if self._before_it is None or self._wrong_since:
            return told
        # Nobody has said which bytes are meant: in doubt those that had rested.
        was, right = self._before_it
        return replace(
            told, good=was, last_right=right, wrong_since=self._written, overwritten=True
        )

    def _write(self, side: Recorded, content: Content, settled: bool) -> None:
        """Take that somebody wrote it, after it had `settled` or while it was worked on."""
        if self._before_it and self._before_it[0].sha256 == content.sha256:
            self._before_it, self._written = None, ""  # it was put back
            return
        # What was found lost or rotten before is to be whatever somebody writes in its place.
        if settled and self._good is not None and not self._lost:
            self._before_it = self._good.content, self._last_right
        if settled or self._before_it is None:
            self._written = side.started_at

    def _right(self, side: Recorded, content: Content | None) -> None:
        if content is None or (content.sha256 is None and content.kind in rows.WITH_BYTES):
            return
        self._wrong_since = self._lost = ""
        self._rotten = [each for each in self._rotten if each.sha256 != content.sha256]
        if self._good is None or content.proof != rows.KEPT:
            self._good = _Heard(side, content)
        proved = content.proved_at
        if content.proof in rows.PROVEN and proved is not None:
            self._last_right = max(self._last_right, moment(proved))

    def _is_back(self, content: Content | None) -> bool:
        """Return whether what nobody can read was gone and is there again, as findings know it."""
        was = self._good.content if self._good else self._unread
        if content is not None and content.kind in rows.WITH_BYTES and not self._lost:
            self._unread = content
        storage, place = self._by
        rotten = tuple(self._rotten)
        gone = FileFinding(self._lost, storage, place, self._path, was, rotted=rotten)
        return self._lost in (values.MISSING, values.DELETED) and has_good_bytes(gone, content)

    def _gone(self, note: str) -> tuple[str, str]:
        """Return what a scan says of a file that it has not seen, and its note."""
        if self._away.is_moved:
            return values.MOVED, "its bytes lay at a path that was new"
        return (stories.NOTHING, "gone, or moved") if self._away.maybe else (values.MISSING, note)

    def _judged(
        self, side: Recorded, content: Content | None, closed: Iterable[bytes]
    ) -> tuple[str, str, bool]:
        """Return what a scan says, its note, and whether what it says is told in any case."""
        if self._good is None:
            return *self._before(side, content, closed), False
        was = self._good
        now = side.side()
        for part in closed:
            now.lost.add(part)
        by = Circumstances(*self._by, was.side.side(), now, settled_ns=self._settled_ns)
        if content == was.content:
            return stories.SAME, "", False
        judged = classify(self._path, was.content, content, by)
        note = judged.finding.note if judged.finding else ""
        if judged.what in _SAME:
            return stories.SAME, "", False
        # That nobody can read it where it lies is no word against it.
        is_disputed = content is not None and content.detail == rows.TWO_SUMS
        if judged.what in (values.NOT_VERIFIED, values.ARCHIVED) or is_disputed:
            return stories.NOTHING, note or _CLOSED, False
        settled = judged.what not in QUIET
        return (judged.what if settled else values.CHANGED), note, settled

    def _before(
        self, side: Recorded, content: Content | None, closed: Iterable[bytes]
    ) -> tuple[str, str]:
        """Judge a scan before which no hash of the file is known."""
        if content is None and any(closed):
            return stories.NOTHING, _CLOSED
        if content is None and side.side().excluded(self._path):
            return stories.NOTHING, "the scan left it out"
        if content is None or content.kind == rows.DELETED:
            what, note = (values.DELETED, content.version) if content else (values.MISSING, "")
            return (what, note or "") if self._seen() else (stories.UNSEEN, "")
        if content.is_unread or (content.kind == rows.FILE and content.sha256 is None):
            return stories.NOTHING, "its bytes were not read"
        is_attested = content.proof == rows.ATTESTED
        if content.kind in (rows.UNREADABLE, rows.CHANGING, rows.ARCHIVED) and not is_attested:
            return stories.NOTHING, (content.detail or b"").decode("utf-8", "replace")
        return stories.FIRST, ""

    def _seen(self) -> bool:
        each = (chapter.content for chapter in self._chapters)
        return any(content is not None and content.kind != rows.DELETED for content in each)


def _attesting(side: Recorded, content: Content | None) -> tuple[str, ...]:
    """Return the digests of the reports that may attest what a scan has of a file."""
    if content is None or content.proof != rows.ATTESTED:
        return ()
    return tuple(one.digest for one in side.reports if one.at == content.proved_at)


def moment(seconds: int) -> str:
    """Return seconds since 1970 as RFC 3339, UTC."""
    return timestamp(datetime.fromtimestamp(seconds, UTC), "seconds")
