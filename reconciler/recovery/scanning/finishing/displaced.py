"""Files that are missed at a path where another has come: each is remembered beside that one.

A part has one row of a path. What is missed where something else lies, or lay last, has a path of
its own in what is remembered, which no file has: where it lay, and which file it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.finishing.away import MISSED, away
from reconciler.recovery.scanning.known.comparing import pairs

#: What stands between the path and what tells the file from another. No file system has the first
#: byte in a name; a bucket may, and nobody names an object so by chance.
_MARK = b"\0missed beside another: "
_WHICH = re.compile(re.escape(_MARK) + rb"(?:[0-9a-f]{64}|\d+ -?\d+)\Z")


def path_of(path: bytes) -> bytes:
    """Return where a file lay that is remembered at a path, whether or not beside another."""
    return _WHICH.sub(b"", path) if _MARK in path else path


def is_displaced(path: bytes) -> bool:
    """Return whether what is remembered at a path is missed there, where another has come."""
    return _MARK in path and _WHICH.search(path) is not None


def path_beside(file: Content) -> bytes:
    """Return at which path a file is remembered once another has come where it lay."""
    return _beside(file.path, file.sha256, file.size, file.mtime_ns)


class Displaced:
    """Takes remembered rows of files that are gone from where something else lies, or lay last."""

    def __init__(self) -> None:
        self._taken: list[pa.RecordBatch] = []
        #: Whether any of those that were looked at had been taken before.
        self.were_any = False

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._taken)

    def take(self, good: pa.RecordBatch, there: pa.RecordBatch) -> pa.Array:
        """Take the rows of `good` that are gone where another is; say which are of no path now.

        `there` has what is known to be at their paths, null where nothing is. What has the time of
        the one that is gone may be that one: if it has other bytes, it is held against it as well.
        Never null.
        """
        were = pc.any(pc.match_substring(good["path"], _MARK)).as_py()
        self.were_any = self.were_any or bool(were)
        is_file = pc.and_(pairs.is_there(there), pc.is_valid(there["size"]))
        said = (pc.match_substring(good["detail"], word) for word in MISSED)
        asked = pc.and_(is_file, pc.fill_null(functools.reduce(pc.or_, said), False))
        if not pc.any(asked).as_py():
            return asked
        missed = [away(detail).is_missed for detail in values(good["detail"].filter(asked))]
        asked = pc.replace_with_mask(asked, asked, pa.array(missed, pa.bool_()))
        same = pc.equal(there["sha256"], good["sha256"])
        same_time = pairs.is_same(there, good, ("mtime_ns", "version"))
        other = pc.and_not(asked, pc.or_(pc.fill_null(same, False), same_time))
        rows = good.filter(pc.or_(other, pc.and_not(asked, pc.fill_null(same, True))))
        if rows.num_rows:
            self._taken.append(_beside_another(rows))
        return other

    def joined(self, part: Written, folder: Path, *, is_newer: bool = True) -> Written:
        """Return, as a part in `folder`, the rows of `part` and these, of one file the newer.

        Raises `RepositoryError`, `SnapshotError`.
        """
        if not self:
            return part
        rows = pa.concat_batches(self._taken)
        rows = rows.take(pc.sort_indices(rows["path"]))
        once = pc.not_equal(rows["path"][:-1], rows["path"][1:])
        rows = rows.filter(pa.concat_arrays([once, pa.array([True])]))
        with PartWriter(folder, CONTENTS) as writer:
            both = [read.batches(part.path, CONTENTS), iter([rows])]
            for batch in merge.joined(both if is_newer else both[::-1]):
                writer.write(batch)
            return writer.finish()


def once(part: Written, folder: Path) -> Written:
    """Return, as a part in `folder`, remembered rows without those that stand in it twice.

    Raises `RepositoryError`, `SnapshotError`.
    """
    with PartWriter(folder, CONTENTS) as writer:
        for batch in _once(part.path):
            writer.write(batch)
        return writer.finish()


def _once(part: Path) -> Iterator[pa.RecordBatch]:
    """Yield remembered rows, each that is gone once: not beside another where it went itself."""
    own = set[bytes]()
    for batch in read.batches(part, CONTENTS):
        paths, details = values(batch["path"]), values(batch["detail"])
        displaced = pa.array(map(is_displaced, paths), pa.bool_())
        gone = pa.array([was.is_missed or was.is_moved for was in map(away, details)], pa.bool_())
        own.update(values(_beside_another(batch.filter(pc.and_not(gone, displaced)))["path"]))
        again = pc.and_(displaced, pc.is_in(batch["path"], value_set=pa.array(own, pa.binary())))
        yield batch.filter(pc.invert(again))


def _beside_another(rows: pa.RecordBatch) -> pa.RecordBatch:
    columns = (values(rows[name]) for name in ("path", "sha256", "size", "mtime_ns"))
    beside = [_beside(*each) for each in zip(*columns, strict=True)]
    at, of = CONTENTS.get_field_index("path"), CONTENTS.field("path")
    return rows.set_column(at, of, pa.array(beside, of.type))


def _beside(path: bytes, sha256: bytes | None, size: int | None, mtime_ns: int | None) -> bytes:
    which = f"{size} {mtime_ns}" if sha256 is None else sha256.hex()
    return path_of(path) + _MARK + which.encode()
