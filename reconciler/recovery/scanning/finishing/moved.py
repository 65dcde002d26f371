"""Which of the files that have gone lie at another path now: those are not missing.

Its bytes, read where nobody had known them, show that a file was moved. Of one that nobody ever
could read, a new file of its size and time does. And of one that was read, a file of its size and
time that nobody has read yet, as where a limit left no room for it, *may* be the one: it is neither
missing nor moved until that is read.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.scanning.finishing.away import Away, away
from reconciler.recovery.scanning.finishing.came import Came, Wanted, came_of, wanted_of
from reconciler.recovery.scanning.finishing.displaced import is_displaced
from reconciler.recovery.scanning.finishing.hiding import Hidden
from reconciler.recovery.scanning.finishing.knowing import Known
from reconciler.recovery.scanning.finishing.lain import Asked
from reconciler.recovery.scanning.known.comparing import pairs
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of

#: So many files are looked for together: each time all that is there is read.
_TOGETHER = 500_000


def marked(
    part: Written, since: bytes, contents: Path, known: Known, folder: Path, hidden: Hidden
) -> Written:
    """Return the remembered rows of `part`, of which each that went says where it lies now.

    No file lies in `contents` at their paths, of which some may be `hidden`, and they went now if
    they are dated `since`. Each file that came stands for one that has gone, and empty ones for
    none. Raises `RepositoryError`, `SnapshotError`.
    """
    there, known_to, is_other = contents_of(contents), Asked(known), False
    with PartWriter(folder, CONTENTS) as writer:
        for some in _together(read.batches(part.path, CONTENTS)):
            gone = [_gone(rows, there) for rows in some]
            each = (
                wanted_of(rows.filter(m), hidden, known_to)
                for rows, m in zip(some, gone, strict=True)
            )
            every = [*chain.from_iterable(each)]
            places = _places(every, came_of(every, contents, known), hidden, since)
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


def _places(wanted: Sequence[Wanted], came: Came, hidden: Hidden, since: bytes) -> Iterator[Away]:
    """Yield where each is; what may have lain at a path before comes first there."""
    paths = {one.path for one in wanted if one.sha256 is not None}
    # What nobody could read, where it is awaited as another, is that one: it is told as that alone.
    # So is what only earlier runs of this scan have seen, of a file that the last scan knew.
    others: set[object] = {(one.was.maybe, one.stamp) for one in wanted if one.sha256 is not None}
    went = (one for one in wanted if not (one.is_own or one.is_hidden or one.is_told(since)))
    others |= {one.sha256 for one in went}
    places = dict[int, Away]()
    for i in sorted(range(len(wanted)), key=lambda i: _turn(wanted[i], paths, since, came)):
        one = wanted[i]
        is_other = one.sha256 is None and (one.path, one.stamp) in others
        is_other = is_other or (one.is_own and one.sha256 in others)
        places[i] = Away(since, is_moved=True) if is_other else came.place(one, hidden, since)
    return (places[i] for i in range(len(wanted)))


def _turn(one: Wanted, paths: Container[bytes], since: bytes, came: Came) -> tuple[bool, ...]:
    """Return when it is the turn of a file: what is back where it lay, or moved on, comes first."""
    was, is_unread = one.was, one.sha256 is None or one.was.written is not None
    return (
        not came.is_back(one),
        one.is_hidden,
        one.is_told(since),
        was.maybe in paths,
        is_unread,
        not was.maybe,
    )


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    some: list[pa.RecordBatch] = []
    for rows in batches:
        if some and sum(map(len, some)) + len(rows) > _TOGETHER:
            yield some
            some = []
        some.append(rows)
    if some:
        yield some


def _gone(rows: pa.RecordBatch, there: Earlier) -> pa.Array:
    """Say for each row whether it is looked for. Never null."""
    is_away = pc.invert(pairs.is_there(there.beside(rows["path"])))
    is_moved = pa.array([away(detail).is_moved for detail in values(rows["detail"])], pa.bool_())
    has_bytes = pc.fill_null(pc.greater(rows["size"], 0), False)
    displaced = pa.array(map(is_displaced, values(rows["path"])), pa.bool_())
    asked = pc.and_(pc.or_(has_bytes, displaced), is_away)
    return pc.and_not(asked, is_moved)
