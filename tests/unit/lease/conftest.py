"""A bucket on a real server, and locks in it that can be reached through a proxy with faults."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from reconciler.lease.bucket import BucketRegister
from reconciler.lease.contract import Lock
from reconciler.lease.register import RegisterLock
from support.faults.fault_proxy import FaultProxy, Request
from support.locks.seaweed import ADMIN, READER, Account, S3Server

KEY = "locks/jetraw"


class Bucket:
    """A bucket of its own for each test."""

    def __init__(self, server: S3Server, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.name = server.new_bucket()
        self._patch = patch
        self.use()

    def use(self, account: Account = ADMIN, endpoint: str | None = None) -> None:
        """Let locks that are opened from now on go there, as this account."""
        for name, value in self.server.environment(account, endpoint).items():
            self._patch.setenv(name, value)

    def lock(self, timeout: float = 30.0, bucket: str | None = None) -> Lock:
        register = BucketRegister(bucket or self.name, KEY, timeout=timeout)
        return RegisterLock(register, time.time)

    def keys(self) -> list[str]:
        listed = self.server.client().list_objects_v2(Bucket=self.name)
        return [item["Key"] for item in listed.get("Contents", [])]

    def put(self, body: bytes) -> None:
        self.server.client().put_object(Bucket=self.name, Key=KEY, Body=body)

    def body(self) -> bytes:
        return self.server.client().get_object(Bucket=self.name, Key=KEY)["Body"].read()

    @staticmethod
    def writes_the_lock(request: Request) -> bool:
        return request.method == "PUT" and request.target.endswith(KEY)

    @staticmethod
    def reads_the_lock(request: Request) -> bool:
        return request.method == "GET" and request.target.endswith(KEY)


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return Bucket(s3, monkeypatch)


@pytest.fixture
def proxy(bucket: Bucket, s3: S3Server) -> Iterator[FaultProxy]:
    """Stand between the bucket and all locks that are opened after."""
    with FaultProxy(s3.port) as opened:
        bucket.use(endpoint=opened.url)
        yield opened


@pytest.fixture
def reader() -> Account:
    return READER
