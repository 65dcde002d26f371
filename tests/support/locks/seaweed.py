"""A real S3 server for tests: SeaweedFS, on loopback, gone when the tests are.

A small process stands between the tests and the server and ends it when the tests have ended,
however they have: it reads from a pipe that only they hold open.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: How long the server may take to answer, in seconds, and how often it is started anew.
PATIENCE = 60.0
ATTEMPTS = 3
REGION = "eu-central-2"
#: Stored things survive SIGKILL, and SIGTERM takes the server many seconds.
WATCH = """
import subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.buffer.read()
server.kill()
server.wait()
"""
PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)


class Account:
    """An access key, and what it may do: `Admin`, or a list such as `Read:BUCKET`."""

    def __init__(self, name: str, *actions: str) -> None:
        self.key, self.secret, self.actions = name, f"secret-of-{name}", actions

    def as_json(self) -> dict[str, object]:
        keys = [{"accessKey": self.key, "secretKey": self.secret}]
        return {"name": self.key, "credentials": keys, "actions": list(self.actions)}


ADMIN = Account("admin", "Admin", "Read", "Write", "List", "Tagging")
#: May look at the bucket `shared`, and do nothing else.
READER = Account("reader", "Read:shared", "List:shared")


class S3Server:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._clients: dict[str, Any] = {}

    def environment(self, account: Account = ADMIN, endpoint: str | None = None) -> dict[str, str]:
        """Give the variables by which programs find the server."""
        return {
            "AWS_ENDPOINT_URL": endpoint or self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": account.key,
            "AWS_SECRET_ACCESS_KEY": account.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, account: Account = ADMIN) -> Any:
        """Give a boto3 client that does not try again; making one is dear."""
        if account.key not in self._clients:
            self._clients[account.key] = boto3.client(
                "s3",
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id=account.key,
                aws_secret_access_key=account.secret,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[account.key]

    def new_bucket(self, name: str | None = None) -> str:
        """Make a bucket that nobody else uses, unless it is named."""
        bucket = name or f"bucket-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        return bucket


@contextmanager
def serving(folder: Path) -> Iterator[S3Server]:
    """Run a server that keeps its files in `folder`, until the context ends."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"identities": [ADMIN.as_json(), READER.as_json()]}))
    for attempt in range(ATTEMPTS):
        data = folder / f"data-{attempt}"
        data.mkdir()
        process, server = _start(data, keys)
        try:
            if _answers(process, server):
                server.new_bucket("shared")
                yield server
                return
        finally:
            process.stdin.close()
            process.wait()
    told = (folder / f"data-{ATTEMPTS - 1}.log").read_text(errors="replace")
    raise RuntimeError(f"the S3 server did not start:\n{told[-4000:]}")


def _start(data: Path, keys: Path) -> tuple[subprocess.Popen, S3Server]:
    ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    command = [
        *(sys.executable, "-c", WATCH, str(Path(sys.executable).with_name("weed"))),
        *("server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=9999"),
        *("-master.volumeSizeLimitMB=64", "-master.telemetry=false", f"-s3.config={keys}", "-s3"),
        *("-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    with data.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GOGC": "400"},  # it may take memory rather than time
        )
    return process, S3Server(ports["s3.port"])


def _answers(process: subprocess.Popen, server: S3Server) -> bool:
    """Wait until the server can store something; False if it has ended, or takes too long."""
    client = server.client()
    bucket = f"ready-{server.port}"
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(BotoCoreError, ClientError):
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="ready", Body=b"1")
            client.delete_object(Bucket=bucket, Key="ready")
            client.delete_bucket(Bucket=bucket)
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
