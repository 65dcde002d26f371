"""Taking and pruning snapshots while the disk or the bucket fails, at every single step."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.repository import marker
from reconciler.recovery.repository.address import InBucket
from reconciler.recovery.repository.asking import Asking
from reconciler.recovery.repository.bucket import BucketRepository
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.checking.check import check
from reconciler.recovery.snapshots.prune import Task, prune
from reconciler.recovery.snapshots.retention import Rules
from support.faults.fault_proxy import PASS, FaultProxy, refused
from support.recovery.snapshots import NOW, ORIGIN, platform, scanned, taken
from support.values.building import storage

#: What the system is asked for whenever something is written or removed.
CALLS = ("open", "fsync", "link", "mkdir", "replace", "rename", "unlink")


class Failing:
    """Lets the n-th of these calls fail, and counts them."""

    def __init__(self, at: int | None, number: int) -> None:
        self.calls = 0
        self._at = at
        self._number = number

    def wrap(self, original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if original.__name__ != "open" or _writes(arguments):
                self.calls += 1
                if self.calls == self._at:
                    raise OSError(self._number, os.strerror(self._number))
            return original(*arguments, **options)

        return call


def _writes(arguments: tuple[object, ...]) -> bool:
    return len(arguments) > 1 and isinstance(arguments[1], int) and bool(arguments[1] & os.O_CREAT)


@contextmanager
def failing(at: int | None, number: int = errno.ENOSPC) -> Iterator[Failing]:
    with pytest.MonkeyPatch.context() as patch:
        failing = Failing(at, number)
        for name in CALLS:
            patch.setattr(os, name, failing.wrap(getattr(os, name)))
        yield failing


def live():
    made = platform("nas", "archive")
    made.files["id-nas"] = {f"u{i}": (f"u{i}", "1", "2") for i in range(50)}
    return made


def told(kept):
    return [(each.name, each.inventory.sha256) for each in kept.snapshot.storages]


# Both are met alike; each commit meets one of them.
@pytest.mark.sampled(1)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_step_leaves_what_was_and_the_next_run_finishes(
    repository, number
):
    first = taken(live(), repository)
    with failing(None) as counting:
        taken(live(), repository, at=NOW + 1)
    assert counting.calls > 20
    made = 2
    for at in range(1, counting.calls + 1):
        changed = live()
        changed.files["id-nas"]["new"] = ("new", f"{at}", f"{number}")
        # Only what is cleared away at the end may fail without harm.
        with failing(at, number), contextlib.suppress(RepositoryError):
            taken(changed, repository, at=NOW + at + 1)
        ids = listing.ids(repository)
        # If it is there although an error was told, the very last sync failed: it is whole.
        assert len(ids) in (made, made + 1)
        made = len(ids)
        assert check(repository).problems == ()
        again = taken(changed, repository, at=NOW + at + 1.5)
        made += 1
        assert again.snapshot.complete
        assert told(again)[0] == told(first)[0]
        assert check(repository, expect=again.digest).problems == ()


def test_a_disk_that_fails_while_it_is_pruned_loses_nothing_that_is_needed(repository):
    for number in range(12):
        changed = live()
        changed.files["id-nas"]["new"] = ("new", f"{number}", "")
        last = taken(changed, repository, at=NOW + number)
    task = Task(Rules(last=1), ORIGIN, lambda: datetime.fromtimestamp(NOW + 9999, UTC), wait=0)
    for at in range(1, 400):
        with failing(at, errno.EIO) as counting, contextlib.suppress(RepositoryError):
            prune(repository, task)
        assert check(repository).problems == ()
        assert listing.find_kept(repository) == last
        if counting.calls < at:
            break
    else:
        pytest.fail("it never came to an end")
    assert len(listing.ids(repository)) == 1


@pytest.fixture
def bucket(s3, monkeypatch) -> Iterator[tuple[BucketRepository, FaultProxy]]:
    where = InBucket(s3.new_bucket(), "proofs/")
    with FaultProxy(s3.port) as proxy:
        for name, value in s3.environment(endpoint=proxy.url).items():
            monkeypatch.setenv(name, value)
        repository = BucketRepository(where, Asking(where, lambda _: None))
        marker.write(repository)
        yield repository, proxy


def test_a_bucket_that_fails_from_any_request_on_gives_no_snapshot_and_the_next_run_does(bucket):
    repository, proxy = bucket
    scanned(repository, storage("nas"))
    proxy.decide = lambda _: PASS
    before = len(proxy.log.requests)
    first = taken(live(), repository)
    requests = len(proxy.log.requests) - before
    assert requests > 10
    made = 1
    for at in range(0, requests, 2):
        left = iter(range(at))
        proxy.decide = lambda _, left=left: PASS if next(left, None) is not None else refused(503)
        changed = live()
        changed.files["id-nas"]["new"] = ("new", f"{at}", "")
        with pytest.raises(RepositoryError, match="the server answered 503"):
            taken(changed, repository, at=NOW + at)
        proxy.decide = lambda _: PASS
        assert len(listing.ids(repository)) == made
        assert check(repository).problems == ()
    again = taken(live(), repository, at=NOW + 1000)
    assert told(again) == told(first)
    assert check(repository, expect=again.digest).problems == ()


def test_a_snapshot_in_a_bucket_is_pruned_and_checked_as_in_a_folder(bucket):
    repository, _ = bucket
    taken(live(), repository)
    last = taken(live(), repository, at=NOW + 1)
    task = Task(Rules(last=1), ORIGIN, lambda: datetime.fromtimestamp(NOW + 9999, UTC), wait=0)
    assert [bool(fate.reasons) for fate in prune(repository, task).snapshots] == [False, True]
    assert listing.ids(repository) == [last.snapshot.id]
    assert check(repository).problems == ()
    assert not [name for name in repository.names("") if name.startswith(".")]


def test_a_snapshot_needs_no_right_to_delete(bucket):
    repository, proxy = bucket
    scanned(repository, storage("nas"))
    taken(live(), repository)
    taken(live(), repository, at=NOW + 1)
    assert check(repository).problems == ()
    assert {request.method for request, _ in proxy.log.requests} <= {"GET", "HEAD", "PUT", "POST"}


def test_a_snapshot_is_made_again_and_again_under_object_lock(object_lock):
    repository = open_repository(object_lock, make=True)
    scanned(repository, storage("nas"))
    first = taken(live(), repository)
    changed = live()
    changed.files["id-nas"]["new"] = ("new", "1", "2")
    taken(changed, repository, at=NOW + 1)
    again = taken(live(), open_repository(object_lock), at=NOW + 2)
    assert told(again) == told(first)
    assert again.snapshot.serial == 3
    assert check(repository).problems == ()


def test_a_flipped_byte_in_a_bucket_is_found(bucket):
    repository, _ = bucket
    kept = taken(live(), repository)
    name = f"parts/{kept.snapshot.storages[1].inventory.sha256[:2]}/"
    (part,) = [each for each in repository.names("parts/") if each.startswith(name)]
    data = bytearray(repository.read(part) or b"")
    data[len(data) // 2] ^= 1
    repository.write(part, bytes(data), replace=True)
    (problem,) = check(repository).problems
    assert (problem.storage, problem.what) == ("nas", "inventory")
    assert Path(part).name in problem.message
