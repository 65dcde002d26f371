"""A repository in a bucket of a real server, which can be reached through a proxy with faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.recovery.repository import marker
from reconciler.recovery.repository.address import InBucket
from reconciler.recovery.repository.asking import Asking
from reconciler.recovery.repository.bucket import BucketRepository
from support.faults.fault_proxy import FaultProxy
from support.locks.seaweed import ADMIN, Account, S3Server


class Bucket:
    """A bucket of its own for each test."""

    def __init__(self, server: S3Server, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.name = server.new_bucket()
        self._patch = patch
        self.paused: list[float] = []
        self.use()

    def use(self, account: Account = ADMIN, endpoint: str | None = None) -> None:
        """Let repositories that are opened from now on go there, as this account."""
        for name, value in self.server.environment(account, endpoint).items():
            self._patch.setenv(name, value)

    def repository(self, bucket: str | None = None) -> BucketRepository:
        """Open one that notes its pauses instead of making them."""
        where = InBucket(bucket or self.name, "proofs/")
        return BucketRepository(where, Asking(where, self.paused.append))

    def keys(self) -> list[str]:
        listed = self.server.client().list_objects_v2(Bucket=self.name)
        return [item["Key"] for item in listed.get("Contents", [])]


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket(s3, monkeypatch)
    marker.write(made.repository())
    return made


@pytest.fixture
def proxy(bucket: Bucket, s3: S3Server) -> Iterator[FaultProxy]:
    """Stand between the bucket and all repositories that are opened after."""
    with FaultProxy(s3.port) as opened:
        bucket.use(endpoint=opened.url)
        yield opened
