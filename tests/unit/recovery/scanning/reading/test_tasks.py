"""Tasks: cut, read, told."""

from __future__ import annotations

import hashlib
import pickle
from itertools import count
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UnreachableError
from reconciler.recovery.rows import Rows, extend
from reconciler.recovery.scanning.reading import tasks
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Cutter, Task, portions, read_here, read_there
from reconciler.recovery.values import Target
from reconciler.recovery.walking.folder import FolderSource
from support.recovery.memory import TARGET, File, Storage, rows_with

SIZES = st.lists(st.integers(0, tasks.BYTES * 2), max_size=300)


def listed(sizes: list[int], start: int = 0) -> Rows:
    rows = rows_with({b"%06d" % (start + i): File() for i in range(len(sizes))})
    rows.size = list(sizes)
    return rows


@given(st.lists(SIZES, max_size=5), st.integers(1, 4))
def test_every_file_is_in_one_task_in_its_order(batches, workers) -> None:
    cutter = Cutter(workers)
    found: list[Task] = []
    start = 0
    for sizes in batches:
        found += cutter.add(listed(sizes, start), [None] * len(sizes))
        start += len(sizes)
    found += cutter.rest()
    assert list(cutter.rest()) == []
    together = Rows()
    for number, task in enumerate(found):
        assert task.number == number
        assert 0 < len(task.files) == len(task.known) <= tasks.FILES
        assert task.bytes == sum(task.files.size)
        assert task.bytes <= tasks.BYTES or len([s for s in task.files.size if s]) == 1
        extend(together, task.files)
        cut = Rows()
        for portion in portions(task.files):
            assert 0 < len(portion) <= 64
            extend(cut, portion)
        assert cut == task.files
    assert together.path == [b"%06d" % i for i in range(start)]


def test_the_first_tasks_are_small_and_later_ones_are_not() -> None:
    cutter = Cutter(2)
    found = list(cutter.add(listed([1] * 60_000), [None] * 60_000))
    counts = [len(task.files) for task in found]
    assert counts[:9] == [64] * 4 + [128] * 4 + [256]
    assert max(counts) == counts[-1] == tasks.FILES


def some() -> Storage:
    storage = Storage()
    for i in range(200):
        storage.put(f"{i:03}", b"%d" % i)
    return storage


def task_of(storage: Storage, known: dict[bytes, bytes] | None = None) -> Task:
    (rows,) = Storage(storage.files, batch=1000).open(TARGET, ()).listing()
    return Task(3, rows, [(known or {}).get(path) for path in rows.path])


def test_what_was_read_and_what_was_gone_is_told() -> None:
    storage = some()
    task = task_of(storage)
    del storage.files[b"017"]
    done = read_here(storage.open(TARGET, ()), Pace(), Event(), task)
    assert (done.number, done.whole, done.gone.path) == (3, True, [b"017"])
    assert done.rows.path == sorted(storage.files)
    assert done.rows.sha256[0] == hashlib.sha256(b"0").digest()


def test_an_end_keeps_what_was_read_before() -> None:
    storage = some()
    halt = Event()
    storage.on_read = lambda path: halt.set() if path == b"070" else None
    done = read_here(storage.open(TARGET, ()), Pace(), halt, task_of(storage))
    assert not done.whole
    assert done.rows.path == sorted(storage.files)[:128]  # the portion was finished


def test_a_budget_that_is_spent_ends_at_once_and_keeps_whole_files() -> None:
    storage = some()
    pace = Pace(most=sum(len(file.data) for file in storage.files.values()) - 1)
    done = read_here(storage.open(TARGET, ()), pace, Event(), task_of(storage))
    assert not done.whole
    assert pace.stopping
    assert done.rows.path == sorted(storage.files)[:199]
    assert len(done.gone) == 0
    assert pace.files == 199


@pytest.mark.parametrize("last", ["000", "100", "199"])
def test_what_was_not_looked_for_when_it_ended_is_not_gone(last) -> None:
    storage = some()
    task = task_of(storage)
    del storage.files[b"050"]
    pace = Pace()
    storage.on_read = lambda path: pace.stop() if path == last.encode() else None
    done = read_here(storage.open(TARGET, ()), pace, Event(), task)
    assert not done.whole
    assert done.rows.path == [path for path in sorted(storage.files) if path < last.encode()]
    assert done.gone.path == ([b"050"] if last > "050" else [])


def test_one_large_file_ends_within_a_moment_and_what_was_read_before_it_stays(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"small")
    (tmp_path / "b").write_bytes(bytes(8 << 20))
    source = FolderSource(Target("id", "nas", "local", "", f"file://{tmp_path}"), ())
    (rows,) = source.listing()
    pace = Pace()

    def asked() -> bool:
        return pace.count > 1 << 20

    pace = Pace(asked=asked, clock=count(step=0.01).__next__)
    done = read_here(source, pace, Event(), Task(0, rows, [None] * len(rows)))
    source.close()
    assert (done.whole, done.rows.path, done.gone.path) == (False, [b"a"], [])
    assert pace.count < 5 << 20


def test_other_bytes_of_the_same_size_and_time_are_told() -> None:
    storage = some()
    known = {path: hashlib.sha256(file.data).digest() for path, file in storage.files.items()}
    task = task_of(storage, known)
    storage.files[b"005"].data = b"6"
    storage.files[b"006"].data, storage.files[b"006"].mtime_ns = b"7", 5  # changed, as it shows
    storage.files[b"007"].data = b"77"
    done = read_here(storage.open(TARGET, ()), Pace(), Event(), task)
    assert done.altered == [b"005"]


def test_elsewhere_the_root_is_proved_before_and_after_it_is_read() -> None:
    storage = some()
    task = task_of(storage)
    storage.read.clear()
    order: list[object] = []
    storage.on_prove, storage.on_read = order.append, order.append
    done = read_there(storage.open, TARGET, (), storage.root, task)
    assert (order[0], order[-1], len(order)) == (1, 2, 202)
    assert (done.whole, storage.known) == (True, [storage.root] * 2)
    storage.on_prove = lambda number: storage.lose()
    storage.read.clear()
    with pytest.raises(UnreachableError):
        read_there(storage.open, TARGET, (), storage.root, task)
    assert storage.read == []


def test_that_a_root_is_lost_elsewhere_can_be_sent() -> None:
    lost = pickle.loads(pickle.dumps(UnreachableError("not mounted", reason="ENOENT")))
    assert (str(lost), lost.reason) == ("not mounted", "ENOENT")


def test_a_task_and_what_becomes_of_it_can_be_sent() -> None:
    task = task_of(some())
    assert pickle.loads(pickle.dumps(task)) == task
    done = read_here(some().open(TARGET, ()), Pace(), Event(), task)
    assert pickle.loads(pickle.dumps(done)) == done
