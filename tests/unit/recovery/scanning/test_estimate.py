"""How much there is to do, told before."""

from __future__ import annotations

from msgspec.structs import replace

from reconciler.recovery.scanning import estimate
from reconciler.recovery.scanning.outcome import Estimate, Tally, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.values import Counts, Root, Scan
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import here, scan_once

GIB = 1 << 30


def some() -> Storage:
    storage = Storage()
    for i in range(10):
        storage.put(f"{i}", b"x" * i)
    storage.put("link", kind="link", detail=b"0")
    return storage


def last(**more) -> Scan:
    values = {
        "format_version": 1, "id": "1", "place": "", "storage_id": "", "name": "",
        "root": Root("folder", ""), "excluded": (), "complete": True, "unproved": (),
        "started_at": "2026-11-29T02:00:00.000Z", "ended_at": "2026-11-29T02:00:10.000Z",
        "counts": Counts(2_000, {"file": 1_500}, {}, 10 * GIB, 10 * GIB),
        "contents": "", "stamps": "", "tool_version": "", "host": "",
    }  # fmt: skip
    return Scan(**{**values, **more})


def test_a_first_scan_lists_the_storage_before(repository) -> None:
    storage, told = some(), []
    scan_once(storage, repository, by=here(estimated=lambda *what: told.append(what)))
    ((name, found),) = told
    assert name == "nas"
    assert (found.files, found.bytes, found.since, found.all_read) == (10, 45, "", True)
    assert found.requests is None
    assert found.rate_is_assumed


def test_a_later_scan_has_it_from_the_last_one(repository) -> None:
    storage = some()
    first = scan_once(storage, repository).scan
    listed: list[int] = []
    storage.on_batch = listed.append
    found = scan_once(storage, repository).estimate
    assert found is not None
    assert first is not None
    assert (found.files, found.bytes, found.since) == (10, 45, first.started_at)
    assert not found.all_read
    assert len(listed) == 4  # once


def test_the_time_is_that_of_the_last_scan_if_that_read_most_of_it() -> None:
    full = estimate.from_scan(last(), Wish(full=True))
    assert (full.rate, full.rate_is_assumed) == (GIB, False)
    assert 10 <= full.seconds < 11
    quick = estimate.from_scan(last(), Wish())
    assert quick.seconds < 1
    counts = replace(last().counts, bytes_read=GIB)
    assumed = estimate.from_scan(last(counts=counts), Wish(full=True))
    assert (assumed.rate, assumed.rate_is_assumed) == (estimate.ASSUMED_RATE, True)


def test_a_rate_that_is_limited_is_kept() -> None:
    full = estimate.from_scan(last(), Wish(full=True, limit_rate=1 << 20))
    assert 10 * 1024 <= full.seconds < 10 * 1024 + 1


def test_a_shard_reads_its_share_and_lists_all() -> None:
    shared = estimate.from_scan(last(), Wish(full=True, shard=Shard(2, 5)))
    assert 2 <= shared.seconds < 3
    assert shared.shards == 5


def test_requests_to_a_bucket_are_counted() -> None:
    bucket = last(root=Root("bucket", "s3://b"))
    assert estimate.from_scan(bucket, Wish()).requests == 2 + 1500
    storage = some()
    found = estimate.from_listing(
        storage.open(TARGET, ()), Root("bucket", ""), Wish(), Tally(), Pace()
    )
    assert found.requests == 1 + 10


def test_an_end_is_heeded(repository) -> None:
    pace = Pace()
    pace.stop()
    storage = some()
    found = estimate.from_listing(storage.open(TARGET, ()), storage.root, Wish(), Tally(), pace)
    assert found == Estimate(0, 0, rate=estimate.ASSUMED_RATE)
