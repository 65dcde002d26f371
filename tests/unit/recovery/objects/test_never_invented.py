"""Servers that fail: nothing of what they do makes a file look as if it were not there."""

from __future__ import annotations

import re

import pytest

from reconciler.errors import UnreachableError
from reconciler.recovery.objects import pages
from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.rows import (
    ARCHIVED,
    CHANGING,
    DELETED,
    FILE,
    READ,
    UNREADABLE,
    Content,
    Rows,
)
from reconciler.recovery.source import Pace
from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    PASS,
    Fault,
    Request,
    refused,
    scripted,
)
from support.recovery.buckets import (
    Clock,
    always,
    between,
    contents,
    files,
    free,
    getting,
    leaving_out,
    listed,
    listing,
    read,
    s3_refused,
    sha,
)
from support.recovery.moto import Moto

KEYS = [f"k{i}" for i in range(7)]


@pytest.fixture
def bucket(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a bucket whose listing has several pages."""
    monkeypatch.setattr(pages, "PAGE", 3)
    name, client = moto.new_bucket(), moto.client()
    for key in KEYS:
        client.put_object(Bucket=name, Key=key, Body=key.encode() * 1_000)
    return name


def good(rows: dict[bytes, Content], *bad: str) -> bool:
    """Say whether all but some objects were read."""
    expected = {key.encode() for key in KEYS if key not in bad}
    fine = {path for path, row in rows.items() if row.sha256 == sha(path * 1_000)}
    return fine == expected and all(rows[path].proof == READ for path in fine)


@pytest.mark.parametrize(
    "fault",
    [
        refused(503, "7"),
        refused(429),
        s3_refused(503, "SlowDown"),
        s3_refused(500, "InternalError"),
        s3_refused(400, "RequestTimeout"),
        DROP_BEFORE,
        DROP_AFTER,
        CUT,
    ],
)
def test_a_listing_goes_on_where_it_was(moto: Moto, bucket: str, fault: Fault) -> None:
    asked = []

    def decide(request: Request) -> Fault:
        asked.append(request)
        return fault if listing(request) and sum(map(listing, asked)) in (2, 3, 5) else PASS

    with between(moto, bucket, decide) as (source, _):
        assert [each.path.decode() for each in listed(source)] == KEYS
    tokens = [
        re.findall("continuation-token=[^&]+", each.target) for each in asked if listing(each)
    ]
    assert tokens[0] == []
    assert tokens[1] == tokens[2] == tokens[3] != []


def test_a_server_that_asks_for_time_is_given_it(moto: Moto, bucket: str) -> None:
    clock = Clock()
    with between(moto, bucket, scripted(refused(503, "7"), of=listing), clock=clock) as (source, _):
        assert len(listed(source)) == len(KEYS)
    assert max(clock.waits) == 7


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (refused(503), "the server answered 503): try again"),
        (s3_refused(503, "SlowDown"), "the server answered 503, SlowDown): try again"),
        (refused(500), "the server answered 500): try again"),
        (s3_refused(403, "AccessDenied"), "may not be listed with these credentials (403)"),
        (s3_refused(400, "ExpiredToken"), "the session has expired): log in again"),
        (s3_refused(404, "NoSuchBucket"), "does not exist"),
        (s3_refused(501, "NotImplemented"), "(the server answered 501, NotImplemented)"),
        (DROP_BEFORE, "can't be listed"),
        (CUT, "can't be listed"),
        (Fault(answer=(200, {}, b"<html>Welcome</html>")), "something else than a listing"),
        (Fault(answer=(200, {}, b"Welcome")), "can't be listed"),
    ],
)
def test_a_listing_that_ends_half_way_is_none(
    moto: Moto, bucket: str, fault: Fault, told: str
) -> None:
    with (
        between(moto, bucket, scripted(PASS, *[fault] * 99, of=listing)) as (source, _),
        pytest.raises(UnreachableError) as error,
    ):
        listed(source)
    assert told in str(error.value)
    assert "AKIA" not in str(error.value)


def test_a_listing_that_does_not_go_on(moto: Moto, bucket: str) -> None:
    def forget(answer: bytes) -> bytes:
        answer = re.sub(b"<NextContinuationToken>.*?</NextContinuationToken>", b"", answer)
        return re.sub(rb"(?i)content-length: \d+", b"Connection: close", answer)

    with (
        between(moto, bucket, always(Fault(change=forget), listing)) as (source, _),
        pytest.raises(UnreachableError, match="its listing does not say how it goes on"),
    ):
        listed(source)


def test_a_listing_in_no_order_is_refused(moto: Moto, bucket: str) -> None:
    def swap(answer: bytes) -> bytes:
        return answer.replace(b"<Key>k5<", b"<Key>a5<")

    with (
        between(moto, bucket, always(Fault(change=swap), listing)) as (source, _),
        pytest.raises(UnreachableError, match="does not list its keys in their order"),
    ):
        listed(source)


def test_a_page_in_no_order_is_sorted(moto: Moto, bucket: str) -> None:
    def swap(answer: bytes) -> bytes:
        answer = answer.replace(b"<Key>k3<", b"<Key>x<").replace(b"<Key>k5<", b"<Key>k3<")
        return answer.replace(b"<Key>x<", b"<Key>k5<")

    with between(moto, bucket, always(Fault(change=swap), listing)) as (source, _):
        assert [each.path.decode() for each in listed(source)] == KEYS


@pytest.mark.parametrize(
    "fault",
    [
        s3_refused(503, "SlowDown"),
        refused(429, "1"),
        s3_refused(500, "InternalError"),
        refused(502),
        DROP_BEFORE,
        DROP_AFTER,
        CUT,
    ],
)
def test_an_object_is_asked_for_again(moto: Moto, bucket: str, fault: Fault) -> None:
    decide = scripted(fault, fault, of=getting("k3"))
    with between(moto, bucket, decide) as (source, _):
        assert good(read(source))


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (s3_refused(500, "InternalError"), b"500"),
        (refused(500), b"500"),
        (s3_refused(503, "SlowDown"), b"503"),
        (s3_refused(403, "AccessDenied"), b"403"),
        (s3_refused(400, "InvalidRequest"), b"400"),
        (s3_refused(404, "NoSuchKey"), b"404"),
        (s3_refused(412, "PreconditionFailed"), b"412"),
        (
            Fault(answer=(200, {"Content-Type": "text/html"}, b"<html>login</html>")),
            b"another object",
        ),
        (DROP_AFTER, b"no answer"),
        (Fault(cut=0.99), b"no answer"),
    ],
)
def test_an_object_that_can_not_be_had_is_unreadable(
    moto: Moto, bucket: str, fault: Fault, detail: bytes
) -> None:
    with between(moto, bucket, always(fault, getting("k3"))) as (source, _):
        rows = read(source)
    assert good(rows, "k3")
    assert (rows[b"k3"].kind, rows[b"k3"].detail) == (UNREADABLE, detail)
    assert (rows[b"k3"].sha256, rows[b"k3"].proof) == (None, "")


def test_an_object_that_ends_like_a_folder_and_can_not_be_had_is_no_closed_folder(
    moto: Moto, bucket: str
) -> None:
    for key in ("x/", "x/1"):
        moto.client().put_object(Bucket=bucket, Key=key, Body=b"data")
    fault = s3_refused(403, "AccessDenied")
    with between(moto, bucket, always(fault, getting("x/"))) as (source, _):
        rows = read(source)
    assert (rows[b"x/"].kind, rows[b"x/"].is_closed) == (UNREADABLE, False)
    assert rows[b"x/1"].sha256 == sha(b"data")


def test_a_large_object_goes_on_where_it_broke_off(moto: Moto) -> None:
    bucket, data = moto.new_bucket(), b"0123456789abcdef" * 400_000
    moto.client().put_object(Bucket=bucket, Key="large", Body=data)
    decide = scripted(*[Fault(cut=0.7)] * 4, of=getting("large"))
    with between(moto, bucket, decide) as (source, _):
        assert read(source)[b"large"].sha256 == sha(data)


def test_an_archive_is_told_by_its_refusal(moto: Moto, bucket: str) -> None:
    fault = s3_refused(
        403, "InvalidObjectState", "<StorageClass>INTELLIGENT_TIERING</StorageClass>"
    )
    with between(moto, bucket, always(fault, getting("k3"))) as (source, _):
        rows = read(source)
    assert good(rows, "k3")
    assert (rows[b"k3"].kind, rows[b"k3"].detail) == (ARCHIVED, b"INTELLIGENT_TIERING")


def test_an_object_that_is_deleted_meanwhile_is_gone(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        moto.client().delete_object(Bucket=bucket, Key="k3")
        rows = read(source, wanted)
    assert good(rows, "k3")
    assert b"k3" not in rows


def test_an_object_that_is_deleted_meanwhile_under_versioning(moto: Moto) -> None:
    bucket, client = moto.new_bucket(versioned=True), moto.client()
    version = client.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        client.delete_object(Bucket=bucket, Key="k")
        assert read(source, wanted)[b"k"].sha256 == sha(b"1")  # the version that was listed
        assert read(source) == {}
        (row,) = listed(source)
    assert (row.kind, row.version) == (DELETED, version)


def test_an_object_that_is_replaced_meanwhile_is_read_as_it_is(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        moto.client().put_object(Bucket=bucket, Key="k3", Body=b"other")
        rows = read(source, wanted)
    assert good(rows, "k3")
    row = rows[b"k3"]
    assert (row.kind, row.size, row.sha256, row.proof) == (FILE, 5, sha(b"other"), READ)


def test_an_object_that_is_replaced_by_one_of_its_size_is_seen(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        moto.client().put_object(Bucket=bucket, Key="k3", Body=b"zz" * 1_000)
        assert read(source, wanted)[b"k3"].sha256 == sha(b"zz" * 1_000)


@pytest.mark.parametrize("key", ["k", "k//x"])
@pytest.mark.parametrize("body", [b"longer", b"two"])
def test_a_server_that_heeds_no_condition(moto: Moto, key: str, body: bytes) -> None:
    def deaf(request: bytes) -> bytes:
        return re.sub(rb"(?i)\r\nif-match: [^\r]*", b"", request)

    bucket, client = moto.new_bucket(), moto.client()
    client.put_object(Bucket=bucket, Key=key, Body=b"one")
    with between(moto, bucket, lambda _: Fault(ask=deaf)) as (source, _):
        wanted = files(source)
        tag = client.put_object(Bucket=bucket, Key=key, Body=body)["ETag"]
        rows = source.read(wanted, free)
    assert (rows.kind, rows.size, rows.sha256) == ([FILE], [len(body)], [sha(body)])
    assert rows.tag == [tag.strip('"').encode()]


def test_an_object_that_ends_too_early_without_a_word_of_it(moto: Moto, bucket: str) -> None:
    def shorten(answer: bytes) -> bytes:
        return re.sub(rb"(?i)content-length: \d+", b"Connection: close", answer)[:-7]

    with between(moto, bucket, always(Fault(change=shorten), getting("k3"))) as (source, _):
        rows = read(source)
    assert good(rows, "k3")
    assert (rows[b"k3"].kind, rows[b"k3"].detail) == (UNREADABLE, b"truncated")


def test_a_server_that_was_away_for_a_while_is_asked_again(moto: Moto, bucket: str) -> None:
    with between(moto, bucket, scripted(*[DROP_AFTER] * 6, of=getting("k3"))) as (source, _):
        assert good(read(source))


def test_a_session_that_expires_is_told_by_an_object_alone(moto: Moto, bucket: str) -> None:
    decide = always(s3_refused(400, "ExpiredToken"), getting("k3"))
    with between(moto, bucket, decide) as (source, _), pytest.raises(UnreachableError) as error:
        read(source)
    assert "the session has expired" in str(error.value)


def test_an_object_that_is_replaced_again_is_changing(moto: Moto, bucket: str) -> None:
    client, count = moto.client(), 0

    def decide(request: Request) -> Fault:
        nonlocal count
        if getting("k3")(request):
            count += 1
            client.put_object(Bucket=bucket, Key="k3", Body=b"%d" % count)
        return PASS

    with between(moto, bucket, decide) as (source, _):
        rows = read(source)
    assert good(rows, "k3")
    assert (rows[b"k3"].kind, rows[b"k3"].sha256) == (CHANGING, None)


@pytest.mark.parametrize(
    "fault",
    [
        s3_refused(400, "ExpiredToken"),
        s3_refused(403, "InvalidAccessKeyId"),
        s3_refused(403, "RequestTimeTooSkewed"),
        s3_refused(404, "NoSuchBucket"),
    ],
)
def test_credentials_that_expire_half_way(moto: Moto, bucket: str, fault: Fault) -> None:
    with between(moto, bucket) as (source, proxy):
        wanted = files(source)
        proxy.decide = scripted(PASS, PASS, *[fault] * 99)
        with pytest.raises(UnreachableError) as error:
            read(source, wanted)
    assert "AKIA" not in str(error.value)


def test_a_bucket_that_vanishes_half_way(moto: Moto, bucket: str) -> None:
    client = moto.client()
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        for key in KEYS:
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)
        with pytest.raises(UnreachableError, match="does not exist"):
            read(source, wanted)
        with pytest.raises(UnreachableError, match="does not exist"):
            source.prove(None)


def test_a_server_that_goes_away_half_way(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, proxy):
        wanted = files(source)
        proxy.decide = lambda _: DROP_BEFORE
        with pytest.raises(UnreachableError, match="look whether that server runs"):
            read(source, wanted)


class _EndError(Exception):
    pass


@pytest.mark.parametrize("key", ["k", "k//x"])
def test_whoever_ends_a_scan_ends_a_read(moto: Moto, key: str) -> None:
    bucket, data = moto.new_bucket(), b"x" * 5_000_000
    moto.client().put_object(Bucket=bucket, Key=key, Body=data)
    counted = 0

    def pace(count: int) -> None:
        nonlocal counted
        counted += count
        if counted > 1_500_000:
            raise _EndError

    check: Pace = pace
    with between(moto, bucket) as (source, _):
        wanted = files(source)
        with pytest.raises(_EndError):
            source.read(wanted, check)
        assert counted < len(data)
        counted = -len(data) * 2
        source.read(wanted, check)
        assert counted == -len(data)


def test_whoever_ends_a_scan_ends_waiting_too(moto: Moto, bucket: str) -> None:
    asked: list[Request] = []

    def pace(_: int) -> None:
        if asked:
            raise _EndError

    def decide(request: Request) -> Fault:
        asked.append(request)
        return refused(503)

    with between(moto, bucket) as (source, proxy):
        wanted = files(source)
        proxy.decide = decide
        with pytest.raises(_EndError):
            source.read(wanted, pace)
    assert len(asked) == 1
    assert free(0) is None


def asked_for(source: BucketSource, wanted: Rows) -> dict[bytes, Content]:
    return {each.path: each for each in contents(source.unlisted(wanted))}


def test_what_is_asked_for_by_itself_is_as_it_would_be_listed(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, _):
        known = files(source)
        moto.client().delete_object(Bucket=bucket, Key="k3")
        found = source.unlisted(known)
        assert found.path == [path for path in known.path if path != b"k3"]
        again = files(source)
        assert [found.tag, found.size, found.mtime_ns] == [again.tag, again.size, again.mtime_ns]


@pytest.mark.parametrize(
    ("fault", "detail"),
    [(s3_refused(403, "Forbidden"), b"403"), (s3_refused(500, "InternalError"), b"500")],
)
def test_nobody_knows_of_what_can_not_be_asked_for(
    moto: Moto, bucket: str, fault: Fault, detail: bytes
) -> None:
    with between(moto, bucket) as (source, proxy):
        known = files(source)
        proxy.decide = always(fault, lambda request: request.target.endswith("/k3"))
        found = asked_for(source, known)
    assert (found[b"k3"].kind, found[b"k3"].detail, len(found)) == (UNREADABLE, detail, len(KEYS))


def test_a_version_that_is_there_is_no_file_that_is_gone(moto: Moto) -> None:
    name, client = moto.new_bucket(versioned=True), moto.client()
    for key in ("deleted", "gone"):
        client.put_object(Bucket=name, Key=key, Body=b"x")
    with between(moto, name) as (source, _):
        known = files(source)
        client.delete_object(Bucket=name, Key="deleted")
        client.delete_object(Bucket=name, Key="gone", VersionId=known.version[1])
        found = asked_for(source, known)
    assert list(found) == [b"deleted"]
    assert (found[b"deleted"].kind, found[b"deleted"].version) == (DELETED, known.version[0])


def test_what_can_not_be_read_and_is_listed_no_more_is_asked_for(moto: Moto, bucket: str) -> None:
    with between(moto, bucket) as (source, proxy):
        known = files(source)
        moto.client().put_object(Bucket=bucket, Key="k3", Body=b"other")
        proxy.decide = always(leaving_out("k3"), listing)
        assert read(source, known)[b"k3"].sha256 == sha(b"other")
