"""What is read of a bucket: on SeaweedFS, which lists by folder, and on moto, which does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.rows import (
    ARCHIVED,
    DELETED,
    FILE,
    FOLDER,
    MARKER,
    READ,
    STORED,
    UNREADABLE,
)
from support.faults.fault_proxy import Fault, Request
from support.locks.seaweed import S3Server
from support.recovery.buckets import (
    always,
    between,
    files,
    getting,
    listed,
    opened,
    read,
    s3_refused,
    sha,
    target,
)
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


@pytest.mark.parametrize("name", ["moto", "seaweed"])
def test_obstore_reads_all_that_it_can_name(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = request.getfixturevalue(name)
    monkeypatch.setattr("reconciler.recovery.objects.source.surely", None)
    bucket, keys = server.new_bucket(), [*ORDER[1:], *ODD[:-1]]
    put(server, bucket, keys)
    with opened(f"{server.endpoint}/{bucket}") as source:
        for path, row in read(source).items():
            assert row.sha256 == sha(path)


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
    client.put_object(Bucket=bucket, Key="large.jetraw-storage", Body=b"1" * 65_537)
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
            (b"large.jetraw-storage", FILE, None),
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


def with_sums(kind: str) -> Callable[[Request], Fault]:
    """Have a server say of which kind its sums are, as AWS does."""

    def say(answer: bytes) -> bytes:
        head, gap, body = answer.partition(b"\r\n\r\n")
        told = b"<ChecksumType>%s</ChecksumType></Contents>" % kind.encode()
        body = body.replace(b"</Contents>", told)
        if body:
            head = re.sub(rb"(?i)content-length: \d+", b"Content-Length: %d" % len(body), head)
        return head + b"\r\nx-amz-checksum-type: " + kind.encode() + gap + body

    return lambda _: Fault(change=say)


@pytest.mark.parametrize(("kind", "proof"), [("FULL_OBJECT", STORED), ("COMPOSITE", ""), ("", "")])
def test_a_sum_that_the_storage_keeps_stands_in_for_bytes_that_are_not_read(
    moto: Moto, kind: str, proof: str
) -> None:
    bucket, client = moto.new_bucket(), moto.client()
    for key, storage_class in (("cold", "GLACIER"), ("warm", "STANDARD")):
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=key.encode(),
            StorageClass=storage_class,
            ChecksumAlgorithm="SHA256",
        )
    with between(moto, bucket, with_sums(kind)) as (source, proxy):
        cold, warm = listed(source)
        assert (cold.kind, cold.proof) == (ARCHIVED, proof)
        assert cold.sha256 == (sha(b"cold") if proof else None)
        assert (warm.kind, warm.proof, warm.sha256) == (FILE, "", None)
        assert (read(source)[b"warm"].proof, read(source)[b"warm"].sha256) == (READ, sha(b"warm"))
        asked = [each for each, _ in proxy.log.requests if each.target.endswith("/cold")]
        assert {each.method for each in asked} <= {"HEAD"}


def test_an_archive_that_only_its_refusal_shows_has_its_sum_too(moto: Moto) -> None:
    bucket, client = moto.new_bucket(), moto.client()
    client.put_object(Bucket=bucket, Key="k", Body=b"k", ChecksumAlgorithm="SHA256")
    refusal = s3_refused(
        403, "InvalidObjectState", "<StorageClass>INTELLIGENT_TIERING</StorageClass>"
    )
    sums = with_sums("FULL_OBJECT")
    with between(moto, bucket, lambda asked: refusal if getting("k")(asked) else sums(asked)) as (
        source,
        _,
    ):
        row = read(source)[b"k"]
    assert (row.kind, row.detail) == (ARCHIVED, b"INTELLIGENT_TIERING")
    assert (row.sha256, row.proof) == (sha(b"k"), STORED)


def test_a_marker_that_can_not_be_read_is_unreadable(moto: Moto) -> None:
    bucket = moto.new_bucket()
    put(moto, bucket, ["a", "x.jetraw-storage"])
    fault = s3_refused(403, "AccessDenied")
    with between(moto, bucket, always(fault, getting("x.jetraw-storage"))) as (source, _):
        assert [(each.path, each.kind, each.detail) for each in listed(source)] == [
            (b"a", FILE, None),
            (b"x.jetraw-storage", UNREADABLE, b"403"),
        ]


def test_many_threads_read_at_once(moto: Moto) -> None:
    bucket, keys = moto.new_bucket(), [f"{i}" for i in range(30)] + ["a//b", "b//c"]
    put(moto, bucket, keys)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        wanted = files(source)
        with ThreadPoolExecutor(8) as pool:
            all_read = list(pool.map(lambda _: read(source, wanted), range(8)))
    for found in all_read:
        assert {path: row.sha256 for path, row in found.items()} == {
            key.encode(): sha(key.encode()) for key in keys
        }


def test_nothing_is_asked_before_it_is_needed_and_closing_twice_is_fine() -> None:
    source = BucketSource(target("http://127.0.0.1:1/raw"), ())
    source.close()
    source.close()


def test_a_large_object_is_read_in_chunks(moto: Moto) -> None:
    bucket, data, counts = moto.new_bucket(), b"x" * 3_500_000, []
    moto.client().put_object(Bucket=bucket, Key="large", Body=data)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        rows = source.read(files(source), counts.append)
    assert rows.sha256 == [sha(data)]
    assert sum(counts) == len(data)
    assert max(counts) < 3_000_000
