"""Ending an apply early: the first signal asks, the second enforces."""

import signal

import pytest

from reconciler.cli.stop import GRACE, Stop

SIGNALS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_enforces(number, capfd):
    before = signal.getsignal(number)
    with Stop(None) as stop:
        assert stop.reason() is None
        signal.raise_signal(number)
        assert stop.interrupted
        assert "interrupted" in stop.reason()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err.count("Stopping") == 1


def test_what_a_parent_ignores_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Stop(None) as stop:
            signal.raise_signal(signal.SIGTERM)
            assert not stop.interrupted
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stop = Stop(30)
    now[0] = 129.9
    assert stop.reason() is None
    now[0] = 130.0
    assert "--timeout (30 s)" in stop.reason()
    assert not stop.interrupted


def test_one_who_hammers_on_the_keys_interrupts_once(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Stop(None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        for _ in range(5):
            signal.raise_signal(signal.SIGINT)
        now[0] += 10  # it did not help: once more
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_only_systems_that_kill_set_a_limit(name, capfd):
    with Stop(None):
        signal.raise_signal(getattr(signal, name))
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert (0 < left <= GRACE) == (name != "SIGINT")
        if name != "SIGINT":
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGALRM)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert ("Stopping at once." in capfd.readouterr().err) == (name != "SIGINT")


def test_a_wait_is_ended_by_a_signal_but_not_by_the_time(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Stop(5) as stop:
        now[0] += 10
        assert stop.reason() is not None
        assert stop.asked() is None
        signal.raise_signal(signal.SIGINT)
        assert stop.asked() is not None
