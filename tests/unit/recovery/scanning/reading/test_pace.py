"""The pace: counts, limits, ends."""

from __future__ import annotations

import threading

import pytest

from reconciler.recovery.scanning.reading.pace import Pace, SpentError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_counts_from_any_thread() -> None:
    pace = Pace()
    threads = [threading.Thread(target=lambda: [pace(3) for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pace.count == 12_000


def test_the_time_is_over_when_it_is() -> None:
    clock = Clock()
    pace = Pace(until=110, clock=clock)
    pace(1)
    assert not pace.stopping
    clock.now = 110
    assert pace.stopping
    with pytest.raises(SpentError):
        pace(1)


def test_no_more_bytes_than_allowed() -> None:
    pace = Pace(most=10)
    assert pace.reserve(7)
    assert not pace.reserve(4)
    assert pace.reserve(3)
    assert not pace.reserve(1)
    assert pace.reserve(0)
    pace(10)
    with pytest.raises(SpentError):  # a file has grown meanwhile
        pace(1)


def test_a_rate_is_kept_on_average_and_makes_up_for_little(monkeypatch) -> None:
    clock = Clock()
    pace = Pace(rate=1000, clock=clock)
    waits: list[float] = []
    monkeypatch.setattr(pace._ended, "wait", lambda seconds: waits.append(seconds) or False)
    pace(250)  # what may be made up for
    assert waits == []
    pace(500)
    assert sum(waits) == pytest.approx(0.5)
    clock.now += 0.5
    waits.clear()
    pace(1000)
    assert sum(waits) == pytest.approx(1.0)
    clock.now += 3600
    waits.clear()
    pace(1250)
    assert sum(waits) == pytest.approx(1.0)


@pytest.mark.parametrize("end", ["time", "asked", "stop"])
def test_a_wait_ends_a_moment_after_somebody_wants_an_end(monkeypatch, end) -> None:
    clock = Clock()
    asked: list[int] = []
    pace = Pace(rate=1, until=105 if end == "time" else 1e9, asked=lambda: bool(asked), clock=clock)
    waited = 0.0

    def wait(seconds: float) -> bool:
        nonlocal waited
        waited += seconds
        clock.now += seconds
        if waited >= 4.9 and end != "time":
            asked.append(1) if end == "asked" else pace.stop()
        return False

    monkeypatch.setattr(pace._ended, "wait", wait)
    with pytest.raises(SpentError):
        pace(1000)
    assert waited == pytest.approx(5, abs=0.2)


@pytest.mark.parametrize("end", ["asked", "stop"])
def test_reading_ends_within_a_tenth_of_a_second_and_nobody_asks_more_often(end) -> None:
    clock = Clock()
    asked: list[int] = []
    pace = Pace(asked=lambda: (questions.append(1), bool(asked))[1], clock=clock)
    questions: list[int] = []
    for _ in range(1000):
        pace(1)
    assert len(questions) == 1
    asked.append(1) if end == "asked" else pace.stop()
    clock.now += 0.1
    with pytest.raises(SpentError):
        pace(1)


def test_an_end_at_once_reaches_those_who_wait() -> None:
    pace = Pace(rate=1)
    ended = []

    def read() -> None:
        try:
            pace(1_000_000)
        except KeyboardInterrupt:
            ended.append(True)

    thread = threading.Thread(target=read)
    thread.start()
    pace.end()
    thread.join(10)
    assert ended == [True]
    with pytest.raises(KeyboardInterrupt):
        pace(1)


def test_whoever_asks_is_heeded() -> None:
    asked = []
    pace = Pace(asked=lambda: bool(asked))
    assert not pace.stopping
    asked.append(1)
    assert pace.stopping
    other = Pace()
    other.stop()
    assert other.stopping
