"""A damaged or forged record is told, is never taken for a free lock, and can be set aside."""

from __future__ import annotations

import os
import time

import msgspec
import pytest

from reconciler.errors import LockDamagedError, PlatformBusyError, PlatformError
from reconciler.lease.contract import SECONDS
from reconciler.lease.opening import open_lock
from reconciler.lease.record import Record, encode
from support.locks.lock_making import ALICE, BOB

HELD = Record(1, 7, "token", ALICE, 1_700_000_000, 1_700_000_060)


def changed(**values: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(HELD) | values)


DAMAGES = {
    "empty": b"",
    "zeros": b"\0" * 200,
    "cut": encode(HELD)[:-9],
    "doubled": encode(HELD) * 2,
    "no-utf8": encode(HELD).replace(b"alice", b"al\xffce"),
    "list": b"[" * 60_000,
    "no-fence": b'{"format_version":1}',
    "unknown-field": changed(extra="\x1b[31m" + "x" * 9999),
    "old-format": changed(format_version=0),
    "negative-fence": changed(fence=-1),
    "huge-fence": changed(fence=2**60),
    "bigger-fence": encode(HELD).replace(b":7,", b":" + b"9" * 400 + b","),
    "time-as-text": changed(expires="2026-01-01"),
    "after-year-9999": changed(expires=2**45),
    "before-1970": changed(acquired=-5),
    "ends-before-it-begins": changed(expires=1),
    "holder-without-token": changed(token=""),
    "token-without-holder": changed(holder=None),
    "free-but-running": changed(holder=None, token=""),
    "holder-of-another-kind": changed(holder="alice"),
    "giant": encode(HELD) + b" " * 70_000,
}


class FilePlace:
    """A lock folder in which somebody writes."""

    def __init__(self, folder):
        self.folder = folder
        self.address = f"file://{folder}"
        self.number = 1
        folder.mkdir()

    @property
    def path(self):
        return self.folder / f"{self.number:010}.json"

    def write(self, content):
        self.path.write_bytes(content)

    @property
    def where(self):
        return str(self.path)

    def aside(self):
        return [path.read_bytes() for path in self.folder.glob("*.set-aside-*")]


class BucketPlace:
    """A bucket in which somebody writes."""

    def __init__(self, bucket):
        self.bucket = bucket
        self.write = bucket.put
        self.address = self.where = f"s3://{bucket.name}/locks/jetraw"

    def aside(self):
        client, name = self.bucket.server.client(), self.bucket.name
        keys = [key for key in (*self.bucket.keys(),) if ".set-aside-" in key]
        return [client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys]


@pytest.fixture(params=["file", "s3"])
def place(request, tmp_path):
    if request.param == "file":
        return FilePlace(tmp_path / "lock")
    return BucketPlace(request.getfixturevalue("bucket"))


def refuses(address, words="did not write as a lock"):
    """See that nobody can look at the lock or take it, and give what is told."""
    lock = open_lock(address)
    for call in (lock.current, lambda: lock.acquire(BOB, SECONDS)):
        with pytest.raises(LockDamagedError, match=words) as caught:
            call()
        assert not caught.value.transient
    return str(caught.value)


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_told_hides_no_holder_and_can_be_set_aside(place, content):
    place.write(content)
    told = refuses(place.address)
    assert place.where in told
    assert "lock release" in told
    assert len(told) < 1500
    assert "\x1b" not in told
    lock = open_lock(place.address)
    assert str(lock.damage()) == told
    lock.set_aside()
    assert place.aside() == [content]
    assert lock.damage() is None
    assert lock.current() is None
    assert lock.acquire(BOB, SECONDS).fence > 0


def test_what_a_later_version_wrote_is_not_damaged(place):
    place.write(changed(format_version=2, more="than we know"))
    lock = open_lock(place.address)
    for call in (lock.current, lock.damage, lock.set_aside):
        with pytest.raises(PlatformError, match=r"later version .*format 2.*upgrade"):
            call()
    assert place.aside() == []


def test_a_lease_that_runs_too_long_is_held_and_told(place):
    place.write(changed(acquired=int(time.time()), expires=253_402_300_799))
    lock = open_lock(place.address)
    with pytest.raises(PlatformBusyError, match=r"No lease runs that long.*lock release") as caught:
        lock.acquire(BOB, SECONDS)
    assert place.where in str(caught.value)
    assert "'alice' on 'build-7'" in str(caught.value)
    assert lock.break_lease(lock.current())
    assert lock.acquire(BOB, SECONDS).holder == BOB


def test_nothing_is_set_aside_that_is_a_lock(place):
    lease = open_lock(place.address).acquire(ALICE, SECONDS)
    with pytest.raises(PlatformError, match="has changed; look again"):
        open_lock(place.address).set_aside()
    assert open_lock(place.address).current() == lease


class TestInAFolder:
    """What else can lie in the place of a record."""

    @pytest.fixture
    def place(self, tmp_path):
        return FilePlace(tmp_path / "lock")

    @pytest.fixture
    def held(self, place):
        """Let Alice hold the lock, by version 1; what follows is version 2."""
        lease = open_lock(place.address).acquire(ALICE, SECONDS)
        place.number = 2
        return lease

    def mend(self, place):
        place_before = place.where
        assert place_before in refuses(place.address)
        assert f"{place_before}.set-aside-" in open_lock(place.address).set_aside()

    @pytest.mark.parametrize("make", ["mkfifo", "mkdir", "symlink", "broken", "socket"])
    def test_something_that_is_no_file(self, place, held, make, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        if make in ("symlink", "broken"):
            place.path.symlink_to(elsewhere)
            if make == "symlink":
                elsewhere.write_bytes(encode(Record(1, 9)))
        elif make == "socket":
            os.mknod(place.path, 0o140600)
        else:
            getattr(os, make)(place.path)
        refuses(place.address, "no ordinary file")
        self.mend(place)
        assert open_lock(place.address).current() == held

    @pytest.mark.parametrize("number", [3, 99, 9_999_999_999])
    def test_a_number_far_off_hides_no_holder(self, place, held, number):
        place.number = number
        place.write(encode(Record(1, 50)))
        refuses(place.address, "the version before it is missing")
        self.mend(place)
        assert open_lock(place.address).current() == held

    def test_the_last_number_that_there_is(self, place):
        """One more would have more digits, be seen by nobody, and so be won by everybody."""
        for place.number in (9_999_999_997, 9_999_999_998, 9_999_999_999):
            place.write(encode(Record(1, 50)))
        refuses(place.address, "no version can follow it")
        self.mend(place)
        place.number -= 1
        assert open_lock(place.address).current() is None
