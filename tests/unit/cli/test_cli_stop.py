"""Ending an apply early: the first signal asks, the second enforces."""

import signal

import pytest

from reconciler.cli.stop import Stop

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
