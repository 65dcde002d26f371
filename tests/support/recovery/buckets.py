"""Buckets as targets of scans, and time that passes when it is waited for."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import UnreachableError
from reconciler.location import location
from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.rows import CONTENT_COLUMNS, FILE, Content, Rows
from reconciler.recovery.values import Root, Target
from support.faults.fault_proxy import PASS, Decide, Fault, FaultProxy, Request

if TYPE_CHECKING:
    from support.locks.seaweed import S3Server
    from support.recovery.moto import Moto


class Clock:
    """Time passes when somebody waits, and only then."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def random(self) -> float:
        return 1.0

    def key(self) -> str:
        return os.urandom(16).hex()

    def start(self, work: Callable[[], None]) -> None:
        raise NotImplementedError

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        self.waits.append(seconds or 0.0)
        self.time += seconds or 0.0

    def notify(self) -> None:
        pass


def target(url: str, region: str | None = None) -> Target:
    return Target("id-1", "raw", "S3", location("S3", url).place, url, region)


@contextmanager
def opened(
    url: str,
    excluded: Sequence[str] = (),
    *,
    region: str | None = None,
    clock: Clock | None = None,
) -> Iterator[BucketSource]:
    """Give a source that waits for nothing."""
    with closing(BucketSource(target(url, region), excluded, clock or Clock())) as source:
        yield source


@contextmanager
def between(
    server: Moto | S3Server, bucket: str, decide: Decide = lambda _: PASS, **options: Any
) -> Iterator[tuple[BucketSource, FaultProxy]]:
    """Give a source, and what stands between it and the server."""
    port = int(server.endpoint.rpartition(":")[2])
    with FaultProxy(port, decide) as proxy, opened(f"{proxy.url}/{bucket}", **options) as source:
        yield source, proxy


def s3_refused(status: int, code: str, more: str = "", **headers: str) -> Fault:
    """Refuse as S3 does; HEAD is refused without words."""
    body = f"<Error><Code>{code}</Code><Message>said by AKIA1234</Message>{more}</Error>".encode()
    return Fault(answer=(status, {"Content-Type": "application/xml", **headers}, body))


def getting(key: str) -> Callable[[Request], bool]:
    """Say of a request whether it reads an object."""
    return lambda request: request.method == "GET" and request.target.endswith(f"/{key}")


def listing(request: Request) -> bool:
    """Say of a request whether it lists, but for those that only look whether anything is there."""
    return request.method == "GET" and "encoding-type=url" in request.target


def leaving_out(*keys: str, counted: bool = False) -> Fault:
    """Let an answer pass, but for what it lists under these keys; `counted` as if they were."""

    def change(answer: bytes) -> bytes:
        head, _, body = answer.partition(b"\r\n\r\n")
        left = 0
        for key in keys:
            of_key = b"<Key>" + re.escape(key.encode()) + b"</Key>"
            item = rb"<(Contents|Version)>(?:(?!</\1>).)*" + of_key + rb".*?</\1>"
            body, number = re.subn(item, b"", body, flags=re.DOTALL)
            left += number
        if not counted:
            number_of = rb"(?<=<KeyCount>)\d+"
            body = re.sub(number_of, lambda n: b"%d" % (int(n[0]) - left), body)
        length = b"Content-Length: %d" % len(body)
        return re.sub(rb"(?i)content-length: *\d+", length, head) + b"\r\n\r\n" + body

    return Fault(change=change)


def always(fault: Fault, of: Callable[[Request], bool]) -> Decide:
    """Do this to all requests that are meant."""
    return lambda request: fault if of(request) else PASS


def free(_: int) -> None:
    """Bound nothing."""


def contents(rows: Rows) -> list[Content]:
    columns = (getattr(rows, name) for name in CONTENT_COLUMNS)
    return [Content(*values) for values in zip(*columns, strict=True)]


def listed(source: BucketSource) -> list[Content]:
    """List all, and check what holds of every listing."""
    found: list[Content] = []
    for rows in source.listing():
        assert len({len(getattr(rows, name)) for name in Rows.__struct_fields__}) == 1
        found += contents(rows)
    paths = [each.path for each in found]
    assert paths == sorted(set(paths))
    return found


def files(source: BucketSource) -> Rows:
    """List all, and keep what is to be read."""
    kept = Rows()
    for rows in source.listing():
        for index, kind in enumerate(rows.kind):
            if kind == FILE:
                for name in Rows.__struct_fields__:
                    getattr(kept, name).append(getattr(rows, name)[index])
    return kept


def read(source: BucketSource, wanted: Rows | None = None) -> dict[bytes, Content]:
    """Read what is given, or all that is listed."""
    rows = source.read(files(source) if wanted is None else wanted, free)
    return {each.path: each for each in contents(rows)}


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def filled(moto: Moto, *keys: str, versioned: bool = False) -> str:
    """Make a bucket with objects, each with its key as content."""
    name = moto.new_bucket(versioned=versioned)
    for key in keys or ("file",):
        moto.client().put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def reason(url: str, known: Root | None = None, **options: str) -> str:
    """Say why a bucket can not be reached."""
    with opened(url, **options) as source, pytest.raises(UnreachableError) as error:
        source.prove(known)
    return str(error.value)
