"""Ending an apply early: the first signal asks, the second enforces."""

import signal

import pytest

from reconciler.applying.signals import FINISHES, GRACE
from reconciler.cli.applying.signals import GOES_ON, LEAVES_NOTHING, Stop
from reconciler.cli.output.pipe import LAST
from reconciler.retry.limits import TimeLimit

SIGNALS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_enforces(number, capfd):
    before = signal.getsignal(number)
    with Stop(TimeLimit(None)) as stop:
        assert stop.reason() is None
        signal.raise_signal(number)
        assert stop.interrupted
        assert "interrupted" in stop.reason()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err.count("Stopping") == 1


@pytest.mark.parametrize("doing", [FINISHES, GOES_ON, LEAVES_NOTHING])
def test_what_is_said_first_is_what_comes_of_it(doing, capfd):
    with Stop(TimeLimit(None), doing):
        signal.raise_signal(signal.SIGINT)
    told = capfd.readouterr().err
    assert told == f"\nStopping: {doing.format('')}. Again to stop at once.\n"


def test_what_is_said_first_fits_a_terminal(capfd, monkeypatch):
    monkeypatch.setattr("os.isatty", lambda _: True)
    monkeypatch.setenv("COLUMNS", "40")
    with Stop(TimeLimit(None), GOES_ON):
        signal.raise_signal(signal.SIGINT)
    _, first, *rest = capfd.readouterr().err.splitlines()
    assert first == "Stopping: what was read whole is kept,"
    assert rest[0] == "  and the next run goes on from there."


def test_what_a_parent_ignores_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Stop(TimeLimit(None)) as stop:
            signal.raise_signal(signal.SIGTERM)
            assert not stop.interrupted
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stop = Stop(TimeLimit(30))
    now[0] = 129.9
    assert stop.reason() is None
    now[0] = 130.0
    assert "--timeout (30 s)" in stop.reason()
    assert not stop.interrupted


def test_one_who_hammers_on_the_keys_interrupts_once(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Stop(TimeLimit(None)):
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
    with Stop(TimeLimit(None)):
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
    with Stop(TimeLimit(5)) as stop:
        now[0] += 10
        assert stop.reason() is not None
        assert stop.asked() is None
        signal.raise_signal(signal.SIGINT)
        assert stop.asked() is not None


@pytest.mark.parametrize("number", SIGNALS)
def test_once_all_is_settled_signals_raise_nothing(number, capfd):
    with Stop(TimeLimit(None)) as stop:
        signal.raise_signal(number)
        stop.settle()
        if hasattr(signal, "setitimer"):
            assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
            signal.raise_signal(signal.SIGALRM)
        for _ in range(5):
            signal.raise_signal(number)
    assert capfd.readouterr().err.count("Stopping") == 1


def test_a_first_signal_after_all_is_settled_changes_no_result(capfd):
    with Stop(TimeLimit(None)) as stop:
        stop.settle()
        signal.raise_signal(signal.SIGTERM)
        assert not stop.interrupted
    assert capfd.readouterr().err == ""


def test_an_end_is_put_off_until_who_is_undisturbed_is_done(capfd):
    done = []

    def tell(news):
        if news == "all of it":
            signal.raise_signal(signal.SIGINT)
        done.append(news)

    with Stop(TimeLimit(None)) as stop:
        undisturbed = stop.undisturbed(tell)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            undisturbed("all of it")
        undisturbed("once")
    assert done == ["all of it", "once"]


def test_readers_are_waited_for_until_an_end_is_enforced(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Stop(TimeLimit(None)) as stop:
        assert stop.may_wait(0)
        signal.raise_signal(signal.SIGINT)
        assert stop.may_wait(0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not stop.may_wait(0)
        # Those who only read slowly get some time each.
        assert stop.may_wait(now[0])
        now[0] += LAST
        assert not stop.may_wait(100)


def test_readers_are_not_waited_for_longer_than_what_runs(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Stop(TimeLimit(None)) as stop:
        signal.raise_signal(signal.SIGTERM)
        now[0] += GRACE - 0.1
        assert stop.may_wait(0)
        now[0] += 0.1
        assert not stop.may_wait(0)


def test_a_signal_hurries_what_is_left_to_tell(capfd):
    with Stop(TimeLimit(None)) as stop:
        stop.settle()
        assert stop.may_wait(0)
        signal.raise_signal(signal.SIGINT)
        assert not stop.may_wait(0)


def test_what_is_left_of_the_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    assert Stop(TimeLimit(None)).left() is None
    stop = Stop(TimeLimit(30))
    now[0] += 10
    assert stop.left() == 20
    now[0] += 100
    assert stop.left() == 0
