"""Signals, where a run is part of somebody else's program."""

from __future__ import annotations

import signal
import threading

import pytest

from reconciler.applying.signals import Stop
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
