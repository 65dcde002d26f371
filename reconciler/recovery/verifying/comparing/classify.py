"""What it means that two rows of one path differ: a pure function.

Four things are kept apart: what is wrong, what is as it is expected to be, what nobody can say, and
changes of files that were still being worked on. In doubt a thing is told rather than counted, and
"not known" rather than "wrong".
"""

from __future__ import annotations

from msgspec import Struct

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content, same_bytes
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.sides import Circumstances

#: The bytes are the same; of the second the time is not.
SAME, TOUCHED = "same", "touched"
#: Other bytes, in a file that was still being worked on.
UNSETTLED = "unsettled"
#: A file that came to be, or to rest, only lately: nobody expected it in the snapshot.
NEW = "new"
#: A file in a part that the snapshot knows nothing of.
OUTSIDE = "outside"
#: What is counted, and listed only if all is asked for.
QUIET = (TOUCHED, UNSETTLED, NEW, OUTSIDE)

#: Why nothing is known of a part: it could not be listed; the snapshot could not read it; there are
#: more such parts than are told one by one.
NOT_LISTED, UNKNOWN_THEN, IN_MANY = "not_listed", "unknown_then", "in_many_parts"
#: Why a file could not be compared, where no system said so.
NO_HASH_THEN, NOT_READ, ONLY_STORED = "no_hash_then", "not_read", "only_stored"
LEFT_OUT, STILL_ARCHIVED, MAYBE_MOVED = "left_out", "still_archived", "maybe_moved"
#: What is said of these.
WORDS = {
    NO_HASH_THEN: "no hash in the snapshot",
    NOT_READ: "not read",
    ONLY_STORED: "only a sum that the storage keeps, which proves nothing about the bytes",
    LEFT_OUT: "left out by the later scan",
    STILL_ARCHIVED: "archived, then and now",
    MAYBE_MOVED: "not read, and of the size and time of a file that is gone: it may be that one",
}
#: Reasons that are those of files here and there, and not of one part.
SCATTERED = frozenset({*WORDS, IN_MANY})

#: A day: so far ahead no clock is that merely goes wrong; nanoseconds.
_AHEAD_NS = 86_400 * 10**9
_BYTES = frozenset(rows.WITH_BYTES)
#: What says by its kind what became of the file.
_TOLD_AS = {
    rows.UNREADABLE: values.UNREADABLE,
    rows.CHANGING: values.CHANGING,
}


class Judged(Struct, frozen=True):
    """What became of one path."""

    #: A class of findings (`values.MISSING`, …), or `SAME`, or one of `QUIET`.
    what: str
    #: Whether the snapshot has the file; if so, whether it could be compared.
    expected: bool = True
    compared: bool = True
    #: What there is to tell; None where nothing is.
    finding: FileFinding | None = None
    #: Whether it is told also if not all is asked for.
    listed: bool = False


def classify(path: bytes, was: Content | None, now: Content | None, by: Circumstances) -> Judged:
    """Return what it means that `was` and `now`, the rows of `path`, differ."""
    if was is not None and _was_no_file(was):
        was = None
    if was is None:
        return _appeared(path, now, by)
    if now is None:
        return _gone(path, was, by)
    return _still_there(path, was, now, by)


def _was_no_file(was: Content) -> bool:
    """Return whether a row of the snapshot tells of a deletion, or of a folder that was closed."""
    return was.kind == rows.DELETED or was.is_closed


def _appeared(path: bytes, now: Content | None, by: Circumstances) -> Judged:
    if now is None or now.kind in (rows.DELETED, rows.FOLDER):
        return Judged(SAME, expected=False, compared=False)
    told = _Telling(path, None, now, by)
    if now.is_unread:
        return told.quiet(NEW, values.EXTRA)
    if now.kind == rows.UNREADABLE:
        what = values.NOT_VERIFIED if now.is_closed else values.UNREADABLE
        return told.listed(what, _reason(now), compared=False)
    if by.was.lost.over(path) is not None or by.was.excluded(path):
        return told.quiet(OUTSIDE)
    rests = now.kind in (rows.FILE, rows.ARCHIVED, rows.LINK, rows.PIPE, rows.SOCKET, rows.DEVICE)
    if rests and _settled(now, by.now.taken_ns, by):
        return told.listed(values.EXTRA)
    return told.quiet(NEW, values.EXTRA)


def _gone(path: bytes, was: Content, by: Circumstances) -> Judged:
    if was.kind == rows.FOLDER:  # it holds nothing, and servers make and drop them as they like
        return Judged(SAME)
    told = _Telling(path, was, None, by)
    part = by.now.lost.over(path)
    if part is not None:
        return told.unknown(NOT_LISTED, part)
    if by.now.excluded(path):
        return told.unknown(LEFT_OUT)
    return told.listed(values.MISSING)


def _still_there(path: bytes, was: Content, now: Content, by: Circumstances) -> Judged:
    told = _Telling(path, was, now, by)
    if now.is_unread:
        return told.unknown(NOT_READ)
    if now.kind == rows.DELETED:
        return _deleted(was, now, told)
    if now.kind in _TOLD_AS:
        return told.listed(_TOLD_AS[now.kind], _reason(now), compared=False)
    return _in_its_place(was, now, told)


def _in_its_place(was: Content, now: Content, told: _Telling) -> Judged:
    if was.kind == rows.UNREADABLE and was.size is None:  # nobody could tell what it is
        return told.unknown(NO_HASH_THEN)
    if now.kind != was.kind and not {was.kind, now.kind} <= _BYTES:
        return told.listed(values.CHANGED, f"{was.kind} became {now.kind}")
    if was.kind not in _BYTES:
        return _without_bytes(was, now, told)
    if now.kind == rows.ARCHIVED:
        return _archived(was, now, told)
    return _with_bytes(was, now, told)


def _deleted(was: Content, now: Content, told: _Telling) -> Judged:
    if is_under(was, now):
        return told.listed(values.DELETED, now.version or "")
    return told.listed(values.MISSING, another_version(now))


def is_under(was: Content, now: Content) -> bool:
    """Return whether the version under a delete marker may be the file, as it was.

    Whoever removes the marker gets what lies under it, whatever that is.
    """
    if was.version is not None and now.version is not None:
        return was.version == now.version
    return was.size is None or now.size is None or was.size == now.size


def another_version(now: Content) -> str:
    """Say what lies under a delete marker that is not the file."""
    size = "" if now.size is None else f" ({now.size} B)"
    return (
        f"under the delete marker lies another version{size}, which is not this file: look for its "
        "own among all versions, and do not remove the marker"
    )


def _without_bytes(was: Content, now: Content, told: _Telling) -> Judged:
    same = was.detail == now.detail and (was.detail is not None or was.size == now.size)
    return told.unchanged() if same else told.changed()


def _archived(was: Content, now: Content, told: _Telling) -> Judged:
    # What was attested is a proof of the bytes, though nobody here could read them.
    if now.proof == rows.ATTESTED and was.sha256 is not None and not told.by.afresh:
        return told.unchanged() if was.sha256 == now.sha256 else told.changed()
    if was.kind != rows.ARCHIVED:
        return told.listed(values.ARCHIVED, _reason(now), compared=False)
    if same_bytes(was, now) is False or (was.version != now.version and was.version is not None):
        return told.changed()
    if rows.NO_SUM in (now.detail or b""):  # which is of this file alone
        return told.unknown(STILL_ARCHIVED, now.path, f"{WORDS[STILL_ARCHIVED]}: {_reason(now)}")
    return told.unknown(STILL_ARCHIVED)


def _with_bytes(was: Content, now: Content, told: _Telling) -> Judged:
    # What was being written when it was scanned has a size that means nothing.
    same = None if was.kind == rows.CHANGING else same_bytes(was, now)
    if same is None:
        return told.unknown(NO_HASH_THEN if was.sha256 is None else NOT_READ)
    if not same:
        return told.changed()
    if now.proof == rows.ATTESTED and told.by.afresh:
        return told.unknown(NOT_READ)
    return told.unknown(ONLY_STORED) if now.proof == rows.STORED else told.unchanged()


def is_scattered(finding: FileFinding) -> bool:
    """Return whether a finding without a path is about some files, and not the whole storage."""
    return finding.reason in SCATTERED


class _Telling(Struct, frozen=True):
    """One path, of which something is to be told."""

    path: bytes
    was: Content | None
    now: Content | None
    by: Circumstances

    def listed(self, what: str, note: str = "", *, compared: bool = True) -> Judged:
        expected = self.was is not None
        finding = self._finding(what, note)
        return Judged(what, expected, expected and compared, finding, listed=True)

    def quiet(self, what: str, named: str = "") -> Judged:
        """Count it as `what`; where all is asked for, it is told as `named`."""
        expected = self.was is not None
        finding = self._finding(named, what) if named else None
        return Judged(what, expected, expected, finding)

    def unknown(self, reason: str, part: bytes = b"", note: str = "") -> Judged:
        """Nobody can say: what is told is the part, once for all files in it."""
        by, note = self.by, note or WORDS.get(reason, "")
        finding = FileFinding(
            values.NOT_VERIFIED, by.storage, by.place, part, note=note, reason=reason
        )
        return Judged(values.NOT_VERIFIED, compared=False, finding=finding)

    def unchanged(self) -> Judged:
        same = self.was is not None and self.now is not None and _same_time(self.was, self.now)
        return Judged(SAME if same else TOUCHED)

    def changed(self) -> Judged:
        """Tell of other bytes: whoever writes a file changes its time, or makes a new version."""
        was, now = self.was, self.now
        if was is None or now is None:
            raise AssertionError("what is on one side only can't have changed")
        written = was.version is not None and now.version is not None and was.version != now.version
        if was.kind in _BYTES and _same_time(was, now) and _is_exact(was) and not written:
            return self.listed(values.DAMAGED)
        taken_ns = self.by.was.taken_ns
        if self.by.is_copy or _settled(was, taken_ns, self.by) or _is_ahead(was, taken_ns):
            return self.listed(values.CHANGED)
        return self.quiet(UNSETTLED, values.CHANGED)

    def _finding(self, what: str, note: str) -> FileFinding:
        return FileFinding(
            what, self.by.storage, self.by.place, self.path, self.was, self.now, note
        )


def _same_time(was: Content, now: Content) -> bool:
    return was.mtime_ns is not None and was.mtime_ns == now.mtime_ns


def _is_exact(content: Content) -> bool:
    """Return whether two files of this time were last written at one moment."""
    return content.mtime_ns not in (rows.FIRST_NS, rows.LAST_NS)


def _settled(content: Content, taken_ns: int, by: Circumstances) -> bool:
    """Return whether a file had not changed for long when it was scanned; in doubt it had not."""
    return content.mtime_ns is None or content.mtime_ns <= taken_ns - by.settled_ns


def _is_ahead(content: Content, taken_ns: int) -> bool:
    """Return whether a time that had not come says nothing of when a file was written."""
    return content.mtime_ns is not None and content.mtime_ns > taken_ns + _AHEAD_NS


def _reason(content: Content) -> str:
    """Return why it can't be read."""
    return (content.detail or b"").decode("utf-8", "replace")
