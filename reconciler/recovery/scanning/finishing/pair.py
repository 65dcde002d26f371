"""The two parts of a scan, and what they come to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery import paths
from reconciler.recovery.parts.schema import CONTENTS, STAMPS
from reconciler.recovery.parts.write import PartWriter, Written
from reconciler.recovery.rows import LIMIT, READ, TWO_SUMS, UNREADABLE, is_closed
from reconciler.recovery.values import Counts, Unproved

#: So many parts of a storage are told one by one; of more, the folders that they are in.
_TOLD = 1_000
#: And so many of the files that a limit left no room for.
_UNREAD_TOLD = 20


class Like(NamedTuple):
    """Two parts that are there already, and what reads their rows."""

    contents: Written
    stamps: Written
    rows: Callable[[], Iterator[pa.RecordBatch]]


class PartPair:
    """Writes rows with the columns of `SCANNED` into two parts, and counts them."""

    def __init__(self, folder: Path, like: Like | None = None) -> None:
        """Write into a folder; nothing, if all rows turn out to be those of `like`."""
        self._like = like
        #: So many of its first rows were taken, and not written yet.
        self._alike = 0
        self._contents = PartWriter(folder, CONTENTS)
        self._stamps = PartWriter(folder, STAMPS)
        self._rows = self._bytes = self._bytes_read = 0
        self._kinds: Counter[str] = Counter()
        self._proofs: Counter[str] = Counter()
        self._oldest: int | None = None
        #: What could not be read; and how many files were not, as a limit left no room for them.
        self.unproved: list[Unproved] = []
        self.unread = 0

    def write(self, batch: pa.RecordBatch, *, alike: bool = False) -> None:
        """Add rows; raises `RepositoryError`, `SnapshotError`.

        `alike` says that they are the rows of `like` that follow those before.
        """
        if not batch.num_rows:
            return
        self._count(batch)
        if alike and self._like:
            self._alike += batch.num_rows
            return
        self._catch_up()
        self._put(batch)

    def finish(self) -> tuple[Written, Written]:
        """Return the parts of contents and of stamps; raises `RepositoryError`, `SnapshotError`."""
        if self._like and self._alike == self._like.contents.rows:
            return self._like.contents, self._like.stamps
        self._catch_up()
        return self._contents.finish(), self._stamps.finish()

    def _catch_up(self) -> None:
        """Write what was only taken: something differs."""
        like, self._like = self._like, None
        left = self._alike
        for batch in like.rows() if like and left else ():
            self._put(batch.slice(0, left))
            left -= min(left, batch.num_rows)
            if not left:
                break

    def _put(self, batch: pa.RecordBatch) -> None:
        self._contents.write(batch.select(CONTENTS.names))
        self._stamps.write(batch.select(STAMPS.names))

    @property
    def counts(self) -> Counts:
        """How much it came to."""
        return Counts(
            self._rows,
            dict(sorted(self._kinds.items())),
            dict(sorted(self._proofs.items())),
            self._bytes,
            self._bytes_read,
            self._oldest,
        )

    def __enter__(self) -> Self:
        """Return the pair."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of what was not finished."""
        self._contents.__exit__()
        self._stamps.__exit__()

    def _count(self, batch: pa.RecordBatch) -> None:
        self._rows += batch.num_rows
        kinds = _counted(batch["kind"])
        self._kinds.update(kinds)
        proofs = _counted(batch["proof"])
        proofs.pop("", None)
        self._proofs.update(proofs)
        self._bytes += pc.sum(batch["size"]).as_py() or 0
        if READ in proofs:
            read = batch.filter(pc.equal(batch["proof"], READ))
            self._bytes_read += pc.sum(read["size"]).as_py() or 0
        oldest = pc.min(batch["proved_at"]).as_py()
        if oldest is not None:
            self._oldest = oldest if self._oldest is None else min(self._oldest, oldest)
        if UNREADABLE in kinds:
            self._note(batch.filter(pc.equal(batch["kind"], UNREADABLE)))

    def _note(self, batch: pa.RecordBatch) -> None:
        columns = (batch[name].to_pylist() for name in ("path", "size", "detail"))
        for path, size, detail in zip(*columns, strict=True):
            reason = os.fsdecode(detail or b"") or "unknown"
            closed = is_closed(UNREADABLE, path, size)
            what = "could not be listed" if closed else "could not be read"
            if detail == TWO_SUMS:
                what = "is not known, as nobody may read it"
            if detail == LIMIT:
                self.unread += 1
                what = "was not read yet"
                if self.unread > _UNREAD_TOLD:  # so many would leave no room for what matters more
                    continue
            told = f"{paths.shown(path)} {what}: {reason}"
            self.unproved.append(Unproved(path, reason, told, path.endswith(b"/") and not closed))
        if len(self.unproved) > 2 * _TOLD:
            self.unproved = gathered(self.unproved)


def gathered(unproved: Iterable[Unproved]) -> list[Unproved]:
    """Return folders instead of what lies in them, until there are few enough to be told.

    What stands for files alone hides nothing: they were listed, so that the scan has them.
    """
    told = list(unproved)
    while len(told) > _TOLD:
        depth = max(each.path.rstrip(b"/").count(b"/") for each in told)
        above: dict[tuple[bytes, str, bool], Unproved] = {}
        for each in told:
            path = each.path.rstrip(b"/")
            if path.count(b"/") == depth:
                folder = path[: path.rfind(b"/") + 1]
                where = paths.shown(folder) if folder else "the storage"
                each = Unproved(  # noqa: PLW2901
                    folder,
                    each.reason,
                    f"much in {where} could not be read: {each.reason}",
                    not each.is_folder,
                )
            above.setdefault((each.path, each.reason, each.is_object), each)
        told = list(above.values())
    return told


def _counted(column: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(column)
    values, numbers = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return dict(zip(values, numbers, strict=True))
