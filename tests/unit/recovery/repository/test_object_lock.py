"""A bucket under Object Lock: what was written stays, and writing needs no right to delete."""

from __future__ import annotations

import pytest

from reconciler.buckets import open_bucket
from reconciler.recovery.repository.opening import open_repository

PART = "parts/ab/" + "ab" * 32 + ".parquet"


def test_without_a_checksum_nothing_is_taken(object_lock):
    store, _ = open_bucket(object_lock.split("/")[2], 10.0)
    with pytest.raises(Exception, match="Object Lock"):
        store.put("a", b"1")


def test_everything_but_deletion_works(object_lock, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"part" * 3_000_000)
    repository = open_repository(object_lock, make=True)
    repository.add(PART, source)
    repository.add(PART, source)
    assert repository.write("snapshots/a/snapshot.json", b"{}") is True
    assert repository.write("snapshots/a/snapshot.json", b"[]") is False
    assert repository.write("a/mark.json", b"1", replace=True) is True
    assert repository.write("a/mark.json", b"2", replace=True) is True
    with open_repository(object_lock).local(PART) as path:
        assert path.read_bytes() == source.read_bytes()
    assert repository.read("a/mark.json") == b"2"
