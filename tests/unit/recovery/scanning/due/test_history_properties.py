"""Whatever happened before: what is said to be proved was read, and each file has its turn."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model import Objective
from reconciler.recovery.proving.objective import Declared, prove
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import here, rows, scan_once, table
from support.sampling import examples

FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
DAY, CYCLE, LARGEST = 86_400, 10, 6
PATHS = st.sampled_from([b"%02d" % i for i in range(12)] + [b"b/%02d" % i for i in range(12)])
SIZES = st.integers(0, LARGEST)
CHANGES = st.one_of(
    st.tuples(st.just("write"), PATHS, SIZES),
    st.tuples(st.sampled_from(["touch", "remove", "break", "mend"]), PATHS),
)
#: A night: days since the one before, its budget, and whether it is killed while it reads.
NIGHTS = st.tuples(
    st.just("night"),
    st.sampled_from([0.5, 1, 1, 2, 15]),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(1, 30),
)


class KilledError(Exception):
    """In the middle of reading."""


class History:
    """A storage over time, what was truly read of it, and its scans."""

    def __init__(self, folder: str) -> None:
        self.storage = Storage(batch=5)
        self.repository = open_repository(str(Path(folder) / "repository"), make=True)
        self.day = 0.0
        #: By path: when it was read, and what was read.
        self.read: dict[bytes, set[tuple[int, bytes]]] = defaultdict(set)
        self._ticks = count(1)

    def change(self, what: str, path: bytes, size: int = 0) -> None:
        storage, now = self.storage, self._now_ns()
        if what == "write":
            data = b"%0*d" % (size, next(self._ticks))
            storage.put(path, data[-size:] if size else b"", mtime_ns=now, ctime_ns=now)
        elif path not in storage.files:
            return
        elif what == "touch":
            storage.files[path].ctime_ns = now
        elif what == "break":
            storage.errors[path] = b"EIO"
        else:
            storage.errors.pop(path, None)
            if what == "remove":
                del storage.files[path]

    def night(self, days: float, most: int | None, killed_at: int | None = None) -> Scanned | None:
        self.day += days
        moment = FIRST + timedelta(days=self.day)
        storage = self.storage
        storage.now, storage.read = int(moment.timestamp()), []
        left = [killed_at or 10**9]

        def on_read(_path: bytes) -> None:
            left[0] -= 1
            if not left[0]:
                raise KilledError

        storage.on_read = on_read
        ended = None
        with suppress(KilledError):
            ended = scan_once(
                storage,
                self.repository,
                wish=Wish(every=CYCLE * DAY, workers=2),
                pace=Pace(most=most),
                by=here(moment),
            )
        for path in set(storage.read) - storage.errors.keys():
            sha256 = hashlib.sha256(storage.files[path].data).digest()
            self.read[path].add((storage.now, sha256))
        return ended

    def late(self) -> set[bytes]:
        """Give what could be read, and was not as it is within the cycle."""
        since = self.storage.now - CYCLE * DAY
        return {
            path
            for path, file in self.storage.files.items()
            if path not in self.storage.errors
            and (
                hashlib.sha256(file.data).digest()
                not in {h for t, h in self.read[path] if t >= since}
            )
        }

    def _now_ns(self) -> int:
        """Give a moment before the next night, later each time, and never within 2 s of a scan."""
        moment = FIRST + timedelta(days=self.day)
        return int(moment.timestamp() * 10**9) + 10 * 10**9 + next(self._ticks) * 1_000_000


def check(history: History, ended: Scanned) -> None:
    """Check that nothing is said to be proved that was not read, and that all is told of."""
    told = table(rows(history.repository, ended.scan))
    assert told.keys() == history.storage.files.keys()
    for path, row in told.items():
        if row["sha256"] is not None:
            assert (row["proved_at"], row["sha256"]) in history.read[path]
    declared = [Declared("nas", TARGET.place, Objective(every=CYCLE * DAY))]
    (one,) = prove(history.repository, declared, history.storage.now).storages
    unread = history.late() | history.storage.errors.keys()
    if one.is_proved:
        assert not history.late()
    assert one.coverage is not None
    assert one.coverage.files == len(told)
    assert one.coverage.proved.files <= len(told) - len(unread - history.storage.errors.keys())


@settings(max_examples=examples(2, 150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(CHANGES, CHANGES, NIGHTS), min_size=10, max_size=40))
def test_each_file_that_can_be_read_is_proved_within_the_cycle_if_the_budgets_suffice(
    steps,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(folder)
        for step in steps:
            if step[0] != "night":
                history.change(*step)
            elif ended := history.night(*step[1:]):
                check(history, ended)
        whole = sum(len(file.data) for file in history.storage.files.values())
        for _ in range(CYCLE):
            # What an even pace wants, and as much again for what could not be read before.
            ended = history.night(1, 2 * -(-whole // 8) + LARGEST)
            assert ended is not None
            check(history, ended)
        assert history.late() == set()
        assert history.night(0.1, None).due_left == 0


@settings(max_examples=examples(2, 80), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(SIZES, min_size=1, max_size=24), st.lists(st.integers(1, 24), max_size=10))
def test_a_budget_of_a_share_of_the_cycle_is_enough_through_any_kills(sizes, kills) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(folder)
        for i, size in enumerate(sizes):
            history.change("write", b"%02d" % i, size)
        history.night(0, None)
        for at in range(2 * CYCLE):
            if at < len(kills):
                history.night(0.25, None, kills[at])
                history.night(0.75, -(-sum(sizes) // CYCLE) + LARGEST)
            else:
                history.night(1, -(-sum(sizes) // CYCLE) + LARGEST)
            assert history.late() == set()
