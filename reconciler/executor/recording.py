"""The one write beside steps: what files storages have, as a scan or a snapshot knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock, Thread

from reconciler.platform import InventoryRow, Writer

#: Adds files to the inventory of a storage, by its id.
Record = Callable[[str, Iterable[InventoryRow]], None]
#: What finds out the files of one storage, and records them.
Task = Callable[[Record], None]


def record_files(writer: Writer, id: str, rows: Iterable[InventoryRow]) -> None:
    """Add files to a storage's inventory, all of them or none; raises `PlatformError`.

    Whatever became of it, it may be done again: a file that is known is replaced.
    """
    writer.record_inventory(id, rows)


def record_each(writer: Writer, tasks: Iterator[Task], most: int) -> None:
    """Carry out tasks, up to `most` at a time where the platform takes that.

    Raises the first error that a task raises: no other is begun then, and those that run are
    finished. They are not after a `KeyboardInterrupt`: nobody knows what becomes of them.
    """
    record = partial(record_files, writer)
    at_a_time = min(most, writer.abilities.parallelism or most)
    if at_a_time <= 1:
        for task in tasks:
            task(record)
        return
    turns = _Turns(tasks, record)
    # Not waited for when the process ends: a call may never answer.
    threads = [Thread(target=turns.work, name="record", daemon=True) for _ in range(at_a_time)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        turns.end()
    if turns.error is not None:
        raise turns.error


class _Turns:
    """Tasks that several threads carry out, each the next one."""

    def __init__(self, tasks: Iterator[Task], record: Record) -> None:
        self._tasks = tasks
        self._record = record
        self._lock = Lock()
        self._ended = False
        #: The first that a task has raised.
        self.error: BaseException | None = None

    def work(self) -> None:
        """Carry out tasks until there are none, or one has failed."""
        try:
            while task := self._next():
                task(self._record)
        except BaseException as error:
            with self._lock:
                self.error = self.error or error
                self._ended = True

    def end(self) -> None:
        """Begin no other task."""
        self._ended = True

    def _next(self) -> Task | None:
        with self._lock:
            return None if self._ended else next(self._tasks, None)
