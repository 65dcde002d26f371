"""Whoever observes a run is told that each operation began, and once how it ended."""

from __future__ import annotations

import threading
from collections import defaultdict

from reconciler.errors import PlatformError
from reconciler.executor import execute
from reconciler.executor.events import Done, Failed, OperationEvent, Started
from reconciler.retry.limits import Limits
from support.values.building import plan_for, storage
from support.values.executing import CHAIN, IN_TURN_AND_AT_ONCE, SWAP, failing
from support.values.memory_platform import MemoryPlatform


@IN_TURN_AND_AT_ONCE
def test_an_observer_sees_each_operation_begin_and_end(parallelism: int) -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, SWAP)
    seen = defaultdict(list)
    threads = set()

    def observe(event: OperationEvent) -> None:
        seen[event.key].append(event)
        threads.add(threading.current_thread())

    execute(plan, platform.writer(wait=0), Limits(parallelism=parallelism), observe)
    assert seen == {
        "update:a": [
            Started("update:a", "update", "a"),
            Done("update:a", "update", "a", "id-b", 2),
        ],
        "update:b": [
            Started("update:b", "update", "b"),
            Done("update:b", "update", "b", "id-a", 1),
        ],
    }
    assert threads == {threading.current_thread()}


def test_an_observer_is_told_one_end_of_every_operation() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, CHAIN)
    platform.before = failing("update", "b", PlatformError("no"))
    seen = []
    execute(plan, platform.writer(wait=0), Limits(1), seen.append)
    waits = "waits for update:c, which is not done"
    assert seen == [
        Started("update:c", "update", "c"),
        Failed("update:c", "update", "c", "failed", "no", stale=False),
        Started("create:free", "create", "free"),
        Done("create:free", "create", "free", platform.by_name["free"].id, 1),
        Failed("update:b", "update", "b", "not_started", waits, stale=False),
    ]
