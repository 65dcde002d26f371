"""Whatever happens between and within scans, a complete one says what is there."""

from __future__ import annotations

import hashlib
import tempfile
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.scans import names, rows, scan_once, table
from support.sampling import examples

STRANGE = [b"a", b"a/b", b"a-b", b"A", b"b/\xff", b"b/c", b"b.c", b"z/y/x"]
PATHS = st.sampled_from([*STRANGE, *(b"m/%02d" % i for i in range(80))])
CHANGES = st.one_of(
    st.tuples(st.just("write"), PATHS, st.binary(max_size=3)),
    st.tuples(st.just("touch"), PATHS),
    st.tuples(st.just("delete"), PATHS),
    st.tuples(st.just("link"), PATHS),
)
SCANS = st.tuples(
    st.just("scan"),
    st.booleans(),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(0, 40)),
)


def change(storage: Storage, step: tuple, ticks: count) -> None:
    what, path, *rest = step
    now = LONG_AGO + next(ticks)
    if what == "write":
        inode = storage.files[path].inode if path in storage.files else next(ticks)
        storage.put(path, rest[0], mtime_ns=now, ctime_ns=now, inode=inode)
    elif what == "link":
        storage.put(path, kind="link", detail=b"x", mtime_ns=now, ctime_ns=now)
    elif path in storage.files and what == "touch":
        storage.files[path].ctime_ns = now
    else:
        storage.files.pop(path, None)


def expected(storage: Storage) -> dict[bytes, tuple]:
    return {
        path: (
            file.kind,
            hashlib.sha256(file.data).digest() if file.kind == "file" else None,
            file.ctime_ns,
            file.inode,
            file.detail,
        )
        for path, file in storage.files.items()
    }


def found(repository, scan) -> dict[bytes, tuple]:
    columns = ("kind", "sha256", "ctime_ns", "inode", "detail")
    return {
        path: tuple(row[name] for name in columns)
        for path, row in table(rows(repository, scan)).items()
    }


@settings(
    max_examples=examples(20, 400), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.dictionaries(PATHS, st.binary(max_size=3), max_size=60),
    st.lists(st.one_of(CHANGES, SCANS), max_size=12),
    st.integers(1, 50),
)
def test_a_complete_scan_says_what_is_there(at_first, steps, batch) -> None:
    storage, ticks = Storage(batch=batch), count(1)
    for path, data in at_first.items():
        storage.put(path, data)
    with tempfile.TemporaryDirectory() as folder:
        repository = open_repository(str(Path(folder) / "repository"), make=True)
        for step in [*steps, ("scan", False, 1, None)]:
            if step[0] != "scan":
                change(storage, step, ticks)
                continue
            _, full, workers, most = step
            before = len(record.whole(repository, TARGET.place))
            ended = scan_once(
                storage,
                repository,
                wish=Wish(full=full, workers=workers),
                pace=Pace(most=most),
            )
            if ended.status == COMPLETE:
                assert found(repository, ended.scan) == expected(storage)
                assert names(repository, "unfinished/") == []
            else:
                assert ended.status == UNFINISHED
                assert len(record.whole(repository, TARGET.place)) == before
        assert ended.status == COMPLETE
