"""Records of files of several storages at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from reconciler.errors import RefusedError
from reconciler.executor.recording import Record, Task, record_each
from reconciler.platform import Abilities
from support.values.building import storage
from support.values.memory_platform import DEFAULT_ABILITIES, MemoryPlatform

NAMES = tuple("abcdef")
ROWS = [("u", "1", "1")]


def platform(abilities: Abilities = DEFAULT_ABILITIES) -> MemoryPlatform:
    return MemoryPlatform(map(storage, NAMES), abilities=abilities)


def tasks(seen: list[str], barrier: threading.Barrier | None = None) -> Iterator[Task]:
    """Give a task for each storage; with a barrier, so many must be under way at once."""

    def task(record: Record, name: str) -> None:
        seen.append(name)
        if barrier:
            barrier.wait(timeout=30)
        record(f"id-{name}", ROWS)

    for name in NAMES:
        yield lambda record, name=name: task(record, name)


def test_as_many_as_are_wanted_run_at_once() -> None:
    live, seen = platform(), list[str]()
    record_each(live.writer(wait=0), tasks(seen, threading.Barrier(3)), 3)
    assert sorted(seen) == list(NAMES)
    assert set(live.files) == {f"id-{name}" for name in NAMES}


def join_others() -> None:
    for thread in threading.enumerate():
        if thread.name == "record" and thread is not threading.current_thread():
            thread.join(30)


@pytest.mark.parametrize("most", [1, 5])
def test_a_platform_that_takes_one_call_at_a_time_gets_one(most: int) -> None:
    live, seen = platform(Abilities(record_inventory=True, parallelism=1)), list[str]()
    record_each(live.writer(wait=0), tasks(seen), most)
    assert seen == list(NAMES)
    assert live.most_at_once == 1


@pytest.mark.parametrize("most", [1, 2])
def test_after_an_error_none_is_begun_and_what_runs_is_finished(most: int) -> None:
    live, begun = platform(), threading.Event()
    failed = threading.Event()

    def fail(_: Record) -> None:
        begun.wait(30)
        failed.set()
        raise RefusedError("no")

    def slow(record: Record) -> None:
        begun.set()
        failed.wait(30)
        join_others()  # the error is known by then
        record("id-a", ROWS)

    def never(record: Record) -> None:
        record("id-f", ROWS)

    order = [slow, fail] if most > 1 else [fail]
    if most == 1:
        begun.set()
    with pytest.raises(RefusedError, match="no"):
        record_each(live.writer(wait=0), iter([*order, never, never]), most)
    assert set(live.files) == ({"id-a"} if most > 1 else set())


def test_an_interrupt_does_not_wait_for_what_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    live, goes_on, seen = platform(), threading.Event(), list[str]()

    def hang(_: Record) -> None:
        seen.append("begun")
        goes_on.wait(30)

    def interrupted(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record_each(live.writer(wait=0), iter([hang] * 5), 2)
    monkeypatch.undo()
    goes_on.set()
    join_others()
    assert len(seen) <= 2
