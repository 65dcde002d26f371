"""A scan, from an empty repository to its record."""

from __future__ import annotations

import hashlib

from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, Wish
from support.recovery.memory import LONG_AGO, TARGET, Storage
from support.recovery.scans import here, names, rows, scan_once, table, ticking


def some(count: int = 10) -> Storage:
    storage = Storage()
    for i in range(count):
        storage.put(f"folder/{i:03}.tif", b"%d" % i)
    storage.put("link", kind="link", detail=b"folder/000.tif")
    return storage


def test_a_first_scan_reads_everything_and_keeps_it(repository) -> None:
    storage = some()
    ended = scan_once(storage, repository)
    assert (ended.status, ended.files_read, ended.bytes_read) == (COMPLETE, 10, 10)
    found = table(rows(repository, ended.scan))
    assert sorted(found) == sorted(storage.files)
    for path, file in storage.files.items():
        row = found[path]
        if file.kind == "link":
            assert (row["sha256"], row["detail"]) == (None, b"folder/000.tif")
        else:
            assert row["sha256"] == hashlib.sha256(file.data).digest()
            assert (row["proof"], row["proved_at"]) == ("read", storage.now)
            assert (row["mtime_ns"], row["inode"]) == (LONG_AGO, file.inode)
    assert ended.scan is not None
    assert record.latest(repository, TARGET.place) == ended.scan
    counts = ended.scan.counts
    assert (counts.rows, counts.kinds) == (11, {"file": 10, "link": 1})
    assert (counts.proofs, counts.bytes, counts.bytes_read) == ({"read": 10}, 10, 10)
    assert counts.oldest_proof == storage.now
    assert names(repository, "unfinished/") == []
    assert storage.closed == 1


def test_a_second_scan_keeps_what_shows_no_change(repository) -> None:
    storage = some()
    first = scan_once(storage, repository)
    storage.read.clear()
    storage.files[b"folder/003.tif"].data = b"y"
    storage.files[b"folder/003.tif"].ctime_ns = LONG_AGO + 1
    storage.put("folder/new", b"z")
    del storage.files[b"folder/005.tif"]
    second = scan_once(storage, repository)
    assert storage.read == [b"folder/003.tif", b"folder/new"]
    assert (second.files_read, second.files_kept) == (2, 8)
    found = table(rows(repository, second.scan))
    assert sorted(found) == sorted(storage.files)
    assert found[b"folder/003.tif"]["sha256"] == hashlib.sha256(b"y").digest()
    assert found[b"folder/004.tif"]["proof"] == "kept"
    assert found[b"folder/004.tif"]["proved_at"] == storage.now
    before = table(rows(repository, first.scan))
    assert before[b"folder/003.tif"]["sha256"] == hashlib.sha256(b"3").digest()
    assert storage.known[-2:] == [storage.root, storage.root]


def test_full_reads_everything_again_and_tells_of_other_bytes(repository) -> None:
    storage = some()
    scan_once(storage, repository)
    storage.read.clear()
    storage.files[b"folder/007.tif"].data = b"?"  # a bit has flipped: nothing else shows it
    assert scan_once(storage, repository).altered == 0
    assert storage.read == []
    ended = scan_once(storage, repository, wish=Wish(full=True))
    assert len(storage.read) == 10
    assert (ended.altered, ended.altered_first) == (1, [b"folder/007.tif"])
    assert len(record.whole(repository, TARGET.place)) == 3


def test_the_same_storage_gives_the_same_parts(repository) -> None:
    storage = some()
    scan_once(storage, repository)
    kept = scan_once(storage, repository).scan
    again = scan_once(storage, repository).scan
    assert kept is not None
    assert again is not None
    assert (kept.contents, kept.stamps) == (again.contents, again.stamps)
    assert kept.id < again.id


def test_parts_are_there_before_the_record(repository, monkeypatch) -> None:
    order = []
    add, write = type(repository).add, type(repository).write
    monkeypatch.setattr(
        type(repository),
        "add",
        lambda self, name, file, **more: (order.append(name), add(self, name, file, **more))[1],
    )
    monkeypatch.setattr(
        type(repository),
        "write",
        lambda self, name, data, **more: (order.append(name), write(self, name, data, **more))[1],
    )
    ended = scan_once(some(), repository, by=here())
    assert ended.scan is not None
    key = layout.storage_key(TARGET.place)
    assert [name.split("/")[0] for name in order] == [
        "unfinished",
        "unfinished",
        "parts",
        "parts",
        "scans",
        "finished",
    ]
    assert order[-2:] == [f"scans/{key}/{ended.scan.id}.json", f"finished/{key}/{ended.scan.id}"]


def test_a_run_that_is_overtaken_by_one_that_went_on_from_it_keeps_its_record_too(
    repository,
) -> None:
    storage, by = some(), ticking()
    others = []

    def overtake(number: int) -> None:
        if number == 2:  # all is read, and nothing is kept yet
            storage.put("folder/new", b"n")
            others.append(scan_once(storage, repository, by=by))

    storage.on_prove = overtake
    first = scan_once(storage, repository, by=by)
    (other,) = others
    assert other.went_on_from
    assert first.scan is not None
    assert other.scan is not None
    assert first.scan.id != other.scan.id
    kept = {scan.id: scan for scan in record.whole(repository, TARGET.place)}
    assert kept == {scan.id: scan for scan in (other.scan, first.scan)}
