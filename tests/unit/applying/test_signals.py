"""Signals, where a run is part of somebody else's program."""

from __future__ import annotations

import signal
import threading

import pytest

from reconciler.applying.signals import Stop
from reconciler.executor.outcomes import NOT_BEGUN
from reconciler.retry.limits import TimeLimit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers")


def stop(told: list[str]) -> Stop:
    return Stop(TimeLimit(None), told.append)


def test_an_alarm_of_the_program_itself_is_passed_on() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        with stop([]) as stopping:
            signal.raise_signal(signal.SIGALRM)
            assert heard == [signal.SIGALRM]
            signal.raise_signal(signal.SIGTERM)
            assert stopping.signal == signal.SIGTERM
            assert signal.getitimer(signal.ITIMER_REAL)[0] < 10
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 900
        signal.raise_signal(signal.SIGALRM)
        assert len(heard) == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_takes_no_signal_over() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]
    found: list[object] = []

    def enter() -> None:
        with stop([]) as stopping:
            found.extend(map(signal.getsignal, (signal.SIGINT, signal.SIGALRM)))
            stopping.settle()

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == before


def test_what_is_told_is_told_once() -> None:
    told: list[str] = []
    with stop(told):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == [
        "Stopping: what runs is finished, nothing more is started. Again to stop at once."
    ]


def test_one_around_it_hears_of_the_signal_and_goes_on_with_the_time_that_is_left() -> None:
    with Stop(TimeLimit(None), print) as around:
        with Stop(TimeLimit(None), lambda _: None, within=around):
            signal.raise_signal(signal.SIGTERM)
            assert around.interrupted
        assert not around.enforced
        assert 4 < signal.getitimer(signal.ITIMER_REAL)[0] <= 6
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGALRM)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_has_taken_all_the_time_leaves_some_for_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reconciler.applying.signals.GRACE", 0.001)
    with Stop(TimeLimit(None), print) as around:
        with Stop(TimeLimit(None), lambda _: None, within=around) as within:
            within.settle()
            signal.raise_signal(signal.SIGTERM)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 1


def test_what_was_asked_of_the_one_around_it_is_asked_of_it() -> None:
    with Stop(TimeLimit(None), lambda _: None) as around:
        signal.raise_signal(signal.SIGTERM)
        with Stop(TimeLimit(None), print, within=around) as within:
            assert within.reason() == within.asked() == NOT_BEGUN
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGALRM)
            within.settle()
            signal.raise_signal(signal.SIGALRM)
        assert around.enforced


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_when_nothing_is_carried_out_any_more_is_for_the_one_around_it(
    number: signal.Signals,
) -> None:
    told: list[str] = []
    with Stop(TimeLimit(None), told.append) as around:
        with Stop(TimeLimit(None), print, within=around) as within:
            within.settle()
            signal.raise_signal(number)
            signal.raise_signal(signal.SIGALRM)
            assert (within.interrupted, around.signal, len(told)) == (False, number, 1)
        assert (signal.getitimer(signal.ITIMER_REAL)[0] > 1) == (number == signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
