"""Files that a list has, and that were found gone, deleted or written later since it was made.

A list is consistent in the end only: it may have what is gone, and lack what was written since. So
nothing that a scan, also one that was ended, or a verification has seen for itself is taken back on
the word of a list alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import merge
from reconciler.recovery.parts.convert import rows_of, scanned
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.rows import (
    ARCHIVED,
    DELETED,
    FILE,
    FIRST_NS,
    WITH_BYTES,
    Rows,
    chosen,
    extend,
)
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.walking.exclusions import Exclusions

_THERE, _OBJECTS = (FILE, ARCHIVED), pa.array(WITH_BYTES)
#: Servers tell a time in whole seconds in one answer, and more finely in another.
_SECOND = 1_000_000_000
#: What says that it is another object, where both are known.
_WHICH = ("tag", "version")
#: Of so many files the server is asked whether they are there as a list has them.
_SOME = 16


class Outdated:
    """Goes along with a list, in the order of paths."""

    def __init__(
        self,
        last: Last | None,
        gone: pa.Array | None = None,
        own: Sequence[Iterator[pa.RecordBatch]] = (),
    ) -> None:
        """Take what the last scan has and remembers, and which paths were found `gone` since.

        And what runs that were ended have read since, of this very scan: its `own`.
        """
        self._gone = gone
        self._was = Earlier(last.rows_again() if last else iter(()), clock=0, agreeing=())
        self._read = Earlier(merge.joined(own, chosen=_newest), clock=0, agreeing=())
        self._should_be = last.should_be() if last else None
        excluded = last.scan.excluded if last else ()
        self._covers = Exclusions(excluded).covers if excluded else None
        #: Some files that the list has as the last scan knows them, from all parts of it.
        self.same = Rows()

    def among(self, listed: Rows) -> Rows:
        """Return the files that are to be asked for, with the version that they should be."""
        if not len(listed):
            return Rows()
        batch = scanned(listed)
        was = self._was.beside(batch["path"])
        deleted = pc.fill_null(pc.equal(was["kind"], DELETED), False)
        which = pc.or_(deleted, _is_later(was, batch))
        which = pc.or_(which, _is_later(self._read.beside(batch["path"]), batch))
        version = pc.if_else(deleted, was["version"], batch["version"])
        if self._should_be is not None:
            good = self._should_be.beside(batch["path"])
            gone = pc.and_(pc.is_null(was["path"]), pc.is_valid(good["path"]))
            gone = pc.and_(gone, self._looked(batch["path"], gone))
            which = pc.or_(which, gone)
            version = pc.if_else(gone, good["version"], version)
            which = pc.or_(which, _is_later(good, batch))
        if self._gone is not None and len(self._gone):
            which = pc.or_(which, pc.is_in(batch["path"], value_set=self._gone))
        self._note(was, pc.and_(_are_there(batch), pc.equal(was["mtime_ns"], batch["mtime_ns"])))
        which = pc.and_(which, _are_there(batch))
        if not pc.any(which).as_py():
            return Rows()
        at = SCANNED.get_field_index("version")
        return rows_of(batch.set_column(at, SCANNED.field(at), version).filter(which))

    def _looked(self, paths: pa.Array, which: pa.Array) -> pa.Array:
        """Say of `which` of these paths the last scan did not leave them out. Never null."""
        if self._covers is None or not pc.any(which).as_py():
            return which
        each = zip(paths.to_pylist(), which.to_pylist(), strict=True)
        return pa.array([some and not self._covers(path) for path, some in each], pa.bool_())

    def _note(self, was: pa.RecordBatch, same: pa.Array) -> None:
        """Take some of these rows, and fewer of those that were taken before."""
        where = pc.indices_nonzero(pc.and_(_are_there(was), pc.fill_null(same, False)))
        some, both = rows_of(was.take(where[:: len(where) // _SOME + 1])), Rows()
        extend(both, self.same)
        extend(both, some)
        self.same = chosen(both, range(0, len(both), len(both) // (_SOME + 1) + 1))


def _are_there(rows: pa.RecordBatch) -> pa.Array:
    """Say for each row whether something is there. Never null."""
    first, second = (pc.fill_null(pc.equal(rows["kind"], kind), False) for kind in _THERE)
    return pc.or_(first, second)


def _is_later(was: pa.RecordBatch, listed: pa.RecordBatch) -> pa.Array:
    """Say for each row whether it was, or may have been, written later than listed. Never null.

    That its bytes could not be read then, for a limit or for want of a right, is no word on that.
    """
    there = pc.is_in(was["kind"].dictionary_decode(), value_set=_OBJECTS)
    later = pc.fill_null(pc.greater(_seconds(was), _seconds(listed)), False)
    # Of two that were written within one second nobody can say which came later.
    other = (pc.fill_null(pc.not_equal(was[name], listed[name]), False) for name in _WHICH)
    same = pc.fill_null(pc.equal(_seconds(was), _seconds(listed)), False)
    return pc.and_(there, pc.or_(later, pc.and_(same, pc.or_(*other))))


def _newest(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return of the rows of each path the one that was written last."""
    at = pc.fill_null(rows["mtime_ns"], FIRST_NS)
    keys = pa.record_batch([rows["path"], at], names=["path", "at"])
    by = [("path", "ascending"), ("at", "ascending")]
    rows = rows.take(pc.sort_indices(keys, sort_keys=by))
    paths = rows["path"]
    last = pa.concat_arrays([pc.not_equal(paths[:-1], paths[1:]), pa.array([True])])
    return rows.filter(last)


def _seconds(rows: pa.RecordBatch) -> pa.Array:
    return pc.divide(rows["mtime_ns"], _SECOND)
