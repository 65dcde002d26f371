"""Reasons to stop and interrupts: what runs is let finish, and every operation has an end."""

from __future__ import annotations

import threading

import pytest

from reconciler.executor import execute
from reconciler.executor.events import OperationEvent
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from reconciler.retry.surroundings import Machine
from support.values.building import desired, entry, names, plan_for, step_by_step, storage
from support.values.executing import PATIENCE, SWAP, failing, go, outcome, statuses
from support.values.memory_platform import Call, MemoryPlatform


def test_nothing_new_is_started_once_there_is_a_reason_to_stop() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    stop = step_by_step(None, "out of time", None)
    result = go(plan, platform, parallelism=1, stop=stop)
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "not_started",
        "create:c": "not_started",
    }
    assert outcome(result, "create:c").error == "out of time"
    assert not result.interrupted


def test_stopping_between_two_steps_is_half_done() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")])
    plan = plan_for(platform, SWAP)
    result = go(plan, platform, parallelism=1, stop=step_by_step(None, "told to stop"))
    assert statuses(result) == {"update:a": "half_done", "update:b": "not_started"}
    assert {found.error for found in result.outcomes} == {"told to stop"}


def test_what_runs_when_the_reason_comes_is_let_finish() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    asked = threading.Event()
    reasons = step_by_step(None, None, "told to stop")

    def stop() -> str | None:
        reason = reasons()
        if reason:
            asked.set()
        return reason

    def hook(call: Call) -> None:
        # `b` ends only once the run has been told to stop.
        if call == Call("create", "b"):
            assert asked.wait(PATIENCE)

    platform.before = hook
    result = go(plan, platform, parallelism=2, stop=stop)
    assert statuses(result) == {"create:a": "done", "create:b": "done", "create:c": "not_started"}


def test_an_interrupt_in_a_call_leaves_that_outcome_unknown() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    platform.after = failing("create", "b", KeyboardInterrupt())
    result = go(plan, platform, parallelism=1)
    assert result.interrupted
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "unknown",
        "create:c": "not_started",
    }
    assert outcome(result, "create:b").error == "interrupted while the request was under way"
    assert outcome(result, "create:c").error == "interrupted before it began"


def test_what_has_ended_by_the_interrupt_is_known_all_the_same() -> None:
    platform = MemoryPlatform()
    done = threading.Event()
    machine = Machine()
    notify = machine.notify

    def told() -> None:
        notify()
        if "a" in names(platform):
            done.set()

    machine.notify = told

    def hook(call: Call) -> None:
        if call == Call("create", "b"):
            assert done.wait(PATIENCE)
            raise KeyboardInterrupt

    platform.before = hook
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c"), entry("d")))
    limits = Limits(parallelism=2, stop=step_by_step(None, None, "told to stop"))
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None, surroundings=machine)
    assert result.interrupted
    assert statuses(result) == {
        "create:a": "done",
        "create:b": "unknown",
        "create:c": "not_started",
        "create:d": "not_started",
    }


def test_an_interrupt_does_not_wait_for_calls_that_hang() -> None:
    platform = MemoryPlatform()
    go_on, ended = threading.Event(), threading.Event()

    def hook(call: Call) -> None:
        if call == Call("create", "a"):
            go_on.wait(PATIENCE)
        if call == Call("create", "b"):
            raise KeyboardInterrupt

    def after(call: Call) -> None:
        ended.set()

    platform.before, platform.after = hook, after
    plan = plan_for(platform, desired(entry("a"), entry("b"), entry("c")))
    ended.clear()
    result = go(plan, platform, parallelism=2)
    assert result.interrupted
    assert statuses(result)["create:a"] == "unknown"
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(PATIENCE)
    assert names(platform) == {"a": "created-1"}


def test_the_threads_of_a_run_do_not_keep_the_process_from_ending() -> None:
    platform = MemoryPlatform()
    daemons = set()
    platform.before = lambda _: daemons.add(threading.current_thread().daemon)
    plan = plan_for(platform, desired(entry("a"), entry("b")))
    daemons.clear()
    go(plan, platform, parallelism=2)
    assert daemons == {True}


def test_who_observes_is_told_every_end_though_an_interrupt_comes_while_they_are_told() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(*(entry(f"s{n}") for n in range(5))))
    seen = []

    def observe(event: OperationEvent) -> None:
        seen.append((event.key, event.status))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(plan, platform.writer(wait=0), Limits(stop=lambda: "told to stop"), observe)
    assert seen == [(f"create:s{n}", "not_started") for n in range(5)]


def test_a_call_that_never_answers_is_not_waited_for_once_its_time_is_over() -> None:
    reached, go_on = threading.Event(), threading.Event()
    platform = MemoryPlatform(abilities=Abilities(bounded=False, parallelism=1))
    plan = plan_for(platform, desired(entry("a"), entry("b")))

    def hang(call: Call) -> None:
        if call.method == "create":
            reached.set()
            go_on.wait(PATIENCE)

    platform.before = hang
    limits = Limits(overdue=lambda: "no answer in time" if reached.is_set() else None)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None)
    go_on.set()
    assert statuses(result) == {"create:a": "unknown", "create:b": "not_started"}
    assert outcome(result, "create:a").error == "no answer in time: nobody knows what it did"
    assert result.overdue == "no answer in time"
