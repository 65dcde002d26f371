"""A sorted stream of batches, of which rows are taken up to a key."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from reconciler.errors import SnapshotError
from reconciler.recovery.parts.order import ascends, rows_up_to


class Stream:
    """The rows that were not taken yet: those of the batch at hand, and those that are to come."""

    def __init__(self, batches: Iterator[pa.RecordBatch], key: str, called: str) -> None:
        """Take batches that are sorted by `key`, each key once; `called` names them in errors."""
        self._batches = batches
        self._key = key
        self._called = called
        self._before: bytes | None = None
        self._batch: pa.RecordBatch | None = None

    def more(self) -> bool:
        """Return whether there are more rows, and have some at hand.

        Raises `SnapshotError` if they are not in order.
        """
        while self._batch is None or not self._batch.num_rows:
            self._batch = next(self._batches, None)
            if self._batch is None:
                return False
            self._check(self._batch)
        return True

    def key_within(self, rows: int) -> bytes:
        """Return the key of the last row at hand, or of the one that is `rows` from the first."""
        key: bytes = self._keys[min(rows, len(self._keys)) - 1].as_py()
        return key

    def take(self, until: bytes) -> pa.RecordBatch:
        """Return the rows at hand whose key is not greater than `until`."""
        batch = self._at_hand
        count = rows_up_to(batch.column(self._key), until)
        self._batch = batch.slice(count)
        return batch.slice(0, count)

    @property
    def _at_hand(self) -> pa.RecordBatch:
        if self._batch is None:
            raise ValueError("there are no more rows")
        return self._batch

    @property
    def _keys(self) -> pa.Array:
        return self._at_hand.column(self._key)

    def _check(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            keys = batch.column(self._key)
            if not ascends(keys, self._before):
                raise self._unsorted()
            self._before = keys[-1].as_py()

    def _unsorted(self) -> SnapshotError:
        return SnapshotError(
            f"{self._called} is not sorted by {self._key}, or has one twice: nothing can be said "
            "of it; if it is a part of a repository, take it from another copy"
        )
