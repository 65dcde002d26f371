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
    there, is_other = contents_of(contents), False
    with PartWriter(folder, CONTENTS) as writer:
        for some in _together(read.batches(part.path, CONTENTS)):
            gone = [_gone(rows, since, there, hidden) for rows in some]
            each = (_wanted(rows.filter(m), hidden) for rows, m in zip(some, gone, strict=True))
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

    was: Away
    sha256: bytes | None
    stamp: _Stamp
    is_hidden: bool

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


_NOTHING = _File(b"", "", (None, None), None, is_moved=False)


class _Came(Struct):
    """What may be a file that has gone."""

    #: The signs of all that has; and the size and time of each whose bytes are known.
    signs: Container[_Sign]
    stamps: Container[_Stamp]
    #: The paths of what has come there, by its sign.
    come: dict[_Sign, dict[bytes, None]] = field(default_factory=dict)
    #: The paths of what nobody has read so far, by size and time.
    unread: dict[_Stamp, dict[bytes, None]] = field(default_factory=dict)
    #: By path: what lies where one that has gone may lie.
    there: dict[bytes, _File] = field(default_factory=dict)

    def take(self, now: _File, known: _File) -> None:
        """Take what lies at a path now, where something was `known` to lie."""
        is_written = now.stamp != known.stamp
        if now.sha256 is not None and now.sha256 in self.signs:
            if now.sha256 != known.sha256:
                self.come.setdefault(now.sha256, {})[now.path] = None
        elif is_written and now.stamp in self.signs:
            self.come.setdefault(now.stamp, {})[now.path] = None
        is_unread = now.kind == UNREADABLE and (is_written or known.sha256 is None)
        if is_unread and now.stamp in self.stamps:
            self.unread.setdefault(now.stamp, {})[now.path] = None

    def place(self, one: _Wanted, hidden: Hidden, since: bytes) -> Away:
        """Return what is known of a file that has gone, or may have."""
        was, come = one.was, self.come.get(one.sign, {})
        if one.is_hidden:
            # If it is gone once that can be seen, it is what lies there.
            return was._replace(maybe=_taken(come, was.maybe) or was.maybe)
        there = self.there.get(was.maybe)
        if there and one.sign in (there.sha256, there.stamp):
            come.pop(was.maybe, None)
            return Away(was.since, is_moved=True)
        if _taken(come, was.maybe):
            return Away(was.since, is_moved=True)
        if there is None and hidden.is_closed(was.maybe):
            return was
        unread = self.unread.get(one.stamp, {}) if one.sha256 is not None else {}
        path = _taken(unread, was.maybe)
        # Until now it may have lain elsewhere: what is gone is told anew.
        return Away(was.since, maybe=path) if path else Away(since)


def _taken(paths: dict[bytes, None], rather: bytes) -> bytes:
    """Take one of those paths, `rather` this one; empty if there is none."""
    path = rather if rather in paths else next(iter(paths), b"")
    paths.pop(path, None)
    return path


def _places(wanted: Sequence[_Wanted], came: _Came, hidden: Hidden, since: bytes) -> Iterator[Away]:
    """Yield where each is; what may have lain at a path before comes first there."""
    places = dict[int, Away]()
    for i in sorted(range(len(wanted)), key=lambda i: _turn(wanted[i])):
        places[i] = came.place(wanted[i], hidden, since)
    return (places[i] for i in range(len(wanted)))


def _turn(one: _Wanted) -> tuple[bool, bool]:
    return one.is_hidden, not one.was.maybe


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


def _wanted(rows: pa.RecordBatch, hidden: Hidden) -> Iterator[_Wanted]:
    paths, details = _lists(rows, "path", "detail")
    for path, detail, one in zip(paths, details, _files(rows), strict=True):
        yield _Wanted(away(detail), one.sha256, one.stamp, hidden(path))


def _came(wanted: Sequence[_Wanted], contents: Path, known: Known) -> _Came:
    """Look for all that may be one of the files that are `wanted`."""
    came = _Came(
        {one.sign for one in wanted}, {one.stamp for one in wanted if one.sha256 is not None}
    )
    hashes = pa.array({one.sha256 for one in wanted} - {None}, pa.binary(32))
    times = pa.array({one.stamp[1] for one in wanted} - {None}, pa.int64())
    maybe = {one.was.maybe for one in wanted} - {b""}
    before = contents_of(known.before)
    good = contents_of(known.remembered) if known.remembered else None
    for rows in read.batches(contents, CONTENTS) if wanted else ():
        asked = pc.is_in(rows["sha256"], value_set=hashes)
        asked = pc.or_(asked, pc.is_in(rows["mtime_ns"], value_set=times))
        asked = pc.or_(asked, pc.is_in(rows["path"], value_set=pa.array(maybe, pa.binary())))
        there = rows.filter(asked)
        was = _files(before.beside(there["path"]))
        should_be = _files(good.beside(there["path"])) if good else repeat(_NOTHING, len(there))
        for now, then, good_then in zip(_files(there), was, should_be, strict=True):
            came.take(now, _known(then, good_then, known.hidden))
            if now.path in maybe:
                came.there[now.path] = now
    return came


def _known(was: _File, should_be: _File, hidden: Hidden) -> _File:
    """Return what was known to lie at a path: `was` in the last scan, or `should_be`, unseen."""
    is_known = was.path or (should_be.path and hidden(should_be.path))
    is_better = was.sha256 is None and should_be.sha256 is not None and not should_be.is_moved
    return should_be if is_known and is_better else was


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
