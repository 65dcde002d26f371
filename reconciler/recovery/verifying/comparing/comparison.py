"""One storage compared with what it was: every difference judged, counted, and kept to be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.classify import (
    IN_MANY,
    MAYBE_MOVED,
    NEW,
    NOT_LISTED,
    QUIET,
    SAME,
    SCATTERED,
    UNKNOWN_THEN,
    UNSETTLED,
    WORDS,
    Judged,
    classify,
)
from reconciler.recovery.verifying.comparing.pairing import MOST, Pair, Pairing
from reconciler.recovery.verifying.comparing.sides import Circumstances
from reconciler.recovery.verifying.comparing.spool import Spool, Spooled

#: So many parts that could not be verified are told apart; of others only the reasons are.
MOST_PARTS = 1_000
#: What is said of a file that is gone where something lies below its name.
NOW_A_FOLDER = "a folder of this name is there now"
#: What is said of one that a scan has seen at another path, where it lies no more.
MOVED_ON = "a scan has read it at another path; what became of it there is told of that path"
_MANY = "in more parts than are told one by one"


#: Says of files that are gone which a scan has seen at another path since: their own paths.
Moved: TypeAlias = Callable[[Sequence[Content]], set[bytes]]


def nothing_moved(_gone: Sequence[Content]) -> set[bytes]:
    """Say of every file that no scan has seen it elsewhere."""
    return set()


class Tally(Struct):
    """What a comparison came to."""

    #: Files of the snapshot; of those, how many were compared, and how many could not be.
    of: int = 0
    compared: int = 0
    not_verified: int = 0
    #: Findings of each class, and what is only counted (`classify.QUIET`).
    found: Counter[str] = field(default_factory=Counter)
    quiet: Counter[str] = field(default_factory=Counter)


class _Part(Struct):
    """A part that nobody can say anything of."""

    #: Files of the snapshot in it.
    files: int = 0
    #: What is said of it: of several parts, what is of each.
    notes: set[str] = field(default_factory=set)


class Comparison:
    """Takes the differences of one storage in the order of paths, and then has its findings."""

    def __init__(self, by: Circumstances, spool: Spool, *, everything: bool = False) -> None:
        """Judge `by` circumstances; findings go to `spool`, with `everything` quiet ones too."""
        self.tally = Tally()
        self._by = by
        self._spool = spool
        self._everything = everything
        self._pairing = Pairing()
        #: By path and reason.
        self._parts: dict[tuple[bytes, str], _Part] = {}
        #: What the system said of a part that could not be listed.
        self._reasons: dict[bytes, str] = {}
        self._pairs: dict[int, Pair] = {}
        self._dropped: set[int] = set()
        #: Where files stand that were moved, and lie at none of the other paths any more.
        self._moved_on: set[int] = set()
        #: Where files stand that are gone, by path; and those in whose place a folder is now.
        self._gone: dict[bytes, int] = {}
        self._folders: set[int] = set()

    def take(self, differences: Iterable[tuple[bytes, Content | None, Content | None]]) -> None:
        """Judge each difference."""
        for path, was, now in differences:
            if was is None and self._gone:
                self._note_folders(path)
            self._note_lost(path, was, now)
            self._count(was, now, classify(path, was, now, self._by))

    def same(self, number: int) -> None:
        """Count files that are what they were: the bytes of both sides were read."""
        self.tally.of += number
        self.tally.compared += number

    def finish(self, moved: Moved = nothing_moved) -> None:
        """Find out what was moved: only now is it known what is gone, and what is new.

        Of files that lie nowhere, `moved` says which some scan has seen at another path.
        """
        tally = self.tally
        pairs = self._pairing.pairs()
        for pair in pairs:
            self._pairs[pair.gone.at] = pair
            tally.found[values.MISSING] -= 1
            tally.found[pair.what] += 1
            if pair.came.counted:
                (tally.quiet if pair.came.counted == NEW else tally.found)[pair.came.counted] -= 1
            if pair.came.at is not None:
                self._dropped.add(pair.came.at)
        left = self._pairing.left(pairs)
        somewhere = moved([gone.was for gone in left]) if left else set()
        self._moved_on = {gone.at for gone in left if gone.was.path in somewhere}
        tally.found[values.MISSING] -= len(self._moved_on)
        tally.found[values.MOVED] += len(self._moved_on)
        left = [gone for gone in left if gone.at not in self._moved_on]
        for gone, path in self._pairing.awaited(left):
            tally.found[values.MISSING] -= 1
            tally.compared -= 1
            tally.not_verified += 1
            self._dropped.add(gone.at)
            self._part(path, MAYBE_MOVED, WORDS[MAYBE_MOVED], 1)
        tally.found[values.NOT_VERIFIED] = len(self._parts)
        tally.found, tally.quiet = +tally.found, +tally.quiet

    @property
    def overflowed(self) -> bool:
        """Whether too much is gone, or new, for all of it to be looked for under other names."""
        return self._pairing.overflowed

    def findings(self) -> Iterator[Spooled]:
        """Yield what there is to tell: parts that nobody can say anything of, then files by path.

        As often as one likes, after `finish`.
        """
        by = self._by
        for (path, reason), part in sorted(self._parts.items(), key=itemgetter(0)):
            told = FileFinding(values.NOT_VERIFIED, by.storage, by.place, path, reason=reason)
            notes = [*sorted(part.notes), *([_MANY] if reason == IN_MANY else ())]
            told = replace(told, note=", ".join(filter(None, notes)), files=part.files)
            yield Spooled(told, listed=True)
        for at, (finding, listed) in enumerate(self._spool):
            if at in self._folders:
                finding = replace(finding, note=NOW_A_FOLDER)  # noqa: PLW2901 - as below
            if at in self._moved_on:
                finding = replace(finding, what=values.MOVED, note=MOVED_ON)  # noqa: PLW2901
            if at in self._pairs:
                pair = self._pairs[at]
                finding = replace(  # noqa: PLW2901 - it is the same one, with more known of it
                    finding, what=pair.what, now=pair.came.now, other=pair.came.now.path
                )
            if at not in self._dropped:
                yield Spooled(finding, listed)

    def _note_folders(self, path: bytes) -> None:
        """Take note of a file that is gone, and of something that lies below its name now."""
        end = path.find(b"/")
        while end != -1:
            at = self._gone.pop(path[:end], None)
            if at is not None:
                self._folders.add(at)
            end = path.find(b"/", end + 1)

    def _note_lost(self, path: bytes, was: Content | None, now: Content | None) -> None:
        """Take note of a folder that could not be listed: it comes before all that lies below."""
        if was is not None and was.is_closed:
            self._by.was.lost.add(path)
            if now is None or not now.is_closed:
                told = f"the snapshot could not read it ({_reason(was)})"
                self._part(path, UNKNOWN_THEN, told, 0)
        if now is not None and now.is_closed:
            self._by.now.lost.add(path)
            self._reasons[path] = _reason(now)
            self._part(path, NOT_LISTED, _reason(now), 0)

    def _count(self, was: Content | None, now: Content | None, judged: Judged) -> None:
        tally, what, finding = self.tally, judged.what, judged.finding
        tally.of += judged.expected
        tally.compared += judged.compared
        tally.not_verified += judged.expected and not judged.compared
        if what == values.NOT_VERIFIED:
            if finding is not None and judged.expected:
                note = finding.note or self._reasons.get(finding.path, "")
                self._part(finding.path, finding.reason, note, 1)
            return
        if what == SAME:
            return
        (tally.quiet if what in QUIET else tally.found)[what] += 1
        at = None
        if finding is not None and (judged.listed or self._everything):
            at = self._spool.add(finding, listed=judged.listed)
        if what == values.MISSING and at is not None and was is not None:
            self._pairing.gone(at, was)
            if len(self._gone) < MOST:
                self._gone[was.path] = at
        elif what in (values.EXTRA, NEW) and now is not None:
            self._pairing.came(at, now, what)
        elif what in (values.CHANGED, UNSETTLED) and now is not None:
            self._pairing.came_over(now)
        if now is not None and now.kind == rows.UNREADABLE and not _is_as_it_was(was, now):
            self._pairing.unread(now)

    def _part(self, path: bytes, reason: str, note: str, files: int) -> None:
        if (path, reason) not in self._parts and len(self._parts) >= MOST_PARTS:
            path, reason = b"", reason if reason in SCATTERED else IN_MANY
            note = WORDS.get(reason, note)
        part = self._parts.setdefault((path, reason), _Part())
        part.files += files
        part.notes.add(note)


def _is_as_it_was(was: Content | None, now: Content) -> bool:
    """Return whether nothing shows that somebody wrote a file."""
    return was is not None and (was.size, was.mtime_ns) == (now.size, now.mtime_ns)


def _reason(row: Content) -> str:
    return (row.detail or b"").decode("ascii", "replace")
