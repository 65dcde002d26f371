"""What a report said of an object lasts until it is answered, in whichever order it was told."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.findings import store
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE
from reconciler.recovery.scanning.outcome import COMPLETE, INCOMPLETE, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import DAMAGED, Root, Target
from reconciler.recovery.verifying import remembered
from reconciler.recovery.verifying.explaining.explain import explain
from support.recovery.buckets import sha
from support.recovery.cloud_files import report, succeeded
from support.recovery.memory import LONG_AGO, Storage
from support.recovery.scans import here, rows, table

TARGET = Target("id", "raw", "S3", "s3:raw", "s3://raw")
AT = datetime.fromtimestamp(LONG_AGO // 10**9, UTC) + timedelta(days=1)
LATER = AT + timedelta(days=1)
TAG = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
_jobs = count()


@pytest.fixture
def storage():
    made = Storage(root=Root("bucket", "s3://raw"), now=int(AT.timestamp()))
    for name, data in (("a", b"one"), ("b", b"two")):
        tag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        made.put(name, data, tag=tag.encode(), version="v1")
    return made


@pytest.fixture
def said(tmp_path):
    """Return what reports say of `a`, each some bytes at some time."""

    def sums(*told):
        folder = tmp_path / str(next(_jobs))
        folder.mkdir()
        jobs = [
            report(folder / str(i), [succeeded("raw", "a", data, TAG, "v1")], at)
            for i, (data, at) in enumerate(told)
        ]
        return Sums(jobs, folder, max(at for _, at in told))

    return sums


@pytest.fixture
def scanned(storage, repository):
    def once(sums=None, pace=None, **wish):
        by = {"open_source": storage.open, "sums": sums, "pace": pace}
        (ended,) = scan([TARGET], repository, Wish(**wish), here(), **by)
        remembered.keep(repository, ended, here().now)
        return ended

    return once


def archive(storage, kind=ARCHIVED, detail=b"GLACIER"):
    storage.files[b"a"].kind, storage.files[b"a"].detail = kind, detail


def exclude(storage, scanned):
    assert scanned(excluded=("/a",)).status == COMPLETE


def delete(storage, scanned):
    archive(storage, DELETED, None)
    assert scanned().status == COMPLETE
    archive(storage)


@pytest.mark.parametrize("between", [exclude, delete])
@pytest.mark.parametrize("then", ["reported", "restored"])
def test_what_is_attested_of_an_archived_object_outlasts_a_scan_that_does_not_see_it(
    storage, said, scanned, repository, between, then
) -> None:
    archive(storage)
    assert scanned(said((b"one", AT))).status == COMPLETE
    between(storage, scanned)
    if then == "restored":
        archive(storage, FILE, None)
        storage.files[b"a"].data = b"rot"
    for sums in (said((b"rot", LATER)) if then == "reported" else None, None):
        ended = scanned(sums)
        assert (ended.status, ended.altered_first) == (COMPLETE, [b"a"])
    damage = store.read(repository, TARGET.place).episodes[-1]
    assert (damage.what, damage.was.sha256, damage.now.sha256) == (
        DAMAGED,
        sha(b"one"),
        sha(b"rot"),
    )


def test_it_outlasts_a_moment_with_two_sums(storage, said, scanned, repository) -> None:
    archive(storage)
    scanned(said((b"one", AT)))
    ended = scanned(said((b"rot", AT)))
    assert (ended.status, ended.altered) == (INCOMPLETE, 0)
    told = explain(repository, "raw", TARGET.place, b"a", 0)
    assert (told.is_wrong, told.is_known) == (False, False)
    ended = scanned(said((b"rot", LATER)))
    assert (ended.status, ended.altered_first) == (COMPLETE, [b"a"])


def test_it_is_known_again_where_the_findings_are_lost(storage, said, scanned, repository) -> None:
    storage.archived = {b"a"}
    scanned(said((b"one", AT)))
    assert scanned(said((b"rot", LATER))).altered == 1
    for name in list(repository.names("findings/")):
        repository.remove(name)
    for more in ({"accept_loss": ("raw",)}, {}):
        assert scanned(**more).altered_first == [b"a"]


def test_two_sums_of_one_moment_are_disputed_though_a_scan_between_did_not_see_it(
    storage, said, scanned
) -> None:
    archive(storage)
    scanned(said((b"one", AT)))
    exclude(storage, scanned)
    ended = scanned(said((b"rot", AT)))
    assert (ended.status, ended.altered) == (INCOMPLETE, 0)


@pytest.mark.parametrize("told", [(b"x", b"one"), (b"one", b"x")])
def test_a_doubt_that_waits_and_a_sum_of_its_moment_are_disputed(storage, said, scanned, told):
    scanned()
    for data in told:
        scanned(said((data, LATER)), Pace(most=1))
        storage.archived = {b"a"}
    for sums in (None, said((told[0], LATER)), None):
        ended = scanned(sums)
        assert (ended.status, ended.altered) == (INCOMPLETE, 0)
        assert [part.path for part in ended.scan.unproved] == [b"a"]


def test_where_reading_is_refused_the_second_of_two_sums_is_no_damage(
    storage, said, scanned, repository
) -> None:
    storage.archived = {b"a"}
    assert scanned(said((b"one", AT))).status == COMPLETE
    for data in (b"x", b"one", b"x"):
        ended = scanned(said((data, AT)))
        assert (ended.status, ended.altered) == (INCOMPLETE, 0)
        assert table(rows(repository, ended.scan))[b"a"]["sha256"] is None
    assert store.read(repository, TARGET.place).episodes == ()


@pytest.mark.parametrize("order", [(b"x", b"one"), (b"one", b"x")])
def test_a_moment_with_two_sums_says_nothing_of_what_it_should_be(scanned, said, order) -> None:
    ended = scanned(said(*((data, AT) for data in order), (b"one", LATER)))
    assert (ended.status, ended.altered, ended.doubted) == (COMPLETE, 0, 1)


@pytest.mark.parametrize("archived", [False, True])
def test_a_later_word_after_two_sums_of_one_moment_is_what_it_should_be(
    storage, scanned, said, archived
) -> None:
    if archived:
        archive(storage)
    else:
        storage.files[b"a"].data = b"rot"
    days = [AT + timedelta(days=number) for number in (0, 0, 1, 2)]
    storage.now = int(days[-1].timestamp()) + 86_400
    ended = scanned(said(*zip((b"rot", b"one", b"one", b"rot"), days, strict=True)))
    assert (ended.status, ended.altered_first) == (COMPLETE, [b"a"])


def test_an_archived_object_that_is_attested_elsewhere_was_moved(
    storage, scanned, said, tmp_path
) -> None:
    archive(storage)
    assert scanned(said((b"one", AT))).status == COMPLETE
    storage.files[b"c"] = storage.files.pop(b"a")
    job = report(tmp_path / "moved", [succeeded("raw", "c", b"one", TAG, "v1")], LATER)
    ended = scanned(Sums([job], tmp_path, LATER))
    assert (ended.status, ended.missing) == (COMPLETE, 0)
