"""What has come where it had not lain: which of the files that have gone may be each of those."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field

from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.rows import UNREADABLE
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.scanning.finishing.displaced import is_displaced, path_of
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.finishing.lain import Asked, Before, File, Stamp, files, lists

#: A hash or, where nobody ever read the file, its size and time.
_Sign: TypeAlias = bytes | Stamp
#: Paths, of which the first is taken in no time, however many were taken before.
_Paths: TypeAlias = OrderedDict[bytes, bool]


class Wanted(NamedTuple):
    """A file that has gone, or may have gone: where it lay is `hidden`."""

    path: bytes
    was: Away
    sha256: bytes | None
    stamp: Stamp
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


_NOWHERE = b"", None


class Came(Struct):
    """What may be a file that has gone."""

    #: The signs of all that has; and the size and time of each whose bytes are known.
    signs: Container[_Sign]
    stamps: Container[Stamp]
    #: The paths of what has come there, by its sign; and whether an earlier run has seen it come.
    come: dict[_Sign, _Paths] = field(default_factory=dict)
    #: The paths of what nobody has read so far, by size and time; and of those where one may lie.
    unread: dict[Stamp, _Paths] = field(default_factory=dict)
    shared: dict[_Sign, _Paths] = field(default_factory=dict)
    #: Of what is there by size and time alone: the hash, if it was read.
    hashes: dict[bytes, bytes | None] = field(default_factory=dict)
    #: By path: what lies where one that has gone may lie.
    there: dict[bytes, File] = field(default_factory=dict)
    #: Where what has gone from a path lies now, and its hash, if it was read there; which paths are
    #: taken so, and which may be.
    now: dict[bytes, tuple[bytes, bytes | None]] = field(default_factory=dict)
    taken: set[bytes] = field(default_factory=set)
    held: set[bytes] = field(default_factory=set)

    def take(self, now: File, known: Before) -> None:
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


def wanted_of(rows: pa.RecordBatch, hidden: Hidden, known: Asked) -> Iterator[Wanted]:
    """Yield what each remembered row has gone, or may have; `known` is asked of their paths."""
    each = zip(lists(rows, "detail")[0], files(rows), known.of(rows["path"]), strict=True)
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
    moments = pa.array(times - {None}, pa.int64())
    maybe = {one.was.maybe for one in wanted} - {b""}
    places = pa.array(maybe, pa.binary())
    known_to, each_alone = Asked(known), known.is_side_by_side
    is_first = known.before == known.contents
    for rows in read.batches(contents, CONTENTS) if wanted else ():
        by = (("sha256", hashes), ("mtime_ns", moments), ("path", places))
        asked = functools.reduce(
            pc.or_, (pc.is_in(rows[name], value_set=each) for name, each in by)
        )
        there = rows.filter(asked)
        for now, was in zip(files(there), known_to.of(there["path"]), strict=True):
            came.take(now, was.alone(is_first=is_first) if each_alone else was)
            if now.path in maybe:
                came.there[now.path] = _as_read(now, was.last)
    _leave_out_copies(came, contents)
    return came


def _as_read(now: File, was: File) -> File:
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
        each = zip(*lists(there, "path", "sha256"), strict=True)
        copied |= {
            sha256 for path, sha256 in each if path not in came.come.get(sha256, came.hashes)
        }
    for path, sha256 in came.hashes.items():
        for paths in came.come.values() if sha256 in copied else ():
            paths.pop(path, None)
