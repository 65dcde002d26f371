"""A repository in a bucket: answers that are lost, accounts that may not, servers that can't."""

from __future__ import annotations

import os
import socket

import pytest

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.repository import marker
from reconciler.recovery.repository.asking import TRIES
from reconciler.recovery.repository.bucket import PIECE
from reconciler.recovery.repository.opening import open_repository
from support.faults.careless_s3 import careless_s3
from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    PASS,
    Fault,
    refused,
    replaced,
    scripted,
)
from support.locks.seaweed import READER
from support.recovery.buckets import always, s3_refused

PART = "parts/ab/" + "ab" * 32 + ".parquet"
LOST = [DROP_BEFORE, DROP_AFTER, CUT, refused(503), refused(429), replaced(500)]


def puts(request):
    return request.method in ("PUT", "POST")


def gets(request):
    return request.method in ("GET", "HEAD")


@pytest.mark.parametrize("fault", LOST)
def test_a_write_whose_answer_was_lost_is_told_as_ours(bucket, proxy, fault):
    repository = bucket.repository()
    proxy.decide = scripted(fault, fault, of=puts)
    assert repository.write("a/b.json", b"ours") is True
    assert repository.write("a/b.json", b"theirs") is False
    assert repository.read("a/b.json") == b"ours"
    assert bucket.paused


def test_a_write_that_another_was_quicker_with_is_not_ours(bucket, proxy):
    repository = bucket.repository()
    client = bucket.server.client()

    def decide(request):
        if puts(request) and not other_wrote:
            other_wrote.append(True)
            client.put_object(Bucket=bucket.name, Key="proofs/a/b.json", Body=b"theirs")
            return DROP_BEFORE
        return PASS

    other_wrote: list[bool] = []
    proxy.decide = decide
    assert repository.write("a/b.json", b"ours") is False
    assert repository.read("a/b.json") == b"theirs"


@pytest.mark.parametrize("fault", LOST)
def test_a_large_file_goes_and_comes_in_pieces_each_again_if_need_be(
    bucket, proxy, tmp_path, fault
):
    data = os.urandom(1 << 20) * 20
    assert len(data) > 2 * PIECE
    source = tmp_path / "source"
    source.write_bytes(data)
    repository = bucket.repository()
    proxy.decide = scripted(fault, of=puts)
    repository.add(PART, source)
    proxy.decide = scripted(fault, fault, of=gets)
    with repository.local(PART) as path:
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_a_server_that_stays_away_is_told_after_some_tries(bucket, proxy, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"part")
    repository = bucket.repository()
    proxy.decide = lambda _: refused(503)
    for call in (
        lambda: repository.read("a/b.json"),
        lambda: repository.write("a/b.json", b""),
        lambda: repository.add(PART, source),
        lambda: list(repository.names("")),
        lambda: repository.remove("a/b.json"),
        lambda: repository.local(PART).__enter__(),
    ):
        bucket.paused.clear()
        with pytest.raises(RepositoryError, match=r"could not be .* \(the server answered 503\)"):
            call()
        assert len(bucket.paused) == TRIES - 1
    proxy.decide = scripted()
    assert bucket.keys() == ["proofs/reconciler-repository.json"]


def test_a_server_that_never_answers_is_not_waited_for(bucket, monkeypatch):
    monkeypatch.setattr("reconciler.recovery.repository.asking.FIRST_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        bucket.use(endpoint=url)
        with pytest.raises(RepositoryError) as error:
            bucket.repository().read("a.json")
    assert str(error.value).endswith(
        f"(no answer within 0.2 s); look whether the server {url} (AWS_ENDPOINT_URL) runs, and can "
        "be reached from here"
    )
    assert bucket.paused == []
    # Also a refusal takes a while on a machine that is busy.
    monkeypatch.setattr("reconciler.recovery.repository.asking.FIRST_ANSWER", 30)
    with pytest.raises(
        RepositoryError, match=r"\(no answer: nothing listens there\); look whether"
    ):
        bucket.repository().read("a.json")


def test_a_bucket_that_is_gone_is_no_empty_repository(bucket):
    repository = bucket.repository("no-such-bucket")
    for call in (
        lambda: repository.read("a/b.json"),
        lambda: repository.write("a/b.json", b""),
        lambda: repository.local(PART).__enter__(),
    ):
        with pytest.raises(RepositoryError, match="there is no bucket 'no-such-bucket'"):
            call()
    with pytest.raises(RepositoryError):
        open_repository("s3://no-such-bucket/proofs", make=True)


def test_who_may_only_read_is_told_what_is_missing(bucket):
    bucket.use(READER)
    repository = bucket.repository("shared")
    assert repository.read("a/b.json") is None
    with pytest.raises(RepositoryError, match=r"access denied\); the account needs s3:ListBucket"):
        repository.write("a/b.json", b"")
    assert bucket.paused == []


def test_without_credentials_it_says_so(bucket, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(RepositoryError, match="there are no AWS credentials: set"):
        bucket.repository().read("a/b.json")


@pytest.mark.parametrize("heeded", [(), ("If-None-Match",)])
def test_a_server_without_conditions_will_do(bucket, heeded):
    with careless_s3(*heeded) as server:
        bucket.use(endpoint=server.endpoint)
        repository = bucket.repository()
        assert repository.write("a/b.json", b"first") is True
        assert repository.write("a/b.json", b"second") is False
        assert repository.read("a/b.json") == b"first"


def test_a_server_that_refuses_conditions_will_do(bucket, proxy):
    proxy.decide = scripted(refused(501), of=puts)
    repository = bucket.repository()
    assert repository.write("a/b.json", b"first") is True
    assert repository.read("a/b.json") == b"first"


def test_foreign_objects_are_passed_over(bucket):
    client = bucket.server.client()
    for key in ("proofs/Foreign", "proofs/a b", "proofs-2/a", "other"):
        client.put_object(Bucket=bucket.name, Key=key, Body=b"")
    repository = bucket.repository()
    assert list(repository.names("")) == ["reconciler-repository.json"]


def test_what_is_gone_is_told_as_missing(bucket):
    with pytest.raises(SnapshotError, match="is lost from"), bucket.repository().local(PART):
        pass


def test_a_temporary_folder_that_is_full_is_told(bucket, monkeypatch, tmp_path):
    repository = bucket.repository()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with (
        pytest.raises(RepositoryError, match=r"no temporary folder .*TMPDIR"),
        repository.workspace(),
    ):
        pass


def test_a_new_repository_makes_no_deletion(bucket, proxy, tmp_path):
    asked = []
    proxy.decide = lambda request: (asked.append(request.method), PASS)[1]
    source = tmp_path / "source"
    source.write_bytes(b"part")
    repository = bucket.repository()
    marker.write(repository)
    repository.write("a/b.json", b"1")
    repository.write("a/b.json", b"2", replace=True)
    repository.add(PART, source)
    assert "DELETE" not in asked


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("be read at 'a/b.json'", lambda repository, _: repository.read("a/b.json")),
        ("be listed", lambda repository, _: list(repository.names("a/"))),
        ("be read at", lambda repository, _: repository.local(PART).__enter__()),
        ("be written at 'a/b.json'", lambda repository, _: repository.write("a/b.json", b"1")),
        ("be written at", lambda repository, file: repository.add(PART, file)),
        ("be cleared of 'a/b.json'", lambda repository, _: repository.remove("a/b.json")),
    ],
    ids=["get", "list", "fetch", "create", "put", "delete"],
)
def test_an_account_without_rights_is_told_which_it_needs_and_nothing_is_tried_again(
    bucket, proxy, tmp_path, what, call
):
    file = tmp_path / "file"
    file.write_bytes(b"part")
    repository = bucket.repository()
    proxy.decide = always(s3_refused(403, "AccessDenied"), lambda _: True)
    with pytest.raises(RepositoryError) as caught:
        call(repository, file)
    told = str(caught.value)
    assert f"could not {what}" in told
    assert "(access denied); the account needs s3:ListBucket on the bucket" in told
    assert "AKIA" not in told
    assert (caught.value.exit_code, bucket.paused) == (1, [])


def _listing(name, prefix):
    told = f"<Name>{name}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult>{told}</ListBucketResult>".encode()


NO_LISTING = [
    b"<html>please log in</html>",
    b"please log in",
    b"<Error><Code>InternalError</Code></Error>",
    _listing("%s", "else/"),
    _listing("another", "proofs/a/"),
]


@pytest.mark.parametrize("answer", NO_LISTING)
def test_what_is_no_listing_is_never_an_empty_one(bucket, proxy, answer):
    repository = bucket.repository()
    repository.write("a/b.json", b"1")
    answer = answer.replace(b"%s", bucket.name.encode())
    proxy.decide = always(
        Fault(answer=(200, {}, answer)), lambda request: "list-type" in request.target
    )
    for call in (
        lambda: list(repository.names("a/")),
        lambda: repository.remove("a/b.json", stamp="1"),
        lambda: repository.refuse_unless_empty(make=True),
    ):
        with pytest.raises(
            RepositoryError, match=r"could not .* \((what answers there is no listing|.* 500\))"
        ):
            call()


def test_a_listing_whose_later_pages_fail_is_none(bucket, proxy, monkeypatch):
    monkeypatch.setattr("reconciler.recovery.repository.asking._PAGE", 2)
    repository = bucket.repository()
    for letter in "abc":
        repository.write(f"a/{letter}.json", b"1")
    assert len(list(repository.names("a/"))) == 3
    proxy.decide = always(
        Fault(answer=(200, {}, b"<html/>")), lambda request: "continuation" in request.target
    )
    with pytest.raises(RepositoryError, match="no listing"):
        list(repository.names("a/"))


def test_a_page_that_answers_with_200_is_not_believed(bucket, proxy, tmp_path):
    repository = bucket.repository()
    file = tmp_path / "file"
    file.write_bytes(b"<html/>")
    proxy.decide = always(Fault(answer=(200, {}, b"<html/>")), lambda _: True)
    for call in (
        lambda: repository.read("a/b.json"),
        lambda: repository.write("a/b.json", b"1"),
        lambda: repository.write("a/b.json", b"1", replace=True),
        lambda: repository.add(PART, file),
        lambda: repository.add(PART, file, anew=True),
        lambda: repository.remove("a/b.json"),
        lambda: repository.local(PART).__enter__(),
    ):
        with pytest.raises(RepositoryError, match="could not"):
            call()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_part_that_is_not_found_is_no_bucket_that_is_gone(bucket, proxy, tmp_path, method):
    file = tmp_path / "file"
    file.write_bytes(b"part")
    repository = bucket.repository()
    repository.add(PART, file)
    proxy.decide = always(
        s3_refused(404, "NoSuchKey"),
        lambda request: request.method == method and PART in request.target,
    )
    with pytest.raises(SnapshotError, match=r"lost from|there is nothing when it is fetched"):
        repository.local(PART).__enter__()


def test_a_listing_that_is_not_found_tells_nobody_to_make_a_bucket(bucket, proxy):
    proxy.decide = always(s3_refused(404, "NoSuchKey"), lambda _: True)
    with pytest.raises(RepositoryError) as caught:
        list(bucket.repository().names("a/"))
    assert "the server answered 404" in str(caught.value)
    assert "create" not in str(caught.value)


def test_to_remove_one_of_many_nothing_is_listed(bucket, proxy):
    repository = bucket.repository()
    for name in ("a/b.json", "a/c.json"):
        repository.write(name, b"1")
    asked = []
    proxy.decide = lambda request: (asked.append(request.method), PASS)[1]
    assert repository.remove("a/b.json") is True
    assert repository.remove("a/b.json") is False
    assert asked == ["HEAD", "DELETE", "HEAD"]
