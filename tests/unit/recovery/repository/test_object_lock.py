"""A bucket under Object Lock: what was written stays, and writing needs no right to delete."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from reconciler.buckets import open_bucket
from reconciler.recovery.repository.opening import open_repository

PART = "parts/ab/" + "ab" * 32 + ".parquet"


class AsAws:
    """Takes any checksum for what Object Lock wants, as AWS does; moto wants a header beside it."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, str], start_response: Callable[..., object]) -> object:
        if any(name.startswith("HTTP_X_AMZ_CHECKSUM_") for name in environ):
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "SHA256"
        return self._moto(environ, start_response)


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, AsAws(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    host, port = "127.0.0.1", server.server_port
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket="locked",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}},
        },
    )
    yield "s3://locked/proofs"
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_checksum_nothing_is_taken(locked):
    store, _ = open_bucket("locked", 10.0)
    with pytest.raises(Exception, match="Object Lock"):
        store.put("a", b"1")


def test_everything_but_deletion_works(locked, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"part" * 3_000_000)
    repository = open_repository(locked, make=True)
    repository.add(PART, source)
    repository.add(PART, source)
    assert repository.write("snapshots/a/snapshot.json", b"{}") is True
    assert repository.write("snapshots/a/snapshot.json", b"[]") is False
    assert repository.write("a/mark.json", b"1", replace=True) is True
    assert repository.write("a/mark.json", b"2", replace=True) is True
    with open_repository(locked).local(PART) as path:
        assert path.read_bytes() == source.read_bytes()
    assert repository.read("a/mark.json") == b"2"
