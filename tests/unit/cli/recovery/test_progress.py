"""How far a scan has come, in a line."""

import pytest

from reconciler.cli.recovery.progress import Meter
from reconciler.recovery.scanning.outcome import Tally
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.report.text.lines import columns

GIB = 1 << 30


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def scan():
    pace, tally, clock = Pace(), Tally(), Clock()
    pace.count = 5 * GIB  # of the storage before
    pace.files = 70
    tally.begin("nas", pace.files, pace.count)
    return pace, tally, clock, Meter(tally, pace, clock)


def test_before_anything_is_known(scan):
    *_, meter = scan
    assert meter.line() == "nas: 0 files  0 B read"


def test_files_bytes_rate_and_time_left(scan):
    pace, tally, clock, meter = scan
    tally.files, tally.bytes = 1000, 10 * GIB
    meter.line()
    clock.now = 10
    pace.files += 100
    tally.settled_files = 150
    tally.settled_bytes = GIB
    pace.count += GIB
    assert meter.line() == "nas: 250 of 1,000 files  1.0 GiB read  102 MiB/s  40 s left"
    # What is known to be there already does not count as read, but need not be waited for.
    clock.now = 20
    tally.settled_bytes += 4 * GIB
    assert meter.line() == "nas: 250 of 1,000 files  1.0 GiB read  51.2 MiB/s  13 s left"


def test_there_may_be_more_than_was_estimated(scan):
    pace, tally, clock, meter = scan
    tally.files, tally.bytes = 10, 100
    meter.line()
    clock.now = 1
    pace.files += 12
    pace.count += 200
    assert meter.line() == "nas: 12 of 12 files  200 B read  200 B/s"


def test_a_rate_is_that_of_the_last_looks(scan):
    pace, _tally, clock, meter = scan
    for _ in range(100):
        clock.now += 1
        pace.count += 1000
        meter.line()
    for _ in range(20):
        clock.now += 1
        pace.count += 10
        line = meter.line()
    assert "  10 B/s" in line


@pytest.mark.parametrize("room", [10, 24, 40, 60, 80, 120])
def test_it_fits(scan, room):
    pace, tally, clock, meter = scan
    tally.files, tally.bytes = 1000, 10 * GIB
    meter.line(room)
    clock.now = 10
    pace.files += 250
    pace.count += 5 * GIB // 2  # a quarter, though of one file perhaps
    line = meter.line(room)
    assert columns(line) <= max(room, len("nas: 250 of 1,000 files"))
    assert ("█████░░░░░░░░░░░░░░░" in line) is (room >= 83)
