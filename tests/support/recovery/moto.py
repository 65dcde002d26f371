"""A second S3 server for tests: moto, in this process. It has what SeaweedFS has not.

Archived objects, regions, and keys such as `a//b` and `../x`; it takes any credentials.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.server import MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

REGION = "eu-central-2"
KEY, SECRET = "moto", "secret-of-moto"


class Moto:
    """A running server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def environment(self) -> dict[str, str]:
        """Give the variables by which programs sign in."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, region: str = REGION) -> Any:
        """Give a client; making one is dear."""
        if region not in self._clients:
            self._clients[region] = self._client(region)
        return self._clients[region]

    def _client(self, region: str) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}),
        )

    def new_bucket(self, *, versioned: bool = False, region: str = REGION) -> str:
        """Make a bucket that nobody else uses."""
        bucket, client = f"bucket-{uuid.uuid4().hex[:12]}", self.client(region)
        client.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region}
        )
        if versioned:
            client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        return bucket


@contextmanager
def serving() -> Iterator[Moto]:
    """Run a server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # moto's own server looks through all services for the one that each request means.
    app = create_backend_app("s3")
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Moto(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
