"""The platform's records of files, compared with those of a snapshot."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.errors import PlatformError
from reconciler.recovery import values
from reconciler.recovery.findings import store
from reconciler.recovery.verifying import live, results
from reconciler.recovery.verifying.telling.means import Means
from support.recovery.kept import night
from support.recovery.snapshots import NOW, platform, repository, taken

ROWS = [("a", "1", "2"), ("b", "3", "4"), ("c", "5", "6")]


@pytest.fixture
def home(tmp_path):
    return repository(tmp_path)


def with_rows(rows, **more):
    made = platform("nas", **more)
    made.files["id-nas"] = {row[0]: row for row in rows}
    return made


def verify(home, kept, made, number=1, **more):
    means = Means(home, lambda: night(number), **more)
    now = live.Live(made.reader().read(), made.reader())
    return list(live.verify(kept.snapshot, kept.snapshot.storages, now, means, home))


def brief(result):
    return [(f.what, f.path, f.note, f.about) for f in result.findings]


def test_records_that_are_the_same(home):
    kept = taken(with_rows(ROWS), home)
    (result,) = verify(home, kept, with_rows(reversed(ROWS)))
    assert (result.of, result.compared, result.not_verified) == (3, 3, 0)
    assert (result.verdict, result.findings) == (results.AGREES, ())


def test_records_that_are_gone_or_have_other_checksums(home):
    kept = taken(with_rows(ROWS), home)
    now = with_rows([("b", "3", "x"), ("c", "5", "6"), ("d", "7", "8")])
    (result,) = verify(home, kept, now)
    assert brief(result) == [
        (values.MISSING, b"a", "", values.INVENTORY),
        (values.CHANGED, b"b", "checksum_on_disk 4 became x", values.INVENTORY),
    ]
    assert (result.found, result.quiet) == ({"changed": 1, "missing": 1}, {"new": 1})
    assert (result.of, result.compared, result.verdict) == (3, 3, results.DIFFERS)
    (result,) = verify(home, kept, now, 2, everything=True)
    assert [(f.what, f.path) for f in result.counted] == [(values.EXTRA, b"d")]
    assert result.findings[0].first_seen.startswith("2026-11-02")
    (result,) = verify(home, kept, with_rows(ROWS), 3)
    assert sorted(f.what for f in result.resolved) == ["changed", "missing"]


def test_a_record_that_is_gone_from_both_stays_missing(home):
    verify(home, taken(with_rows(ROWS), home), with_rows(ROWS[1:]))
    later = taken(with_rows(ROWS[1:]), home, at=NOW + 1)
    (result,) = verify(home, later, with_rows(ROWS[1:]), 2)
    assert (result.found, result.still_open) == ({}, 1)
    assert sum(result.still_open_of.values()) == 1
    assert (result.lasts, result.verdict) == ({"missing": 1}, results.DIFFERS)


def test_records_that_agree_say_nothing_of_a_file_that_is_damaged(home):
    kept = taken(with_rows(ROWS), home)
    place = kept.snapshot.storages[0].place
    seen = timestamp(night(0), "milliseconds")
    one = values.FileFinding(values.DAMAGED, "nas", place, b"a", first_seen=seen, last_seen=seen)
    extra = replace(one, what=values.EXTRA, path=b"b")
    store.keep(home, place, [one, extra], store.Known(), night(0))
    (result,) = verify(home, kept, with_rows(ROWS))
    assert (result.found, result.lasts, result.still_open) == ({}, {"damaged": 1}, 1)
    assert result.verdict == results.DIFFERS
    assert store.read(home, place).episodes == (one, extra)


@pytest.mark.parametrize(
    ("complete", "what", "verdict"),
    [
        (True, values.MISSING, results.DIFFERS),
        (None, values.NOT_VERIFIED, results.UNKNOWN),
        (False, values.NOT_VERIFIED, results.UNKNOWN),
    ],
)
def test_a_storage_that_the_platform_does_not_list(home, complete, what, verdict):
    kept = taken(with_rows(ROWS), home)
    (result,) = verify(home, kept, platform("other", complete=complete))
    assert [(f.what, f.path, f.files) for f in result.findings] == [(what, b"", 3)]
    assert result.verdict == verdict
    (result,) = verify(home, kept, with_rows(ROWS), 2)
    assert (result.verdict, result.still_open) == (results.AGREES, 0)
    assert result.resolved_count == (1 if complete else 0)


def test_an_inventory_that_can_not_be_read_is_not_verified(home):
    kept = taken(with_rows(ROWS), home)
    made = with_rows(ROWS)

    def refuse(call):
        if call.method == "inventory":
            raise PlatformError("503 for a while")

    made.before = refuse
    (result,) = verify(home, kept, made)
    assert brief(result) == [
        (
            values.NOT_VERIFIED,
            b"",
            "its file records could not be read: 503 for a while",
            values.INVENTORY,
        )
    ]
    assert (result.of, result.not_verified, result.verdict) == (3, 3, results.UNKNOWN)


def test_a_snapshot_without_an_inventory_compares_nothing(home):
    kept = taken(with_rows(ROWS), home)
    lacking = replace(kept.snapshot.storages[0], inventory=None)
    kept = replace(kept, snapshot=replace(kept.snapshot, storages=(lacking,)))
    (result,) = verify(home, kept, with_rows(ROWS))
    assert (result.of, result.compared, result.verdict) == (None, 0, results.UNKNOWN)


def test_on_another_platform_a_storage_is_known_by_its_place(home):
    kept = taken(with_rows(ROWS), home)
    made = with_rows(ROWS, platform_id="rebuilt")
    (live_one,) = made.storages
    made.files["new-id"] = made.files.pop("id-nas")
    made.drop("id-nas")
    made.put(replace(live_one, id="new-id", name="renamed"))
    (result,) = verify(home, kept, made)
    assert (result.storage, result.verdict) == ("nas", results.AGREES)
