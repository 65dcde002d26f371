"""A platform that is down is not hammered, and not waited for for ever."""

from __future__ import annotations

import pytest

from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.executor import execute
from reconciler.executor.circuit import FIRST_PAUSE, LONGEST_PAUSE, REFUSALS, Circuit
from reconciler.retry.limits import Halt, Limits
from support.faults.patience import OwnTime
from support.values.building import desired, entry, plan_for
from support.values.executing import outcome, statuses
from support.values.memory_platform import Call, MemoryPlatform

DOWN = UnavailableError("503")


def raising(error: Exception):
    def call() -> None:
        raise error

    return call


def down(circuit: Circuit, times: int = REFUSALS, error: UnavailableError = DOWN) -> None:
    for _ in range(times):
        with pytest.raises(UnavailableError):
            circuit.call(raising(error), 1000.0)


def new(time: OwnTime, longest: float = 1000.0, limits: Limits | None = None):
    halt = Halt(limits or Limits())
    return Circuit(time, halt, longest), halt


def test_a_few_refusals_hold_nobody_up() -> None:
    time = OwnTime()
    circuit, _ = new(time)
    down(circuit, REFUSALS - 1)
    assert circuit.call(lambda: "answer", 1000.0) == "answer"
    down(circuit, REFUSALS - 1)
    assert time.waits == []


def test_after_many_in_a_row_the_next_call_waits_and_then_all_go_on() -> None:
    time = OwnTime()
    circuit, _ = new(time)
    down(circuit)
    assert circuit.call(lambda: "answer", 1000.0) == "answer"
    assert time.waits == [FIRST_PAUSE / 2]
    assert circuit.call(lambda: "another", 1000.0) == "another"
    assert time.waits == [FIRST_PAUSE / 2]


def test_one_probe_is_made_at_a_time() -> None:
    time, made = OwnTime(), []
    circuit, _ = new(time)
    down(circuit)

    def probe() -> str:
        # While the probe is under way another call gets no turn until its time is over.
        with pytest.raises(UnavailableError, match="503"):
            circuit.call(lambda: made.append("another"), time.now() + 30.0)
        return "answer"

    assert circuit.call(probe, 1000.0) == "answer"
    assert made == []


def test_the_pauses_between_probes_grow_to_the_longest() -> None:
    time = OwnTime(1.0)
    circuit, _ = new(time)
    down(circuit, REFUSALS + 8)
    assert time.waits[:4] == [FIRST_PAUSE * 2**n for n in range(4)]
    assert time.waits[-1] == LONGEST_PAUSE


def test_a_probe_waits_as_long_as_the_platform_asks() -> None:
    time = OwnTime()
    circuit, _ = new(time)
    down(circuit, error=UnavailableError("503", retry_after=42.0))
    circuit.call(lambda: None, 1000.0)
    assert time.waits == [42.0]


@pytest.mark.parametrize("answer", [PlatformError("no"), None])
def test_any_answer_shows_that_the_platform_is_there(answer: PlatformError | None) -> None:
    time = OwnTime()
    circuit, _ = new(time)
    down(circuit, REFUSALS - 1)
    if answer is None:
        circuit.call(lambda: None, 1000.0)
    else:
        with pytest.raises(PlatformError):
            circuit.call(raising(answer), 1000.0)
    down(circuit, 1)
    circuit.call(lambda: None, 1000.0)
    assert time.waits == []


def test_no_answer_shows_nothing() -> None:
    time = OwnTime()
    circuit, _ = new(time)
    down(circuit, REFUSALS - 1)
    with pytest.raises(UnknownOutcomeError):
        circuit.call(raising(UnknownOutcomeError("timed out")), 1000.0)
    down(circuit, 1)
    circuit.call(lambda: None, 1000.0)
    assert len(time.waits) == 1


def test_a_reason_to_stop_ends_the_wait_for_a_turn() -> None:
    time, reasons = OwnTime(), []
    circuit, _ = new(time, limits=Limits(stop=lambda: reasons[0] if reasons else None))
    down(circuit)
    time.meanwhile = lambda: reasons.append("told to stop")
    with pytest.raises(UnavailableError):
        circuit.call(lambda: None, 1000.0)


def test_a_platform_that_stays_down_is_given_up() -> None:
    time = OwnTime(1.0)
    circuit, halt = new(time, longest=20.0)
    down(circuit, REFUSALS + 4)
    assert halt.reason() == ""
    down(circuit, 3)
    assert "the platform has been unavailable for" in halt.reason()


def test_a_platform_that_asks_for_hours_is_given_up_by_whoever_waits() -> None:
    time = OwnTime()
    circuit, halt = new(time, longest=20.0)
    down(circuit, error=UnavailableError("maintenance", retry_after=7200.0))
    with pytest.raises(UnavailableError, match="maintenance"):
        circuit.call(lambda: None, time.now() + 20.0)
    assert halt.reason() == "the platform has been unavailable for 20 s: maintenance"


def test_a_run_on_a_platform_that_is_down_ends_and_says_why() -> None:
    platform, time = MemoryPlatform(), OwnTime(1.0)
    plan = plan_for(platform, desired(*(entry(f"s{n}") for n in range(20))))

    def hook(call: Call) -> None:
        raise DOWN

    platform.before = hook
    limits = Limits(parallelism=1, operation_timeout=60.0)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None, surroundings=time)
    assert set(statuses(result).values()) == {"failed", "not_started"}
    assert "the platform has been unavailable for" in outcome(result, "create:s9").error
    # Neither hammered, nor waited for once for each operation.
    assert len(platform.writes) < 30
    assert time.time < 200
