"""What records of files storages lack, of several storages at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import RefusedError
from reconciler.model import Entry
from reconciler.platform import Abilities
from reconciler.recovery.rebuilding import records
from reconciler.recovery.rebuilding.records import AT_ONCE, Comparing, Records
from reconciler.recovery.rebuilding.wanted import Wanted
from support.recovery import snapshots
from support.values.memory_platform import Call, MemoryPlatform

NAMES = [f"s{number}" for number in range(3 * AT_ONCE)]
Pairs = list[tuple[Wanted, str | None]]


@contextmanager
def comparing(live: MemoryPlatform, folder: Path) -> Iterator[tuple[Comparing, Pairs]]:
    """Take a snapshot, and compare with what is live from then on."""
    repository = snapshots.repository(folder)
    kept = snapshots.taken(live, repository)
    pairs: Pairs = [
        (Wanted(each, Entry(each.name, each.type, each.default_url)), each.id)
        for each in kept.snapshot.storages
    ]
    with Comparing(repository, live.reader()) as compared:
        yield compared, pairs


def test_several_are_read_at_once_and_told_in_order(tmp_path: Path) -> None:
    live, told = snapshots.platform(*NAMES), list[str]()
    barrier = threading.Barrier(AT_ONCE)
    with comparing(live, tmp_path) as (compared, pairs):
        live.files[pairs[1][0].storage.id].clear()
        live.before = lambda _: barrier.wait(timeout=30) and None
        found = compared.compare_each([*pairs, (pairs[0][0], None)], told.append)
    assert told == [one.storage.name for one, _ in pairs]
    assert found[pairs[1][0].storage.id] == Records(missing=1)
    assert found[pairs[2][0].storage.id] == Records(live=1)
    assert found[pairs[0][0].storage.id] == Records(missing=1)  # the one that is not live


def test_one_after_the_other_where_the_platform_takes_no_more(tmp_path: Path) -> None:
    live = snapshots.platform(*NAMES, abilities=Abilities(parallelism=1))
    with comparing(live, tmp_path) as (compared, pairs):
        live.most_at_once = 0
        compared.compare_each(pairs, lambda _: None)
    assert live.most_at_once == 1


def test_after_an_error_no_other_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live, ending = snapshots.platform(*NAMES), threading.Event()
    seen = []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            ending.set()
            super().shutdown()

    def refuse(call: Call) -> None:
        seen.append(call.subject)
        if len(seen) > 1:
            ending.wait(30)
        raise RefusedError("no")

    monkeypatch.setattr(records, "ThreadPoolExecutor", Pool)
    with comparing(live, tmp_path) as (compared, pairs):
        live.before = refuse
        with pytest.raises(RefusedError, match="no"):
            compared.compare_each(pairs, lambda _: None)
    assert len(seen) <= AT_ONCE + 1
