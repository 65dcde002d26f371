"""Once the lease is lost nothing more is written."""

from __future__ import annotations

import threading

from reconciler.errors import LeaseLostError, UnavailableError
from reconciler.executor import execute
from reconciler.executor.events import Failed
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from support.faults.patience import OwnTime, some_times
from support.values.building import desired, entry, plan_for, storage
from support.values.executing import IN_TURN_AND_AT_ONCE, PATIENCE, outcome, statuses
from support.values.memory_platform import Call, MemoryPlatform

GONE = LeaseLostError("the lease is held by somebody else")


def test_a_write_that_is_refused_for_it_stops_the_run() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    platform.before = some_times("create", None, GONE)
    result = execute(plan, platform.writer(wait=0), Limits(1), lambda _: None)
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "failed",
        "create:c": "not_started",
    }
    assert outcome(result, "create:b").error == str(GONE)
    assert outcome(result, "create:c").error == str(GONE)
    assert not any(found.stale for found in result.outcomes)


def test_what_runs_by_then_does_not_write_any_more() -> None:
    platform = MemoryPlatform([storage("b")], abilities=Abilities())
    plan = plan_for(platform, desired(entry("a"), entry("b", label="new")))
    looking, told = threading.Event(), threading.Event()

    def hook(call: Call) -> None:
        if call.method == "create":
            assert looking.wait(PATIENCE)
            raise GONE
        if call.subject == "id-b":
            looking.set()
            assert told.wait(PATIENCE)

    platform.before = hook
    limits = Limits(parallelism=2)
    result = execute(
        plan,
        platform.writer(wait=0),
        limits,
        lambda event: told.set() if isinstance(event, Failed) else None,
    )
    assert {found.error for found in result.outcomes} == {str(GONE)}
    assert platform.writes == [Call("create", "a")]


@IN_TURN_AND_AT_ONCE
def test_whoever_keeps_the_lease_is_asked_before_each_write(parallelism: int) -> None:
    platform = MemoryPlatform([storage("a")])
    plan = plan_for(platform, desired(entry("a", label="new"), entry("b")))
    limits = Limits(parallelism=parallelism, lost=lambda: "the lease ran out")
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None)
    assert {found.error for found in result.outcomes} == {"the lease ran out"}
    assert platform.writes == []
    assert not any(found.status in ("done", "unknown") for found in result.outcomes)


def test_a_wait_ends_when_the_lease_is_lost() -> None:
    platform, time, lost = MemoryPlatform(), OwnTime(), []
    plan = plan_for(platform, desired(entry("a"), entry("b")))
    platform.before = some_times("create", UnavailableError("429", retry_after=60.0))
    time.meanwhile = lambda: lost.append("the lease ran out")
    limits = Limits(1, lost=lambda: lost[0] if lost else None)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None, surroundings=time)
    assert statuses(result) == {"create:a": "failed", "create:b": "not_started"}
    assert outcome(result, "create:b").error == "the lease ran out"
    assert time.waits == []
    assert platform.writes == [Call("create", "a")]
