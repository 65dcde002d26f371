"""What has come where it had not lain: which of the files that have gone may be each of those."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field

from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.rows import UNREADABLE
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.scanning.finishing.displaced import is_displaced, path_of
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.known.comparing.attested import in_archive
from reconciler.recovery.scanning.known.comparing.pairs import has_bytes
from reconciler.recovery.scanning.known.earlier import contents_of

#: Size and time of a file, as far as they are known.
_Stamp: TypeAlias = tuple[int | None, int | None]
#: A hash or, where nobody ever read the file, its size and time.
_Sign: TypeAlias = bytes | _Stamp
#: Paths, of which the first is taken in no time, however many were taken before.
_Paths: TypeAlias = OrderedDict[bytes, bool]


class Wanted(NamedTuple):
    """A file that has gone, or may have gone: where it lay is `hidden`."""

    path: bytes
    was: Away
    sha256: bytes | None
    stamp: _Stamp
    is_hidden: bool
    #: Whether only earlier runs of this very scan have seen it.
    is_own: bool

    @property
    def sign(self) -> _Sign:
        """By what it is known elsewhere: its bytes, or what is known where nobody has read it."""
        return self.was.written or (self.stamp if self.sha256 is None else self.sha256)

    def is_told(self, since: bytes) -> bool:
        """Return whether it had gone before `since`, for all that anybody knew."""
        return self.was.since != since and not self.was.maybe


class _File(NamedTuple):
    """What lies at a path; the path is empty where nothing does."""

    path: bytes
    kind: str
    stamp: _Stamp
    sha256: bytes | None
    is_moved: bool


class _Before(NamedTuple):
    """What was known to lie at a path."""

    #: After the last scan, and in it; and what earlier runs of this one have found since.
    last: _File
    was: _File
    now: _File
    #: What should lie there, and was missed when the last scan had ended.
    should_be: _File
    #: Whether only those runs ever saw something there.
    is_own: bool

    def is_back(self, now: _File) -> bool:
        """Return whether what lies there is what should, and is known to lie nowhere else."""
        if not self.should_be.path or self.should_be.is_moved:
            return False
        if now.sha256 is None or self.should_be.sha256 is None:
            return now.stamp == self.should_be.stamp
        return now.sha256 == self.should_be.sha256

    def alone(self, *, is_first: bool) -> _Before:
        """Return what was known without those runs; nothing if there was no scan before."""
        last, was = (_NOTHING, _NOTHING) if is_first else (self.last, self.was)
        return _Before(last, was, _NOTHING, self.should_be, self.is_own)


_NOWHERE = b"", None
_NOTHING = _File(b"", "", (None, None), None, is_moved=False)


class Came(Struct):
    """What may be a file that has gone."""

    #: The signs of all that has; and the size and time of each whose bytes are known.
    signs: Container[_Sign]
    stamps: Container[_Stamp]
    #: The paths of what has come there, by its sign; and whether an earlier run has seen it come.
    come: dict[_Sign, _Paths] = field(default_factory=dict)
    #: The paths of what nobody has read so far, by size and time; and of those where one may lie.
    unread: dict[_Stamp, _Paths] = field(default_factory=dict)
    shared: dict[_Sign, _Paths] = field(default_factory=dict)
    #: Of what is there by size and time alone: the hash, if it was read.
    hashes: dict[bytes, bytes | None] = field(default_factory=dict)
    #: By path: what lies where one that has gone may lie.
    there: dict[bytes, _File] = field(default_factory=dict)
    #: Where what has gone from a path lies now, and its hash, if it was read there; which paths are
    #: taken so, and which may be.
    now: dict[bytes, tuple[bytes, bytes | None]] = field(default_factory=dict)
    taken: set[bytes] = field(default_factory=set)
    held: set[bytes] = field(default_factory=set)

    def take(self, now: _File, known: _Before) -> None:
        """Take what lies at a path, unless the last scan knew it there."""
        was, is_own = known.last, now.sha256 == known.now.sha256
        if known.is_back(now):
            return  # it stands for itself, and for no other one with its bytes
        is_written = now.stamp != was.stamp
        if now.sha256 is not None and now.sha256 in self.signs and now.sha256 != was.sha256:
            self.come.setdefault(now.sha256, OrderedDict())[now.path] = is_own
        is_new = is_written and now.stamp != known.was.stamp
        if is_new and now.stamp in self.signs:
            self.come.setdefault(now.stamp, OrderedDict())[now.path] = is_own
            self.hashes[now.path] = now.sha256
        is_unread = now.kind == UNREADABLE and (is_written or was.sha256 is None)
        if is_unread and now.stamp in self.stamps:
            self.unread.setdefault(now.stamp, OrderedDict())[now.path] = False

    def place(self, one: Wanted, hidden: Hidden, since: bytes) -> Away:
        """Return what is known of a file that has gone, or may have."""
        was, is_empty = one.was, one.stamp[0] == 0
        # An empty file may be any other: it is back where it lay, or nobody knows.
        path = b"" if is_empty and not self.is_back(one) else self._found(one, since)
        if one.is_hidden:
            # If it is gone once that can be seen, it is what lies there.
            return was._replace(maybe=path or was.maybe)
        if path:
            sha256 = one.sign if isinstance(one.sign, bytes) else self.hashes.get(path)
            self.now[one.path] = path, sha256
            return was._replace(is_moved=True, maybe=b"", is_gone=False)
        on, sha256 = self.now.get(was.maybe, _NOWHERE)
        if on and sha256 is None:
            return was._replace(maybe=on)
        is_unseen = was.maybe and was.maybe not in self.there and hidden.is_closed(was.maybe)
        if is_unseen or is_empty or one.is_told(since):
            return was
        if was.is_written_lost or (was.written and self.come.get(one.sha256 or b"")):
            # What was there before they wrote went, or lies elsewhere: this was another file.
            return Away(since, written=was.written, is_written_lost=True, is_gone=True)
        path = self._awaited(one)
        # Until now it may have lain elsewhere, unless it was gone before nobody could look.
        gone = Away(was.since if was.is_gone else since, written=was.written, is_gone=True)
        return Away(was.since, maybe=path) if path else gone

    def is_back(self, one: Wanted) -> bool:
        """Return whether a file has come where it lay, and another has lain since."""
        home = path_of(one.path)
        is_displaced = home != one.path and home not in self.taken
        return is_displaced and home in self.come.get(one.sign, ())

    def _found(self, one: Wanted, since: bytes) -> bytes:
        """Take the path where a file lies; empty if nobody knows one."""
        rather, there = one.was.maybe, self.there.get(one.was.maybe)
        is_there = there is not None and one.sign in (there.sha256, there.stamp)
        if self.is_back(one):
            path = path_of(one.path)
        elif is_there and rather not in self.taken and rather not in self.held:
            path = rather
        elif one.is_told(since) and not one.is_hidden and isinstance(one.sign, tuple):
            return b""  # a file of its size and time that comes later may be any other
        else:
            on, sha256 = self.now.get(rather, _NOWHERE)
            path = on if sha256 == one.sha256 else b""
            path = path or self._first(self.come.get(one.sign), one)
        self.taken.add(path)
        return path

    def _awaited(self, one: Wanted) -> bytes:
        """Return the path where a file may lie that nobody has read; empty if there is none.

        What nobody ever read may lie where another may, too: which of them it is, is not known.
        """
        if one.was.written:
            return b""
        if one.sha256 is None:
            return self._first(self.shared.get(one.sign), one)
        unread = self.unread.get(one.stamp)
        path = self._first(unread, one)
        if unread and path:
            del unread[path]
            self.held.add(path)
            self.come.get(one.stamp, unread).pop(path, None)
            self.shared.setdefault(one.stamp, OrderedDict())[path] = False
        return path

    def _first(self, paths: _Paths | None, one: Wanted) -> bytes:
        """Return one of those paths that none has taken, rather that at which it may have lain.

        Empty if there is none. What an earlier run of this scan has seen, while it was there as
        well, is another copy of it.
        """
        rather = one.was.maybe
        if not paths or (rather in paths and rather not in self.taken):
            return rather if paths else b""
        while paths and (path := next(iter(paths))) in self.taken:
            del paths[path]
        if not one.is_own:
            return next(iter(paths), b"")
        return next((p for p, is_own in paths.items() if not is_own and p not in self.taken), b"")


class Asked:
    """Says what was known of paths, which are asked for in order."""

    def __init__(self, known: Known) -> None:
        self._hidden = known.hidden
        self._before = contents_of(known.before)
        self._good = contents_of(known.remembered) if known.remembered else None
        self._now = contents_of(known.contents)

    def of(self, paths: pa.Array) -> Iterator[_Before]:
        """Yield what was known to lie at each of these paths."""
        before, now = (_files(each.beside(paths)) for each in (self._before, self._now))
        good = _files(self._good.beside(paths)) if self._good else repeat(_NOTHING, len(paths))
        for was, should_be, own in zip(before, good, now, strict=True):
            is_known = was.path or (should_be.path and self._hidden(should_be.path))
            is_better = was.sha256 is None and should_be.sha256 and not should_be.is_moved
            last = should_be if is_known and is_better else was
            yield _Before(last, was, own, should_be, is_own=not (was.path or should_be.path))


def wanted_of(rows: pa.RecordBatch, hidden: Hidden, known: Asked) -> Iterator[Wanted]:
    """Yield what each remembered row has gone, or may have; `known` is asked of their paths."""
    each = zip(_lists(rows, "detail")[0], _files(rows), known.of(rows["path"]), strict=True)
    for detail, one, was in each:
        is_own = was.is_own and not is_displaced(one.path)
        yield Wanted(one.path, away(detail), one.sha256, one.stamp, hidden(one.path), is_own)


def came_of(wanted: Sequence[Wanted], contents: Path, known: Known) -> Came:
    """Look for all that may be one of the files that are `wanted`."""
    came = Came(
        {one.sign for one in wanted} | {one.sha256 for one in wanted if one.sha256 is not None},
        {one.stamp for one in wanted if one.sha256 is not None},
    )
    hashes = pa.array({one.sha256 for one in wanted} - {None}, pa.binary(32))
    times = {stamp[1] for one in wanted for stamp in (one.stamp, one.was.written) if stamp}
    maybe = {one.was.maybe for one in wanted} - {b""}
    known_to, each_alone = Asked(known), known.is_side_by_side
    is_first = known.before == known.contents
    for rows in read.batches(contents, CONTENTS) if wanted else ():
        asked = pc.is_in(rows["sha256"], value_set=hashes)
        asked = pc.or_(
            asked, pc.is_in(rows["mtime_ns"], value_set=pa.array(times - {None}, pa.int64()))
        )
        asked = pc.or_(asked, pc.is_in(rows["path"], value_set=pa.array(maybe, pa.binary())))
        there = rows.filter(asked)
        for now, was in zip(_files(there), known_to.of(there["path"]), strict=True):
            came.take(now, was.alone(is_first=is_first) if each_alone else was)
            if now.path in maybe:
                came.there[now.path] = _as_read(now, was.last)
    _leave_out_copies(came, contents)
    return came


def _as_read(now: _File, was: _File) -> _File:
    """Return what lies at a path; where nobody could read it, and nobody wrote it, as it was."""
    is_it = now.sha256 is None and now.stamp == was.stamp
    return now._replace(sha256=was.sha256) if is_it else now


def _leave_out_copies(came: Came, contents: Path) -> None:
    """Leave out what came by its size and time alone, and has the bytes of what lay there before.

    That is a copy of that one.
    """
    hashes = {sha256 for sha256 in came.hashes.values() if sha256 is not None}
    sought = pa.array(hashes, pa.binary(32))
    copied = set[bytes | None]()
    for rows in read.batches(contents, CONTENTS) if hashes else ():
        there = rows.filter(pc.is_in(rows["sha256"], value_set=sought))
        each = zip(*_lists(there, "path", "sha256"), strict=True)
        copied |= {
            sha256 for path, sha256 in each if path not in came.come.get(sha256, came.hashes)
        }
    for path, sha256 in came.hashes.items():
        for paths in came.come.values() if sha256 in copied else ():
            paths.pop(path, None)


def _files(rows: pa.RecordBatch) -> Iterator[_File]:
    """Yield what each row is; of bytes that nobody has read, no hash."""
    sha256 = values(pc.if_else(pc.or_(has_bytes(rows), in_archive(rows)), rows["sha256"], None))
    columns = _lists(rows, "path", "kind", "size", "mtime_ns", "detail")
    for (path, kind, size, mtime_ns, detail), hash in zip(
        zip(*columns, strict=True), sha256, strict=True
    ):
        yield _File(path or b"", kind or "", (size, mtime_ns), hash, away(detail).is_moved)


def _lists(rows: pa.RecordBatch, *names: str) -> tuple[list[Any], ...]:
    return tuple(values(rows[name]) for name in names)
