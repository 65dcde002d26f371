"""Whether a bucket can be reached, and what is said if it can't; in doubt it can't."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import closing

import msgspec
import pytest

from reconciler.errors import UnreachableError
from reconciler.location import aws_url
from reconciler.recovery.objects.source import BucketSource
from support.faults.fault_proxy import DROP_BEFORE, Fault, Request, refused, scripted
from support.locks.seaweed import READER, Account, S3Server
from support.recovery.buckets import (
    Clock,
    always,
    between,
    filled,
    listed,
    opened,
    read,
    reason,
    s3_refused,
    target,
)
from support.recovery.moto import REGION, Moto

STRANGER = Account("stranger")


@pytest.fixture
def seaweed(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give what signs in to SeaweedFS, and returns the URL of a bucket there."""

    def sign_in(bucket: str, account: Account | None = None) -> str:
        variables = s3.environment(account) if account else s3.environment()
        del variables["AWS_ENDPOINT_URL"]
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return f"{s3.endpoint}/{bucket}"

    return sign_in


def test_an_account_that_may_only_read(seaweed: Callable[..., str]) -> None:
    with opened(seaweed("shared", READER)) as source:
        source.prove(None)


def test_a_bucket_that_is_not_there(moto: Moto) -> None:
    told = reason(f"{moto.endpoint}/absent-bucket")
    assert told == (
        f"the bucket 'absent-bucket' at {moto.endpoint} does not exist: check its address, or "
        "restore it"
    )


def test_a_bucket_that_may_not_be_asked_for(s3: S3Server, seaweed: Callable[..., str]) -> None:
    told = reason(seaweed(s3.new_bucket(), READER))
    assert "may not be asked for with these credentials (403)" in told
    assert "s3:ListBucket" in told


def test_a_key_that_nobody_knows(s3: S3Server, seaweed: Callable[..., str]) -> None:
    told = reason(seaweed("shared", STRANGER))
    assert "the server does not know the access key" in told
    assert STRANGER.key not in told
    assert STRANGER.secret not in told


def test_no_credentials(moto: Moto, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    bucket = filled(moto)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert "there are no AWS credentials" in reason(f"{moto.endpoint}/{bucket}")


def test_a_prefix_alone_may_be_listed(moto: Moto) -> None:
    bucket = filled(moto, "lab/file")
    heads = always(refused(403), lambda request: request.method == "HEAD")
    with between(moto, f"{bucket}/lab", heads) as (source, _):
        assert not source.prove(None).empty
        assert set(read(source)) == {b"file"}


@pytest.mark.parametrize("question", ["?versioning", "?versions"])
@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", ""),
        (501, "NotImplemented", ""),
        (500, "InternalError", "can't be asked whether it keeps versions"),
        (400, "ExpiredToken", "the session has expired"),
    ],
)
def test_what_fails_does_not_say_that_no_versions_are_kept(
    moto: Moto, question: str, status: int, code: str, told: str
) -> None:
    bucket = filled(moto, versioned=True)
    refuse = always(s3_refused(status, code), lambda request: question in request.target)
    with between(moto, bucket, refuse) as (source, _):
        if told:
            with pytest.raises(UnreachableError, match=told):
                source.prove(None)
        else:
            assert not source.prove(None).versioned


def test_whose_requesters_pay(moto: Moto) -> None:
    bucket = filled(moto)

    def decide(request: Request) -> Fault:
        if "requestPayment" in request.target:
            body = b"<R><Payer>Requester</Payer></R>"
            return Fault(answer=(200, {"Content-Type": "application/xml"}, body))
        return s3_refused(403, "AccessDenied")

    with between(moto, bucket, decide) as (source, _), pytest.raises(UnreachableError) as error:
        source.prove(None)
    assert "requesters pay" in str(error.value)


def test_a_declared_region_that_is_wrong(moto: Moto) -> None:
    bucket = moto.new_bucket(region="us-west-2")
    told = reason(f"{moto.endpoint}/{bucket}", region=REGION)
    assert f"is in 'us-west-2', not in '{REGION}' as declared" in told


def test_a_region_that_an_address_has_wrong(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    bucket = moto.new_bucket(region="us-west-2")
    told = reason(aws_url(REGION, bucket))
    assert f"is in 'us-west-2', not in '{REGION}' as declared" in told


def test_a_region_that_nobody_declared_is_asked_for(moto: Moto) -> None:
    bucket = filled(moto)

    elsewhere = Fault(answer=(301, {"x-amz-bucket-region": REGION}))
    with between(moto, bucket, scripted(elsewhere)) as (source, _):
        assert source.prove(None).region == REGION
        assert set(read(source)) == {b"file"}


def test_what_is_read_elsewhere_need_not_be_where_it_was_declared(moto: Moto) -> None:
    url = f"{moto.endpoint}/{filled(moto)}"
    moved = msgspec.structs.replace(target(url, "us-west-2"), place="aws:raw")
    with closing(BucketSource(moved, ())) as source:
        assert source.prove(None).region == REGION


def test_a_redirect_that_does_not_say_where_to(moto: Moto) -> None:
    def decide(request: Request) -> Fault:
        return s3_refused(301, "PermanentRedirect")

    with (
        between(moto, filled(moto), decide) as (source, _),
        pytest.raises(UnreachableError) as error,
    ):
        source.prove(None)
    assert "perhaps it is in another region" in str(error.value)


@pytest.mark.parametrize("url", ["s3://", "http://127.0.0.1:1", "http://127.0.0.1:1/?a=b"])
def test_an_address_that_names_no_bucket(url: str) -> None:
    assert "does not tell which bucket is meant" in reason(url)


def test_an_escape_in_a_prefix_could_mean_two_things() -> None:
    assert "an escape" in reason("http://127.0.0.1:1/raw/a%20b")


def test_on_aws_by_its_address(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    bucket = filled(moto, "lab/file")
    for url in (f"s3://{bucket}/lab", f"{aws_url(REGION, bucket)}/lab/"):
        with opened(url) as source:
            assert source.prove(None).region == REGION
            assert [each.path for each in listed(source)] == [b"file"]
            assert set(read(source)) == {b"file"}


def test_a_server_that_is_not_there(moto: Moto) -> None:
    clock = Clock()
    dead = between(moto, "raw", lambda _: DROP_BEFORE, clock=clock)
    with dead as (source, proxy), pytest.raises(UnreachableError) as error:
        source.prove(None)
    assert str(error.value) == (
        f"the bucket 'raw' at {proxy.url} can't be asked for (the connection broke off): look "
        "whether that server runs, and can be reached from here"
    )
    assert clock.time < 30


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may well have another address: time limits of the libraries add up to minutes."""
    monkeypatch.setattr("reconciler.recovery.roots.asking.FIRST_ANSWER", 0.2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        told = reason(f"{url}/raw")
    assert told == (
        f"the bucket 'raw' at {url} can't be asked for (no answer within 0.2 s): look whether that "
        "server runs, and can be reached from here"
    )
    assert "nothing listens there" in reason(f"{url}/raw")


def test_a_server_that_is_busy_is_asked_again(moto: Moto) -> None:
    decide = scripted(refused(503), s3_refused(503, "SlowDown"), refused(500), DROP_BEFORE)
    with between(moto, filled(moto), decide) as (source, _):
        source.prove(None)


def test_a_server_that_stays_busy(moto: Moto) -> None:
    clock = Clock()
    busy = between(moto, "raw", lambda _: refused(503), clock=clock)
    with busy as (source, _), pytest.raises(UnreachableError, match="answered 503"):
        source.prove(None)
    assert 100 < clock.time <= 120


def test_no_secret_is_told(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    url = moto.endpoint.replace("http://", "http://user:wJalrXUtnFEMI@")
    told = reason(f"{url}/absent-bucket")
    assert "wJalrXUtnFEMI" not in told
    assert not re.search("user", told)
