"""Every operation ends, in order, at most so many at once; one failure stops only dependents."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.errors import PlatformBusyError, PlatformError
from reconciler.model import Storage
from reconciler.platform import Abilities
from support.values.building import desired, entry, names, plan_for, removed, storage
from support.values.executing import (
    CHAIN,
    IN_TURN_AND_AT_ONCE,
    PATIENCE,
    SWAP,
    TWO_CALLS,
    failing,
    go,
    outcome,
    statuses,
)
from support.values.memory_platform import Call, MemoryPlatform

# Order and bounds


@IN_TURN_AND_AT_ONCE
def test_steps_are_written_in_the_order_of_their_dependencies(parallelism: int) -> None:
    given = [f"n{i}" for i in range(12)]
    platform = MemoryPlatform([storage(name) for name in given])
    wanted = desired(*(entry(given[i - 1], given[i], id=f"id-{given[i]}") for i in range(12)))
    plan = plan_for(platform, wanted)
    result = go(plan, platform, parallelism=parallelism)
    assert set(statuses(result).values()) == {"done"}
    # Each takes the name that the one before it has just given up, from the parked one on.
    assert [call.subject for call in platform.writes] == [
        *given[1:],
        "n0",
        temporary("n1", "id-n1"),
    ]


def test_in_turn_keeps_to_the_order_of_print() -> None:
    platform = MemoryPlatform([storage("x"), storage("u")])
    wanted = desired(entry("b"), entry("a"), entry("u", label="new"), removed=[removed("x")])
    go(plan_for(platform, wanted), platform, parallelism=1)
    assert platform.writes == [
        Call("remove", "x"),
        Call("update", "u"),
        Call("create", "a"),
        Call("create", "b"),
    ]


@pytest.mark.parametrize("parallelism", [2, 5])
def test_as_many_calls_at_once_as_allowed_and_no_more(parallelism: int) -> None:
    platform = MemoryPlatform()
    together = threading.Barrier(parallelism)

    def hook(call: Call) -> None:
        if call.method == "create":
            together.wait(PATIENCE)

    platform.before = hook
    plan = plan_for(platform, desired(*(entry(f"s{i}") for i in range(parallelism * 4))))
    result = go(plan, platform, parallelism=parallelism)
    assert set(statuses(result).values()) == {"done"}
    assert platform.most_at_once == parallelism


@pytest.mark.parametrize(("asked", "able"), [(1, None), (10, 1), (0, None)])
def test_one_at_a_time_where_asked_or_where_the_platform_takes_no_more(asked, able) -> None:
    threads = set()
    platform = MemoryPlatform(abilities=Abilities(parallelism=able))
    platform.before = lambda _: threads.add(threading.current_thread())
    plan = plan_for(platform, desired(*(entry(f"s{i}") for i in range(6))))
    assert set(statuses(go(plan, platform, parallelism=asked)).values()) == {"done"}
    assert platform.most_at_once == 1
    assert threads == {threading.current_thread()}


def test_the_platform_bounds_what_the_user_asks_for() -> None:
    platform = MemoryPlatform(abilities=Abilities(parallelism=2))
    together = threading.Barrier(2)
    platform.before = lambda call: call.method == "create" and together.wait(PATIENCE)
    plan = plan_for(platform, desired(*(entry(f"s{i}") for i in range(8))))
    go(plan, platform, parallelism=10)
    assert platform.most_at_once == 2


# Failures


@IN_TURN_AND_AT_ONCE
def test_a_failure_stops_what_depends_on_it_and_nothing_else(parallelism: int) -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, CHAIN)
    platform.before = failing("update", "b", PlatformError("the disk is full"))
    result = go(plan, platform, parallelism=parallelism)
    assert statuses(result) == {
        "update:b": "not_started",
        "update:c": "failed",
        "create:free": "done",
    }
    assert outcome(result, "update:c").error == "the disk is full"
    assert outcome(result, "update:b").error == "waits for update:c, which is not done"
    assert not any(found.stale for found in result.outcomes)
    assert set(names(platform)) == {"a", "b", "free"}


def test_a_failure_reaches_dependents_of_dependents() -> None:
    platform = MemoryPlatform([storage(name) for name in "abc"])
    wanted = desired(
        entry("b", "a", id="id-a"), entry("c", "b", id="id-b"), entry("d", "c", id="id-c")
    )
    plan = plan_for(platform, wanted)
    platform.before = failing("update", "c", PlatformBusyError("busy"))
    assert statuses(go(plan, platform)) == {
        "update:b": "not_started",
        "update:c": "not_started",
        "update:d": "failed",
    }


def test_a_locked_platform_is_not_waited_for_again() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    platform.before = failing("create", "b", PlatformBusyError("busy"))
    result = go(plan, platform, parallelism=1)
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "failed",
        "create:c": "not_started",
    }
    assert outcome(result, "create:c").error == "stopped because 'b' failed"


@pytest.mark.parametrize(
    ("quicker", "status"),
    [(storage("a", label="a"), "done"), (storage("a", label="Theirs"), "failed")],
)
def test_who_is_quicker_by_a_hair_has_done_it_or_made_it_stale(
    quicker: Storage, status: str
) -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a")))

    def hook(call: Call) -> None:
        if call.method == "create":
            platform.put(quicker)

    platform.before = hook
    found = outcome(go(plan, platform), "create:a")
    assert (found.status, found.stale, found.writes) == (status, status == "failed", 0)
    assert platform.storages == (quicker,)


def test_fail_fast_stops_all() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    platform.before = failing("create", "b", PlatformError("no"))
    result = go(plan, platform, parallelism=1, fail_fast=True)
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "failed",
        "create:c": "not_started",
    }
    assert outcome(result, "create:c").error == "stopped because 'b' failed"


def test_fail_fast_lets_what_runs_finish() -> None:
    platform = MemoryPlatform()
    failed = threading.Event()

    def hook(call: Call) -> None:
        if call == Call("create", "a"):
            failed.wait(PATIENCE)
        if call == Call("create", "b"):
            failed.set()
            raise PlatformError("no")

    platform.before = hook
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    result = go(plan, platform, parallelism=2, fail_fast=True)
    assert statuses(result)["create:a"] == "done"
    assert statuses(result)["create:b"] == "failed"


@IN_TURN_AND_AT_ONCE
def test_an_unexpected_exception_is_unknown_and_the_others_still_end(parallelism: int) -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    platform.after = failing("create", "b", RuntimeError("secret token"))
    result = go(plan, platform, parallelism=parallelism)
    assert statuses(result) == {"create:a": "done", "create:b": "unknown", "create:c": "done"}
    assert "unexpected RuntimeError" in outcome(result, "create:b").error
    assert "secret" not in outcome(result, "create:b").error
    assert not result.interrupted


def test_the_dependents_of_what_is_unknown_do_not_start() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, CHAIN)
    platform.after = failing("update", "b", RuntimeError("lost"))
    assert statuses(go(plan, platform)) == {
        "update:b": "not_started",
        "update:c": "unknown",
        "create:free": "done",
    }


def test_a_step_that_fails_after_another_is_half_done() -> None:
    platform = MemoryPlatform([storage("a")], abilities=TWO_CALLS)
    plan = plan_for(platform, desired(entry("b", "a", label="new", renamed_from=["a"])))
    platform.before = failing("update", "b", PlatformError("no"))
    result = go(plan, platform)
    assert statuses(result) == {"update:b": "half_done"}
    assert outcome(result, "update:b").error == "no"
    assert outcome(result, "update:b").writes == 1
    assert platform.by_id["id-a"] == replace(storage("a"), name="b")


def test_a_storage_that_stepped_aside_for_nothing_is_half_done() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, SWAP)
    platform.before = failing("update", "a", PlatformError("no"))
    result = go(plan, platform)
    assert statuses(result) == {"update:a": "half_done", "update:b": "failed"}
    assert outcome(result, "update:a").error == "waits for update:b, which is not done"
    assert names(platform) == {temporary("b", "id-b"): "id-b", "a": "id-a"}


# Results


@IN_TURN_AND_AT_ONCE
def test_every_operation_has_one_outcome_in_the_order_of_the_plan(parallelism: int) -> None:
    platform = MemoryPlatform([storage("a"), storage("b"), storage("x")])
    plan = plan_for(platform, replace(CHAIN, removed=(removed("x"),)))
    result = go(plan, platform, parallelism=parallelism)
    assert [(o.key, o.action, o.name) for o in result.outcomes] == [
        (op.key, op.action, op.name) for op in plan.operations
    ]
    assert [found.writes for found in result.outcomes] == [1, 1, 1, 1]
    assert outcome(result, "create:free").id == platform.by_name["free"].id
    assert outcome(result, "update:b").id == "id-a"
    assert all(not o.error and o.found is None for o in result.outcomes)


def test_an_empty_plan_calls_nothing() -> None:
    platform = MemoryPlatform([storage("a")])
    plan = plan_for(platform, desired(entry("a")))
    platform.calls.clear()
    assert go(plan, platform).outcomes == ()
    assert platform.calls == []
