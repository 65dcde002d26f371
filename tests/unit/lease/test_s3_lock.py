"""What is particular to a lock in a bucket, on a real server."""

from __future__ import annotations

import socket
import sys

import obstore
import pytest

from reconciler.errors import PlatformError, UnavailableError
from reconciler.lease.contract import SECONDS
from support.faults.careless_s3 import careless_s3
from support.faults.fault_proxy import DROP_AFTER, DROP_BEFORE, PASS, refused, scripted
from support.locks.lock_making import ALICE, BOB
from support.locks.seaweed import ADMIN


def test_nothing_but_the_lock_stays_in_the_bucket(bucket):
    lock = bucket.lock()
    lock.release(lock.acquire(ALICE, SECONDS))
    assert bucket.keys() == ["locks/jetraw"]


def test_looking_writes_nothing(bucket):
    assert bucket.lock().current() is None
    assert bucket.keys() == []


@pytest.mark.parametrize(
    ("heeded", "ignored"), [((), "If-None-Match"), (("If-None-Match",), "If-Match")]
)
def test_a_server_that_ignores_a_condition_is_refused(bucket, heeded, ignored):
    with careless_s3(*heeded) as server:
        bucket.use(endpoint=server.endpoint)
        for _ in range(2):
            with pytest.raises(PlatformError, match=f"can't keep a lock.*{ignored}") as caught:
                bucket.lock().acquire(ALICE, SECONDS)
            assert not caught.value.transient
        assert server.objects == {}


def test_a_server_that_heeds_both_is_trusted(bucket):
    with careless_s3("If-None-Match", "If-Match") as server:
        bucket.use(endpoint=server.endpoint)
        lock = bucket.lock()
        lock.renew(lock.acquire(ALICE, SECONDS), SECONDS)
        assert list(server.objects) == [f"/{bucket.name}/locks/jetraw"]


@pytest.mark.parametrize("fails", [PlatformError("no"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_no_probe_stays_whatever_ends_the_trial(bucket, monkeypatch, fails, turn):
    put, turns = obstore.put, []

    def put_and_fail(*arguments, **options):
        turns.append(1)
        try:
            return put(*arguments, **options)
        finally:
            if len(turns) == turn:
                raise fails

    monkeypatch.setattr(obstore, "put", put_and_fail)
    with pytest.raises(type(fails)):
        bucket.lock().acquire(ALICE, SECONDS)
    assert bucket.keys() == []


@pytest.mark.parametrize("fault", [DROP_BEFORE, DROP_AFTER, refused(503)])
def test_a_probe_is_deleted_although_an_answer_was_lost(bucket, proxy, fault):
    proxy.decide = scripted(fault, fault, of=lambda request: request.method == "DELETE")
    assert bucket.lock().acquire(ALICE, SECONDS).fence == 1
    assert bucket.keys() == ["locks/jetraw"]


def test_one_object_is_deleted_at_a_time(bucket, proxy):
    """Not every server knows the deletion of many."""
    asked = []
    proxy.decide = lambda request: (asked.append(request.method), PASS)[1]
    bucket.lock().acquire(ALICE, SECONDS)
    assert asked.count("DELETE") == 1
    assert "POST" not in asked


def test_a_server_without_etags_is_refused(bucket):
    with careless_s3("If-None-Match", "If-Match", etags=False) as server:
        bucket.use(endpoint=server.endpoint)
        with pytest.raises(PlatformError):
            bucket.lock().acquire(ALICE, SECONDS)


@pytest.mark.parametrize("content", [b"", b"a file of somebody's", b"x" * 100_000])
def test_an_object_that_is_no_lock_is_never_overwritten(bucket, content):
    bucket.put(content)
    for call in (bucket.lock().current, lambda: bucket.lock().acquire(ALICE, SECONDS)):
        with pytest.raises(PlatformError, match="did not write as a lock"):
            call()
    assert bucket.body() == content


def test_who_may_only_read_sees_the_lock_and_is_told_what_is_missing(bucket, reader):
    bucket.use(reader)
    lock = bucket.lock(bucket="shared")
    assert lock.current() is None
    with pytest.raises(PlatformError, match=r"access denied.*s3:PutObject") as caught:
        lock.acquire(ALICE, SECONDS)
    assert not caught.value.transient


def test_a_wrong_secret_is_not_a_free_lock(bucket, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    with pytest.raises(PlatformError, match="access denied") as caught:
        bucket.lock().current()
    assert "wrong-secret" not in str(caught.value)
    assert ADMIN.key not in str(caught.value)


def test_a_bucket_that_does_not_exist_is_not_a_free_lock(bucket):
    lock = bucket.lock(bucket="no-such-bucket")
    for call in (lock.current, lambda: lock.acquire(ALICE, SECONDS)):
        with pytest.raises(PlatformError, match="there is no bucket 'no-such-bucket'"):
            call()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_overloaded_server_is_not_a_free_lock_and_may_be_asked_again(bucket, proxy, status):
    proxy.decide = scripted(refused(status))
    lock = bucket.lock()
    with pytest.raises(UnavailableError, match=str(status)):
        lock.current()
    assert lock.current() is None


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_can_not_is_not_asked_again(bucket, proxy, status):
    proxy.decide = scripted(refused(status))
    with pytest.raises(PlatformError, match=str(status)) as caught:
        bucket.lock().acquire(ALICE, SECONDS)
    assert not caught.value.transient


def test_another_region_is_said(bucket, proxy):
    proxy.decide = scripted(refused(301))
    with pytest.raises(PlatformError, match=r"another region.*AWS_REGION"):
        bucket.lock().current()


def test_a_server_that_never_answers(bucket):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bucket.use(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(UnavailableError, match="no answer"):
            bucket.lock(timeout=0.2).current()


def test_a_server_that_is_not_there(bucket):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    bucket.use(endpoint=f"http://127.0.0.1:{port}")
    with pytest.raises(UnavailableError, match="no answer"):
        bucket.lock().acquire(ALICE, SECONDS)


def test_the_endpoint_of_s3_wins_over_that_of_all_services(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.server.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert bucket.lock().current() is None


def test_credentials_of_a_profile(bucket, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text(
        f"[lab]\naws_access_key_id = {ADMIN.key}\naws_secret_access_key = {ADMIN.secret}\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert bucket.lock().acquire(BOB, SECONDS).holder == BOB
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(PlatformError, match="absent"):
        bucket.lock().current()


def test_no_credentials_at_all(bucket, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(PlatformError, match="no AWS credentials"):
        bucket.lock().current()


@pytest.mark.parametrize("library", ["obstore", "obstore.store"])
def test_without_the_extra_the_message_says_what_to_install(bucket, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(PlatformError, match=r"needs the extra 's3'"):
        bucket.lock().current()
