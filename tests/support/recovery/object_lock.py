"""A bucket under Object Lock."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto.server import create_backend_app
from werkzeug.serving import make_server


class AsAws:
    """Takes any checksum for what Object Lock wants, as AWS does; moto wants a header beside it."""

    def __init__(self) -> None:
        self._moto = create_backend_app("s3")

    def __call__(self, environ: dict[str, str], start_response: Callable[..., object]) -> object:
        if any(name.startswith("HTTP_X_AMZ_CHECKSUM_") for name in environ):
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "SHA256"
        return self._moto(environ, start_response)


@contextmanager
def locked_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    bucket = f"locked-{uuid.uuid4().hex[:12]}"  # the servers of one process share them
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
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}},
        },
    )
    yield f"s3://{bucket}/proofs"
    server.shutdown()
    thread.join()
    server.server_close()
