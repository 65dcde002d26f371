"""Which of the files that have gone lie at another path now: those are not missing.

Its bytes, read where nobody had known them, show that a file was moved. Of one that nobody ever
could read, a new file of its size and time does. And of one that was read, a file of its size and
time that nobody has read yet, as where a limit left no room for it, *may* be the one: it is neither
missing nor moved until that is read.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field

from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import UNREADABLE
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.known.comparing.attested import in_archive
from reconciler.recovery.scanning.known.comparing.pairs import has_bytes
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of

#: So many files are looked for together: each time all that is there is read.
_TOGETHER = 500_000
#: Size and time of a file.
_Stamp: TypeAlias = tuple[int | None, int | None]
#: A hash or, where nobody ever read the file, its size and time.
_Sign: TypeAlias = bytes | _Stamp


def marked(
    part: Written, since: bytes, contents: Path, known: Known, folder: Path, hidden: Hidden
) -> Written:
    """Return the remembered rows of `part`, of which each that went says where it lies now.

    Those are dated `since`, or were perhaps elsewhere until now, and are not in `contents` though
    no `hidden` path. Each file that came stands for one that has gone, and empty ones for none.
    Raises `RepositoryError`, `SnapshotError`.
    """
    there, known_to, is_other = contents_of(contents), _Asked(known), False
    with PartWriter(folder, CONTENTS) as writer:
        for some in _together(read.batches(part.path, CONTENTS)):
            gone = [_gone(rows, since, there, hidden) for rows in some]
            each = (
                _wanted(rows.filter(m), hidden, known_to)
                for rows, m in zip(some, gone, strict=True)
            )
            every = [*chain.from_iterable(each)]
            places = _places(every, _came(every, contents, known), hidden, since)
            for rows, mask in zip(some, gone, strict=True):
                these = [next(places).detail for _ in range(pc.sum(mask).as_py() or 0)]
                details = pc.replace_with_mask(rows["detail"], mask, pa.array(these, pa.binary()))
                is_other = is_other or not details.equals(rows["detail"])
                writer.write(with_details(rows, details))
        return writer.finish() if is_other else part


def with_details(rows: pa.RecordBatch, details: pa.Array) -> pa.RecordBatch:
    """Return rows with other details."""
    column = CONTENTS.get_field_index("detail")
    return rows.set_column(column, CONTENTS.field(column), details)


class _Wanted(NamedTuple):
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
        """By what it is known elsewhere: its bytes, or what is known where nobody ever read it."""
        return self.stamp if self.sha256 is None else self.sha256


class _File(NamedTuple):
    """What lies at a path; the path is empty where nothing does."""

    path: bytes
    kind: str
    stamp: _Stamp
    sha256: bytes | None
    is_moved: bool


class _Before(NamedTuple):
    """What was known to lie at a path."""

    #: After the last scan; and what earlier runs of this one have found since, or else that.
    last: _File
    now: _File
    #: Whether only those runs ever saw something there.
    is_own: bool


_NOTHING = _File(b"", "", (None, None), None, is_moved=False)


class _Came(Struct):
    """What may be a file that has gone."""

    #: The signs of all that has; and the size and time of each whose bytes are known.
    signs: Container[_Sign]
    stamps: Container[_Stamp]
    #: The paths of what has come there, by its sign; and whether an earlier run has seen it come.
    come: dict[_Sign, dict[bytes, bool]] = field(default_factory=dict)
    #: The paths of what nobody has read so far, by size and time.
    unread: dict[_Stamp, dict[bytes, bool]] = field(default_factory=dict)
    #: By path: what lies where one that has gone may lie.
    there: dict[bytes, _File] = field(default_factory=dict)
    #: Where what has gone from a path lies now, as far as that is known.
    now: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, now: _File, known: _Before) -> None:
        """Take what lies at a path, unless the last scan knew it there."""
        was, is_own = known.last, now.sha256 == known.now.sha256
        is_written = now.stamp != was.stamp
        if now.sha256 is not None and now.sha256 in self.signs:
            if now.sha256 != was.sha256:
                self.come.setdefault(now.sha256, {})[now.path] = is_own
        elif is_written and now.stamp in self.signs:
            self.come.setdefault(now.stamp, {})[now.path] = is_own
        is_unread = now.kind == UNREADABLE and (is_written or was.sha256 is None)
        if is_unread and now.stamp in self.stamps:
            self.unread.setdefault(now.stamp, {})[now.path] = False

    def place(self, one: _Wanted, hidden: Hidden, since: bytes) -> Away:
        """Return what is known of a file that has gone, or may have."""
        was, come = one.was, self.come.get(one.sign, {})
        there = self.there.get(was.maybe)
        path = self.now.get(was.maybe, b"")
        if there and one.sign in (there.sha256, there.stamp):
            path = was.maybe
            come.pop(path, None)
        path = path or _taken(come, one)
        if one.is_hidden:
            # If it is gone once that can be seen, it is what lies there.
            return was._replace(maybe=path or was.maybe)
        if path:
            self.now[one.path] = path
            return Away(was.since, is_moved=True)
        if there is None and hidden.is_closed(was.maybe):
            return was
        unread = self.unread.get(one.stamp, {}) if one.sha256 is not None else {}
        path = _taken(unread, one)
        # Until now it may have lain elsewhere: what is gone is told anew.
        return Away(was.since, maybe=path) if path else Away(since)


def _taken(paths: dict[bytes, bool], one: _Wanted) -> bytes:
    """Take one of those paths, rather that at which it may have lain; empty if there is none.

    What an earlier run of this scan has seen, while it was there as well, is another copy of it.
    """
    rather = one.was.maybe
    path = rather if rather in paths else b""
    path = path or next((p for p, is_own in paths.items() if not (one.is_own and is_own)), b"")
    paths.pop(path, None)
    return path


def _places(wanted: Sequence[_Wanted], came: _Came, hidden: Hidden, since: bytes) -> Iterator[Away]:
    """Yield where each is; what may have lain at a path before comes first there."""
    paths = {one.path for one in wanted if one.sha256 is not None}
    # What nobody could read, where it is awaited as another, is that one: it is told as that alone.
    # So is what only earlier runs of this scan have seen, of a file that the last scan knew.
    others: set[object] = {(one.was.maybe, one.stamp) for one in wanted if one.sha256 is not None}
    others |= {one.sha256 for one in wanted if not (one.is_own or one.is_hidden)}
    places = dict[int, Away]()
    for i in sorted(range(len(wanted)), key=lambda i: _turn(wanted[i], paths)):
        one = wanted[i]
        is_other = one.sha256 is None and (one.path, one.stamp) in others
        is_other = is_other or (one.is_own and one.sha256 in others)
        places[i] = Away(since, is_moved=True) if is_other else came.place(one, hidden, since)
    return (places[i] for i in range(len(wanted)))


def _turn(one: _Wanted, paths: Container[bytes]) -> tuple[bool, bool, bool]:
    """Return when it is the turn of a file: what has moved on has gone first."""
    return one.is_hidden, one.was.maybe in paths, not one.was.maybe


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    some: list[pa.RecordBatch] = []
    for rows in batches:
        if some and sum(map(len, some)) + len(rows) > _TOGETHER:
            yield some
            some = []
        some.append(rows)
    if some:
        yield some


def _gone(rows: pa.RecordBatch, since: bytes, there: Earlier, hidden: Hidden) -> pa.Array:
    """Say for each row whether it is looked for. Never null."""
    is_away = pc.is_null(there.beside(rows["path"])["path"])
    asked = pc.and_(pc.fill_null(pc.greater(rows["size"], 0), False), is_away).to_pylist()
    for i, (path, detail) in enumerate(zip(*_lists(rows, "path", "detail"), strict=True)):
        was = away(detail)
        is_asked = was.since == since or bool(was.maybe) or hidden(path)
        asked[i] = asked[i] and is_asked and not was.is_moved
    return pa.array(asked, pa.bool_())


class _Asked:
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
            yield _Before(last, own, is_own=not (was.path or should_be.path))


def _wanted(rows: pa.RecordBatch, hidden: Hidden, known: _Asked) -> Iterator[_Wanted]:
    each = zip(_lists(rows, "detail")[0], _files(rows), known.of(rows["path"]), strict=True)
    for detail, one, was in each:
        yield _Wanted(one.path, away(detail), one.sha256, one.stamp, hidden(one.path), was.is_own)


def _came(wanted: Sequence[_Wanted], contents: Path, known: Known) -> _Came:
    """Look for all that may be one of the files that are `wanted`."""
    came = _Came(
        {one.sign for one in wanted}, {one.stamp for one in wanted if one.sha256 is not None}
    )
    hashes = pa.array({one.sha256 for one in wanted} - {None}, pa.binary(32))
    times = pa.array({one.stamp[1] for one in wanted} - {None}, pa.int64())
    maybe = {one.was.maybe for one in wanted} - {b""}
    known_to = _Asked(known)
    for rows in read.batches(contents, CONTENTS) if wanted else ():
        asked = pc.is_in(rows["sha256"], value_set=hashes)
        asked = pc.or_(asked, pc.is_in(rows["mtime_ns"], value_set=times))
        asked = pc.or_(asked, pc.is_in(rows["path"], value_set=pa.array(maybe, pa.binary())))
        there = rows.filter(asked)
        for now, was in zip(_files(there), known_to.of(there["path"]), strict=True):
            came.take(now, was)
            if now.path in maybe:
                came.there[now.path] = now
    return came


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
