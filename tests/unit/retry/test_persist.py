"""What a platform can't take just now is tried again, with patience, and not for ever."""

from __future__ import annotations

import pytest

from reconciler.errors import ConflictError, PlatformBusyError, PlatformError, UnavailableError
from reconciler.executor import Result, execute
from reconciler.executor.events import Done, Failed, Retried, Started
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from reconciler.retry.persist import FIRST_PAUSE, LONGEST_PAUSE
from support.faults.patience import OwnTime, some_times
from support.values.building import desired, entry, plan_for, removed, storage
from support.values.executing import failing, outcome, statuses
from support.values.memory_platform import Call, MemoryPlatform

BUSY = UnavailableError("503")
CREATE = desired(entry("a"))


def patiently(platform: MemoryPlatform, wanted, time: OwnTime, observe=None, **limits) -> Result:
    plan = plan_for(platform, wanted)
    platform.calls.clear()
    given = Limits(parallelism=1, **limits)
    writer = platform.writer(wait=0)
    return execute(plan, writer, given, observe or (lambda _: None), surroundings=time)


@pytest.mark.parametrize("method", ["find", "update"])
def test_what_could_not_be_taken_is_asked_again(method: str) -> None:
    platform, time = MemoryPlatform([storage("a")], abilities=Abilities()), OwnTime()
    wanted = desired(entry("a", label="new"))
    plan_for(platform, wanted)
    platform.before = some_times(method, BUSY, BUSY)
    result = patiently(platform, wanted, time)
    assert statuses(result) == {"update:a": "done"}
    assert outcome(result, "update:a").writes == 1
    assert len(time.waits) == 2


def test_live_is_read_anew_before_each_attempt() -> None:
    platform = MemoryPlatform([storage("a")])
    platform.before = some_times("update", BUSY)
    time = OwnTime()
    time.meanwhile = lambda: platform.put(storage("a", label="theirs"))
    result = patiently(platform, desired(entry("a", label="new")), time)
    assert (outcome(result, "update:a").status, outcome(result, "update:a").stale) == (
        "failed",
        True,
    )
    assert platform.by_id["id-a"].label == "theirs"


def test_the_pauses_grow_and_are_spread_over_their_whole_length() -> None:
    for chance in (0.0, 0.5, 1.0):
        platform, time = MemoryPlatform(), OwnTime(chance)
        # Refusals of one create alone: its name is not asked about before.
        platform.before = some_times("create", *[BUSY] * 4)
        patiently(platform, CREATE, time)
        assert time.waits == [FIRST_PAUSE * 2**n * chance for n in range(4)]


def test_no_pause_is_longer_than_the_longest() -> None:
    platform, time = MemoryPlatform(), OwnTime(1.0)
    refusals = [error for _ in range(12) for error in (BUSY, PlatformError("up, and cut"))]
    platform.before = some_times("create", *refusals[::2])
    patiently(platform, CREATE, time, operation_timeout=1000.0)
    assert max(time.waits) <= LONGEST_PAUSE


def test_what_the_platform_asks_us_to_wait_is_waited() -> None:
    platform, time = MemoryPlatform(), OwnTime()
    platform.before = some_times("create", UnavailableError("429", retry_after=7.0))
    assert statuses(patiently(platform, CREATE, time)) == {"create:a": "done"}
    assert time.waits == [7.0]


def test_a_wait_that_would_be_too_long_is_not_begun() -> None:
    platform, time = MemoryPlatform(), OwnTime()
    platform.before = some_times("create", UnavailableError("429", retry_after=500.0))
    result = patiently(platform, CREATE, time)
    assert statuses(result) == {"create:a": "failed"}
    assert outcome(result, "create:a").error == "429; given up after 1 attempts"
    assert time.waits == []


def test_an_operation_has_a_deadline_of_its_own() -> None:
    platform, time = MemoryPlatform(), OwnTime(1.0)
    platform.before = failing("create", "a", BUSY)
    result = patiently(platform, desired(entry("a"), entry("b")), time, operation_timeout=10.0)
    assert statuses(result)["create:a"] == "failed"
    assert time.time <= 10.0
    assert outcome(result, "create:a").error.startswith("503; given up after ")


def test_a_retry_is_told_with_its_attempt_and_its_reason() -> None:
    platform, time, seen = MemoryPlatform(), OwnTime(), []
    platform.before = some_times("create", BUSY, UnavailableError("429", retry_after=3.0))
    patiently(platform, CREATE, time, seen.append)
    assert seen == [
        Started("create:a", "create", "a"),
        Retried("create:a", "create", "a", 1, FIRST_PAUSE / 2, "503"),
        Retried("create:a", "create", "a", 2, 3.0, "429"),
        Done("create:a", "create", "a", "created-1", 1),
    ]


def test_a_retry_is_told_in_the_thread_of_the_caller_also_with_workers() -> None:
    platform, seen = MemoryPlatform(), []
    plan = plan_for(platform, desired(entry("a"), entry("b")))
    platform.before = some_times("create", UnavailableError("503", retry_after=0.0))
    execute(plan, platform.writer(wait=0), Limits(parallelism=2), seen.append)
    assert [event.error for event in seen if isinstance(event, Retried)] == ["503"]
    assert len([event for event in seen if isinstance(event, Done)]) == 2


@pytest.mark.parametrize(
    "error", [PlatformError("the disk is full"), PlatformBusyError("locked by another")]
)
def test_what_is_final_is_not_tried_again(error: PlatformError) -> None:
    platform, time = MemoryPlatform(), OwnTime()
    platform.before = some_times("create", error)
    result = patiently(platform, CREATE, time)
    assert (statuses(result), time.waits) == ({"create:a": "failed"}, [])
    assert outcome(result, "create:a").error == str(error)
    assert platform.writes == [Call("create", "a")]


def test_a_reason_to_stop_ends_a_wait() -> None:
    platform, time, reasons, seen = MemoryPlatform(), OwnTime(), [], []
    platform.before = failing("create", "a", BUSY)
    time.meanwhile = lambda: reasons.append("told to stop")
    result = patiently(
        platform,
        desired(entry("a"), entry("b")),
        time,
        seen.append,
        stop=lambda: reasons[0] if reasons else None,
    )
    assert statuses(result) == {"create:a": "failed", "create:b": "not_started"}
    assert outcome(result, "create:a").error == "503; not tried again, as the run was stopped"
    assert outcome(result, "create:b").error == "told to stop"
    assert platform.writes == [Call("create", "a")]
    assert time.waits == []
    assert [type(event) for event in seen] == [Started, Retried, Failed, Failed]


def test_a_failure_ends_the_waits_of_others_with_fail_fast() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a"), entry("b")))

    def hook(call: Call) -> None:
        if call == Call("create", "a"):
            raise UnavailableError("503", retry_after=60.0)
        if call == Call("create", "b"):
            raise PlatformError("no")

    platform.before = hook
    limits = Limits(parallelism=2, fail_fast=True)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None)
    assert statuses(result) == {"create:a": "failed", "create:b": "failed"}
    assert "as the run was stopped" in outcome(result, "create:a").error


def test_a_refusal_though_live_is_as_it_was_is_tried_again_but_not_for_ever() -> None:
    platform, time = MemoryPlatform([storage("a")]), OwnTime()
    wanted = desired(entry("a", label="new"))
    moved = ConflictError("its inventory changed")
    platform.before = some_times("update", moved, moved)
    assert statuses(patiently(platform, wanted, time)) == {"update:a": "done"}
    platform = MemoryPlatform([storage("a")])
    platform.before = some_times("update", moved, moved, moved)
    result = patiently(platform, wanted, time)
    assert outcome(result, "update:a").stale
    assert platform.writes == [Call("update", "a")] * 3


def test_what_is_at_stake_is_asked_again_too() -> None:
    platform, time = MemoryPlatform([storage("a")], abilities=Abilities()), OwnTime()
    wanted = desired(removed=[removed("a")])
    plan = plan_for(platform, wanted)
    platform.before = some_times("inventory", BUSY)
    limits = Limits(parallelism=1)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None, surroundings=time)
    assert statuses(result) == {"remove:a": "done"}
    assert len(time.waits) == 1
