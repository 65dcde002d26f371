"""What is read of a bucket: on SeaweedFS, which lists by folder, and on moto, which does not."""

from __future__ import annotations

import pytest

from reconciler.recovery.rows import ARCHIVED, DELETED, FILE, FOLDER, MARKER, READ
from support.locks.seaweed import S3Server
from support.recovery.buckets import listed, opened, read, sha
from support.recovery.moto import Moto

#: Keys that sort differently by folders than by bytes.
ORDER = ["a", "a-b", "a.b", "a/x", "a/y-z", "a/y/z", "a0", "B", "b/\u00e9", "e\u0301", "\U00010000"]
#: Keys that obstore would take for others, or not at all.
HARD = ["a//b", "/lead", "trail/", "x/../y", "x/./y", "..", ".", "ctl\x01x", "cr\rx", "\t", "\x7f"]
#: Keys that mean something in URLs, XML and shells.
ODD = ["plus+x", "sp ace", "pct%41x", "pct%2Fx", "q?x", "h#x", "a&b", "<a>", "\u202ex", "\u200b"]
ODD += [*"""*"'~|=;:@$!(){}[]^`, """, "end ", "x" * 900]


@pytest.fixture
def seaweed(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    for name, value in s3.environment().items():
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    return s3


def put(server: Moto | S3Server, bucket: str, keys: list[str]) -> None:
    client = server.client()
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())


def test_what_lies_in_a_bucket_is_listed_by_bytes_and_read(moto: Moto) -> None:
    bucket, keys = moto.new_bucket(), ORDER + HARD + ODD
    put(moto, bucket, keys)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        assert [each.path for each in listed(source)] == sorted(key.encode() for key in keys)
        for path, row in read(source).items():
            assert (row.kind, row.proof, row.size) == (FILE, READ, len(path))
            assert row.sha256 == sha(path)


def test_a_server_that_lists_by_folders(seaweed: S3Server) -> None:
    keys = [key for key in ORDER if key != "a"] + ["nl\nx"] + [key for key in ODD if len(key) < 255]
    bucket = seaweed.new_bucket()
    put(seaweed, bucket, keys)
    with opened(f"{seaweed.endpoint}/{bucket}") as source:
        assert [each.path for each in listed(source)] == sorted(key.encode() for key in keys)
        assert {path: row.sha256 for path, row in read(source).items()} == {
            key.encode(): sha(key.encode()) for key in keys
        }


def test_what_lies_below_a_prefix(moto: Moto) -> None:
    bucket = moto.new_bucket()
    put(moto, bucket, ["lab", "lab/", "lab/a", "lab//b", "lab-2/c", "x"])
    moto.client().put_object(Bucket=bucket, Key="lab/", Body=b"")
    with opened(f"{moto.endpoint}/{bucket}/lab/") as source:
        assert not source.prove(None).empty
        assert {path: row.sha256 for path, row in read(source).items()} == {
            b"/b": sha(b"lab//b"),
            b"a": sha(b"lab/a"),
        }


def test_kinds(moto: Moto) -> None:
    bucket, client = moto.new_bucket(), moto.client()
    put(moto, bucket, ["file", "sub/x.jetraw-storage"])
    client.put_object(Bucket=bucket, Key="dir/", Body=b"")
    client.put_object(Bucket=bucket, Key="nas.jetraw-storage", Body=b'{"id": 1}')
    for storage_class in ("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"):
        client.put_object(Bucket=bucket, Key=storage_class, Body=b"1", StorageClass=storage_class)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        assert [(each.path, each.kind, each.detail) for each in listed(source)] == [
            (b"DEEP_ARCHIVE", ARCHIVED, b"DEEP_ARCHIVE"),
            (b"GLACIER", ARCHIVED, b"GLACIER"),
            (b"GLACIER_IR", FILE, None),
            (b"dir/", FOLDER, None),
            (b"file", FILE, None),
            (b"nas.jetraw-storage", MARKER, b'{"id": 1}'),
            (b"sub/x.jetraw-storage", FILE, None),
        ]


@pytest.mark.parametrize("name", ["moto", "seaweed"])
def test_what_is_deleted_under_versioning(name: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(name)
    bucket, client = server.new_bucket(), server.client()
    put(server, bucket, ["before", "gone-before"])
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.delete_object(Bucket=bucket, Key="gone-before")
    client.put_object(Bucket=bucket, Key="twice", Body=b"1")
    there = client.put_object(Bucket=bucket, Key="twice", Body=b"22")["VersionId"]
    kept = client.put_object(Bucket=bucket, Key="kept", Body=b"kept")["VersionId"]
    client.delete_object(Bucket=bucket, Key="twice")
    client.delete_object(Bucket=bucket, Key="never")
    with opened(f"{server.endpoint}/{bucket}") as source:
        assert source.prove(None).versioned
        rows = {each.path: each for each in listed(source)}
        assert sorted(rows) == [b"before", b"gone-before", b"kept", b"twice"]
        assert (rows[b"twice"].kind, rows[b"twice"].version) == (DELETED, there)
        assert rows[b"twice"].size == 2
        assert rows[b"gone-before"].kind == DELETED
        assert (rows[b"kept"].kind, rows[b"kept"].version) == (FILE, kept)
        found = read(source)
        assert found[b"kept"].sha256 == sha(b"kept")
        assert found[b"before"].sha256 == sha(b"before")


def test_exclusions(moto: Moto) -> None:
    bucket = moto.new_bucket()
    put(moto, bucket, [".snapshot/a", "x/.snapshot/b", "x/c", "y.tmp"])
    with opened(f"{moto.endpoint}/{bucket}", [".snapshot/", "*.tmp"]) as source:
        assert [each.path for each in listed(source)] == [b"x/c"]
