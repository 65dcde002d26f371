"""Scans with reports of the cloud: whatever is reported, they know what others read."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import SnapshotError
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import ARCHIVED, ATTESTED, FILE, UNREADABLE
from reconciler.recovery.scanning import standing
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, INCOMPLETE, SHARD_DONE, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.values import DAMAGED, Root, Target
from reconciler.recovery.verifying import remembered
from reconciler.report.sentences.scans import estimated
from support.recovery.buckets import sha
from support.recovery.cloud_files import failed, report, succeeded
from support.recovery.memory import LONG_AGO, File, Storage
from support.recovery.scans import here, rows, table

TARGET = Target("id", "raw", "S3", "s3:raw", "s3://raw")
ROOT = Root("bucket", "s3://raw")
#: When reports are made; objects are written a day before or after.
AT = datetime.fromtimestamp(LONG_AGO // 10**9, UTC) + timedelta(days=1)
BEFORE, AFTER = LONG_AGO, LONG_AGO + 2 * 86_400 * 10**9

writings = st.tuples(st.sampled_from([b"one", b"two"]), st.booleans())
#: Of each key: what was there before the report, and whether it was reported; what came after it.
keys = st.tuples(
    st.lists(writings, min_size=1, max_size=3),
    st.lists(st.sampled_from([b"one", b"x"]), max_size=2),
)


def tag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def bucket(objects, *, versioned: bool):
    """Return a storage and the true lines of a report of it."""
    storage, lines = Storage(root=ROOT), []
    for name, (before, after) in objects.items():
        for number, (data, reported) in enumerate(before):
            version = f"v{number}" if versioned else None
            storage.put(
                name, data, mtime_ns=BEFORE + number, tag=tag(data).encode(), version=version
            )
            last = number == len(before) - 1
            if reported and (versioned or last):
                lines.append(succeeded("raw", name, data, tag(data), version or ""))
        for number, data in enumerate(after):
            version = f"w{number}" if versioned else None
            storage.put(
                name, data, mtime_ns=AFTER + number, tag=tag(data).encode(), version=version
            )
    return storage, lines


def scanned(storage, repository, sums=None, pace=None, **wish):
    by = {"open_source": storage.open, "sums": sums, "pace": pace}
    (ended,) = scan([TARGET], repository, Wish(**wish), here(), **by)
    return ended


def found(repository, ended):
    told = table(rows(repository, ended.scan))
    return {path: (row["kind"], row["size"], row["sha256"]) for path, row in told.items()}


def test_what_a_report_has_otherwise_and_a_limit_has_no_room_for_is_not_known(
    repository, tmp_path
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.now = int(AT.timestamp())
    scanned(storage, repository)
    job = report(tmp_path / "job", [succeeded("raw", "a", b"x", tag(b"one"))], here().now())
    sums = Sums([job], tmp_path, here().now())
    ended = scanned(storage, repository, sums, every=30 * 86_400, pace=Pace(most=1))
    assert (ended.status, ended.doubted, ended.unread) == (INCOMPLETE, 1, 1)
    assert found(repository, ended)[b"a"][0] == UNREADABLE
    ended = scanned(storage, repository, every=30 * 86_400)
    assert (ended.status, found(repository, ended)[b"a"][2]) == (COMPLETE, sha(b"one"))


def reported(folder, data, at, key="a", of=b"one"):
    """Return what a report of that time says of an object of the bytes `of`."""
    job = report(folder / f"{at:%d%H}", [succeeded("raw", key, data, tag(of))], at)
    return Sums([job], folder, at)


@pytest.mark.parametrize("every", [None, 30 * 86_400])
def test_where_reading_is_refused_the_report_s_word_stands(repository, tmp_path, every) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    scanned(storage, repository)
    storage.archived = {b"a", b"b"}
    day = datetime.fromtimestamp(storage.now, UTC) + timedelta(days=1)
    ended = scanned(storage, repository, reported(tmp_path, b"x", day), every=every)
    assert (ended.status, ended.doubted, ended.altered_first) == (COMPLETE, 1, [b"a"])
    (damage,) = store.read(repository, TARGET.place).episodes
    assert (damage.what, damage.was.sha256, damage.now.sha256) == (DAMAGED, sha(b"one"), sha(b"x"))
    word = table(rows(repository, ended.scan))[b"a"]
    assert (word["kind"], word["sha256"]) == (ARCHIVED, sha(b"x"))
    assert (ended.files_read, ended.bytes_read) == (0, 0)
    # Without the report it stays known, whether or not all is to be read.
    for more in ({}, {"full": True}):
        again = scanned(storage, repository, every=every, **more)
        assert table(rows(repository, again.scan))[b"a"] == word
    later = reported(tmp_path, b"one", day + timedelta(days=1))
    ended = scanned(storage, repository, later, every=every)
    assert ended.altered == 0
    assert found(repository, ended)[b"a"] == (ARCHIVED, 3, sha(b"one"))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("archived", [False, True])
def test_of_reports_that_say_otherwise_the_older_one_says_what_it_should_be(
    repository, tmp_path, known, archived
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.now = int(AT.timestamp())
    if known:
        scanned(storage, repository)
    if archived:
        storage.files[b"a"].kind = ARCHIVED
    else:
        storage.files[b"a"].data = b"rot"
    days = [AT + timedelta(days=number) for number in (1, 2)]
    jobs = [
        report(tmp_path / f"{at:%d}", [succeeded("raw", "a", data, tag(b"one"))], at)
        for at, data in zip(days, (b"one", b"rot"), strict=True)
    ]
    storage.now = int(days[1].timestamp()) + 86_400
    sums = Sums(jobs, tmp_path, days[1])
    ended = scanned(storage, repository, sums)
    assert (ended.status, ended.altered_first) == (COMPLETE, [b"a"])
    assert ended.doubted == (not archived)
    assert found(repository, ended)[b"a"][2] == sha(b"rot")
    (damage,) = store.read(repository, TARGET.place).episodes
    assert (damage.what, damage.was.sha256) == (DAMAGED, sha(b"one"))
    # It lasts, with the same reports and without.
    for told in (sums, None):
        again = scanned(storage, repository, told)
        remembered.keep(repository, again, here().now)
        assert again.altered_first == [b"a"]


class Killed(BaseException):
    """As by SIGKILL: nothing is told, and nothing kept, after it."""


def kill(_path):
    raise Killed


@pytest.fixture
def doubted(repository, tmp_path):
    """Give a storage of which a scan knows two files, and a report that has one of them wrong."""
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.now = int(AT.timestamp())
    scanned(storage, repository)
    return storage, reported(tmp_path, b"x", AT + timedelta(days=1))


def unfinished(repository):
    return list(repository.names(layout.UNFINISHED))


@pytest.mark.parametrize("again", [False, True], ids=["without the report", "with it"])
@pytest.mark.parametrize("end", ["limit", "kill", "interrupted", "due"])
def test_a_doubt_outlasts_the_scan_that_did_not_come_to_read_it(repository, doubted, end, again):
    storage, sums = doubted
    pace = Pace(most=None if end in ("kill", "interrupted") else 1)
    storage.on_read = kill if end == "kill" else lambda _path: pace.stop()
    every = 30 * 86_400 if end == "due" else None
    with suppress(Killed):
        first = scanned(storage, repository, sums, pace=pace, every=every)
        assert (first.status, first.doubted) == (INCOMPLETE if every else UNFINISHED, 1)
    storage.on_read = lambda _path: None
    storage.archived = {b"a"}
    ended = scanned(storage, repository, sums if again else None)
    assert (ended.status, ended.doubted, ended.altered_first) == (COMPLETE, 1, [b"a"])
    assert found(repository, ended)[b"a"] == (ARCHIVED, 3, sha(b"x"))
    assert [one.at for one in ended.scan.reports] == [int(AT.timestamp()) + 86_400]
    assert unfinished(repository) == []


def disputed(folder, at=AT + timedelta(days=1), more=()):
    """Return what two reports of one moment say otherwise of one object."""
    jobs = [
        report(folder / name, [succeeded("raw", "a", data, tag(b"one")), *more], at)
        for name, data in (("first", b"one"), ("second", b"x"))
    ]
    return Sums(jobs, folder, at)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("refused", [False, True], ids=["archived", "refused"])
def test_two_sums_of_one_moment_leave_not_known_what_nobody_may_read(
    repository, tmp_path, known, refused
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.now = int(AT.timestamp())
    if known:
        scanned(storage, repository)
    if refused:
        storage.archived = {b"a"}
    else:
        storage.files[b"a"].kind, storage.files[b"a"].detail = ARCHIVED, b"GLACIER"
    # Also in a scan that is given no report any more, until one says what is right.
    for told in (disputed(tmp_path), None, None):
        ended = scanned(storage, repository, told)
        assert (ended.status, ended.altered) == (INCOMPLETE, 0)
        (part,) = ended.scan.unproved
        assert (part.path, part.reason) == (b"a", "two sums in reports of one moment")
        assert table(rows(repository, ended.scan))[b"a"]["sha256"] is None
    ended = scanned(storage, repository, reported(tmp_path, b"one", AT + timedelta(days=2)))
    assert (ended.status, found(repository, ended)[b"a"][2]) == (COMPLETE, sha(b"one"))
    assert (scanned(storage, repository).status, unfinished(repository)) == (COMPLETE, [])


def test_a_report_of_the_moment_of_an_earlier_one_disputes_what_that_had(repository, tmp_path):
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.files[b"a"].kind, storage.files[b"a"].detail = ARCHIVED, b"GLACIER"
    first, other = (
        reported(tmp_path / name, data, AT) for name, data in (("1", b"one"), ("2", b"x"))
    )
    assert scanned(storage, repository, first).status == COMPLETE
    for told in (other, None, first, other):
        ended = scanned(storage, repository, told)
        assert (ended.status, ended.altered) == (INCOMPLETE, 0)
        assert [part.path for part in ended.scan.unproved] == [b"a"]
    assert store.read(repository, TARGET.place).episodes == ()
    ended = scanned(storage, repository, reported(tmp_path, b"one", AT + timedelta(days=2)))
    assert (ended.status, found(repository, ended)[b"a"][2]) == (COMPLETE, sha(b"one"))


@pytest.mark.parametrize("unseen", ["excluded", "deleted", "disputed"])
@pytest.mark.parametrize("read", [False, True])
def test_what_a_report_attested_in_an_archive_is_remembered_while_nobody_sees_it(
    repository, tmp_path, unseen, read
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    archived = storage.files[b"a"]
    archived.kind = ARCHIVED
    days = [AT + timedelta(days=number) for number in range(1, 4)]
    scanned(storage, repository, reported(tmp_path, b"one", days[0]))
    storage.now = int(days[2].timestamp()) + 86_400
    if unseen == "excluded":
        scanned(storage, repository, excluded=("/a",))
    elif unseen == "deleted":
        del storage.files[b"a"]
        gone = scanned(storage, repository)
        remembered.keep(repository, gone, here().now)
        assert gone.missing_first == [b"a"]
        storage.files[b"a"] = archived
    else:
        other = reported(tmp_path / "other", b"x", days[0])
        assert scanned(storage, repository, other).status == INCOMPLETE
    if read:
        archived.kind, archived.data = FILE, b"x"
    sums = None if read else reported(tmp_path, b"x", days[1])
    ended = scanned(storage, repository, sums)
    remembered.keep(repository, ended, here().now)
    assert ended.altered_first == [b"a"]
    damaged = [e for e in store.read(repository, TARGET.place).episodes if not e.resolved]
    assert [(e.was.sha256, e.now.sha256) for e in damaged] == [(sha(b"one"), sha(b"x"))]


@pytest.mark.parametrize("versioned", [False, True])
def test_an_archived_object_that_was_damaged_and_gone_is_damaged_when_it_is_back(
    repository, tmp_path, versioned
) -> None:
    storage, _ = bucket(
        {"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=versioned
    )
    archived = storage.files[b"a"]
    archived.kind = ARCHIVED
    version = archived.version or ""
    days = [AT + timedelta(days=1), AT + timedelta(days=2), here().now() + timedelta(days=1)]
    storage.now = int(days[2].timestamp()) + 86_400

    def night(data=None, day=0):
        job = [succeeded("raw", "a", data, tag(b"one"), version)] if data else None
        told = job and Sums([report(tmp_path / f"{day}", job, days[day])], tmp_path, days[day])
        ended = scanned(storage, repository, told)
        remembered.keep(repository, ended, here().now)
        return ended.altered_first, ended.missing_first + ended.deleted_first

    assert night(b"one") == ([], [])
    assert night(b"x", 1) == ([b"a"], [])
    del storage.files[b"a"]
    assert night() == ([], [b"a"])
    storage.files[b"a"] = archived
    for _ in range(2):
        assert night() == ([b"a"], [])
    assert night(b"one", 2) == ([], [])
    assert night() == ([], [])
    # What was good again last is good again, too.
    del storage.files[b"a"]
    assert night() == ([], [b"a"])
    storage.files[b"a"] = archived
    assert night() == ([], [])


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("data", [b"new", b"x"])
def test_an_archived_object_that_was_damaged_is_over_once_a_later_one_is_attested(
    repository, tmp_path, versioned, data
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], [])}, versioned=versioned)
    storage.files[b"a"].kind = ARCHIVED
    storage.put("b")
    days = [AT + timedelta(days=number) for number in (1, 2, 4)]
    storage.now = int(days[2].timestamp()) + 86_400

    def night(told=None, day=0, of=b"one"):
        version = storage.files[b"a"].version or ""
        job = [succeeded("raw", "a", told, tag(of), version)] if told else None
        sums = job and Sums([report(tmp_path / f"{day}", job, days[day])], tmp_path, days[day])
        ended = scanned(storage, repository, sums)
        remembered.keep(repository, ended, here().now)
        return ended.altered_first

    assert (night(b"one"), night(b"x", 1)) == ([], [b"a"])
    version = "w" if versioned else None
    # Somebody writes it anew, and nobody can read that before a report has it.
    more = {"kind": ARCHIVED, "mtime_ns": AFTER, "tag": tag(data).encode(), "version": version}
    storage.put("a", data, **more)
    assert night() == [b"a"]
    assert night(data, 2, data) == ([b"a"] if data == b"x" else [])
    assert night() == ([b"a"] if data == b"x" else [])


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize("key", ["a", "b"])
def test_what_a_report_says_of_an_object_that_is_not_listed_is_held_against_it(
    repository, tmp_path, read, key
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"one", True)], [])}, versioned=False)
    left_out = storage.files[key.encode()]
    left_out.kind = FILE if read else ARCHIVED
    days = [AT + timedelta(days=1), AT + timedelta(days=2)]
    storage.now = int(days[1].timestamp()) + 86_400
    scanned(storage, repository, reported(tmp_path, b"one", days[0], key))
    storage.unlisted, left_out.data = {key.encode()}, b"rot"
    ended = scanned(storage, repository, reported(tmp_path, b"rot", days[1], key))
    assert (ended.status, ended.doubted) == (INCOMPLETE, int(read))
    assert ended.altered_first == [key.encode()]
    assert not any("listing does not have" in note for note in ended.notes)


def test_a_waiting_doubt_and_another_sum_of_its_moment_leave_what_is_refused_unknown(
    repository, doubted, tmp_path
) -> None:
    storage, sums = doubted
    assert scanned(storage, repository, sums, pace=Pace(most=1)).status == UNFINISHED
    storage.archived = {b"a"}
    other = reported(tmp_path / "other", b"one", AT + timedelta(days=1))
    ended = scanned(storage, repository, other)
    assert (ended.status, ended.altered) == (INCOMPLETE, 0)
    assert found(repository, ended)[b"a"][0] == UNREADABLE


@pytest.mark.parametrize("attested", [False, True])
def test_an_archived_object_that_is_gone_is_missing_until_it_is_back(
    repository, tmp_path, attested
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    archived = storage.files[b"a"]
    archived.kind, archived.detail = ARCHIVED, b"GLACIER"
    storage.now = int(AT.timestamp()) + 2 * 86_400
    day = AT + timedelta(days=1)
    scanned(storage, repository, reported(tmp_path, b"one", day) if attested else None)
    del storage.files[b"a"]
    for _ in range(2):
        ended = scanned(storage, repository)
        remembered.keep(repository, ended, here().now)
        assert (ended.missing, ended.missing_first) == (1, [b"a"])
    storage.files[b"a"] = archived
    for _ in range(2):
        sums = reported(tmp_path, b"one", day + timedelta(days=1)) if attested else None
        ended = scanned(storage, repository, sums)
        remembered.keep(repository, ended, here().now)
        assert (ended.missing, ended.altered) == (0, 0)
    assert all(each.resolved for each in store.read(repository, TARGET.place).episodes)


@pytest.mark.parametrize("first", [b"one", b"x"])
def test_where_reading_is_refused_two_sums_of_one_moment_prove_nothing(
    repository, tmp_path, first
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.archived, storage.now = {b"a"}, int(AT.timestamp()) + 2 * 86_400
    day = AT + timedelta(days=1)
    scanned(storage, repository, reported(tmp_path, first, day))
    second = b"x" if first == b"one" else b"one"
    ended = scanned(storage, repository, reported(tmp_path / "other", second, day))
    assert (ended.status, ended.altered) == (INCOMPLETE, 0)
    assert found(repository, ended)[b"a"] == (UNREADABLE, 3, None)


@pytest.mark.parametrize("order", [(b"x", b"one"), (b"one", b"x")])
def test_two_sums_of_one_moment_are_no_word_on_what_a_file_should_be(
    repository, tmp_path, order
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    days = [AT + timedelta(days=1), AT + timedelta(days=1), AT + timedelta(days=2)]
    storage.now = int(days[2].timestamp()) + 86_400
    each = zip("xyz", (*order, b"one"), days, strict=True)
    jobs = [
        report(tmp_path / name, [succeeded("raw", "a", data, tag(b"one"))], at)
        for name, data, at in each
    ]
    ended = scanned(storage, repository, Sums(jobs, tmp_path, days[2]))
    assert (ended.status, ended.altered) == (COMPLETE, 0)
    assert found(repository, ended)[b"a"][2] == sha(b"one")


def test_two_sums_of_one_moment_are_settled_by_reading(repository, tmp_path) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.now = int(AT.timestamp())
    last = scanned(storage, repository).scan
    sums = disputed(tmp_path)
    ended = scanned(storage, repository, sums, pace=Pace(most=1))
    assert (ended.status, ended.doubted) == (UNFINISHED, 1)
    assert "other bytes of 1 file" in standing.told(repository, last)
    storage.files[b"a"].data = b"rot"
    ended = scanned(storage, repository)
    assert (ended.status, ended.doubted, ended.altered_first) == (COMPLETE, 1, [b"a"])
    assert unfinished(repository) == []


def test_without_a_record_neither_of_two_sums_makes_what_was_read_damaged(repository, tmp_path):
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    sums = disputed(tmp_path, AT)
    for _ in range(2):
        ended = scanned(storage, repository, sums)
        assert (ended.status, ended.altered, storage.read) == (COMPLETE, 0, [b"a", b"b"])


@pytest.mark.parametrize("line", [("403", "Access denied"), None], ids=["failed", "another sum"])
@pytest.mark.parametrize("refused", [False, True], ids=["archived", "refused"])
def test_why_a_report_has_no_sum_stands_with_the_archived_file(
    repository, tmp_path, line, refused
) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=False)
    storage.archived = {b"a", b"b"} if refused else set()
    for name in () if refused else (b"a", b"b"):
        storage.files[name].kind, storage.files[name].detail = ARCHIVED, b"GLACIER"
    told = (
        failed("raw", "a", *reversed(line))
        if line
        else succeeded("raw", "a", b"one", tag(b"one"), checksumAlgorithm="CRC32")
    )
    sums = Sums([report(tmp_path / "job", [told], AT)], tmp_path, AT)
    ended = scanned(storage, repository, sums)
    kept = table(rows(repository, ended.scan))
    why = b"Access denied (403)" if line else b"CRC32, which is no SHA-256"
    where = b"INTELLIGENT_TIERING" if refused else b"GLACIER"
    assert kept[b"a"]["detail"] == where + b"; no sum in a report: " + why
    assert kept[b"b"]["detail"] == where


def test_a_doubt_is_over_once_it_was_read_or_written_over(repository, doubted) -> None:
    storage, sums = doubted
    for told in (sums, None, sums):
        assert scanned(storage, repository, told, pace=Pace(most=1)).status == UNFINISHED
        assert len(unfinished(repository)) == 1  # it is kept once
    storage.read.clear()
    ended = scanned(storage, repository)
    assert (ended.status, ended.doubted, storage.read) == (COMPLETE, 1, [b"a"])
    assert found(repository, ended)[b"a"][2] == sha(b"one")
    assert (scanned(storage, repository).doubted, unfinished(repository)) == (0, [])
    assert scanned(storage, repository, sums, pace=Pace(most=1)).status == UNFINISHED
    storage.put("a", b"new", tag=b"new", mtime_ns=BEFORE + 5)
    ended = scanned(storage, repository)
    assert (ended.doubted, found(repository, ended)[b"a"][2]) == (0, sha(b"new"))
    assert unfinished(repository) == []


def test_a_doubt_stands_until_it_was_read(repository, doubted) -> None:
    storage, sums = doubted
    last = record.latest(repository, TARGET.place)
    assert standing.told(repository, last) == ""
    assert scanned(storage, repository, sums, pace=Pace(most=1)).status == UNFINISHED
    assert "other bytes of 1 file than were recorded" in standing.told(repository, last)
    storage.now += 2 * 86_400
    assert standing.told(repository, scanned(storage, repository).scan) == ""


def test_a_doubt_outlasts_a_scan_that_leaves_the_file_out(repository, doubted) -> None:
    storage, sums = doubted
    scanned(storage, repository, sums, pace=Pace(most=1))
    assert scanned(storage, repository, excluded=("/a",)).status == COMPLETE
    storage.archived = {b"a"}
    ended = scanned(storage, repository)
    assert (ended.altered_first, found(repository, ended)[b"a"][2]) == ([b"a"], sha(b"x"))


def test_shards_keep_the_doubts_of_each_other(repository, doubted) -> None:
    storage, sums = doubted
    storage.archived = {b"a"}
    (mine,) = [k for k in (1, 2) if Shard(k, 2).has(b"a")]
    other = scanned(storage, repository, sums, shard=Shard(3 - mine, 2))
    assert (other.status, other.altered) == (SHARD_DONE, 0)
    ended = scanned(storage, repository, shard=Shard(mine, 2))
    assert ended.status == COMPLETE
    assert found(repository, ended)[b"a"] == (ARCHIVED, 3, sha(b"x"))


@pytest.mark.parametrize("wish", [{"accept_loss": (TARGET.name,)}, {"full": True}], ids=repr)
def test_doubts_that_can_not_be_read_are_missed_until_somebody_decides(repository, doubted, wish):
    storage, sums = doubted
    scanned(storage, repository, sums, pace=Pace(most=1))
    (name,) = unfinished(repository)
    path = repository._path(name)
    path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        ended = scanned(storage, repository)
        assert (ended.status, ended.forgotten) == (COMPLETE, True)
        (note,) = (note for note in ended.notes if "doubt, and nobody has read yet" in note)
        assert f"({name} is corrupt" in note
        with pytest.raises(SnapshotError, match="corrupt"):
            standing.told(repository, ended.scan)
    assert scanned(storage, repository, full=True, excluded=("/a",)).forgotten
    assert len(unfinished(repository)) > 0
    scanned(storage, repository, **wish)
    assert (scanned(storage, repository).forgotten, unfinished(repository)) == (False, [])


def test_what_is_due_and_can_not_be_read_stays_attested(repository, tmp_path) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], [])}, versioned=False)
    scanned(storage, repository, reported(tmp_path, b"one", AT))
    storage.archived = {b"a"}
    ended = scanned(storage, repository, every=30 * 86_400)
    assert storage.read == [b"a"]
    row = table(rows(repository, ended.scan))[b"a"]
    assert (row["kind"], row["sha256"], row["proof"]) == (ARCHIVED, sha(b"one"), ATTESTED)
    assert row["proved_at"] == int(AT.timestamp())


def test_a_later_reading_counts_more_than_what_was_attested_before(repository, tmp_path) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], [])}, versioned=False)
    scanned(storage, repository, reported(tmp_path, b"one", AT))
    scanned(storage, repository, full=True)
    storage.archived = {b"a"}
    ended = scanned(storage, repository, full=True)
    assert found(repository, ended)[b"a"] == (ARCHIVED, 3, None)


def test_what_was_written_since_it_was_listed_has_no_report_s_word(repository, tmp_path) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], [])}, versioned=False)
    scanned(storage, repository)
    storage.archived = {b"a"}
    day = datetime.fromtimestamp(storage.now, UTC) + timedelta(days=1)
    storage.on_read = lambda path: storage.put(path, b"new", tag=b"new")
    ended = scanned(storage, repository, reported(tmp_path, b"x", day))
    assert (ended.doubted, ended.altered) == (1, 0)
    assert found(repository, ended)[b"a"] == (ARCHIVED, 3, None)


@settings(max_examples=12)
@given(st.dictionaries(st.sampled_from("abcdef"), keys, max_size=6), st.booleans())
def test_with_a_true_report_a_scan_knows_what_one_that_reads_all_knows(objects, versioned) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        storage, lines = bucket(objects, versioned=versioned)
        if not lines:
            return
        sums = Sums([report(path / "job", lines, AT)], path, AT)
        one = open_repository(str(path / "one"), make=True)
        first = found(one, scanned(storage, one, sums))
        attested = len(storage.files) - len(storage.read)
        again = scanned(storage, one, sums)
        assert found(one, again) == first
        proofs = again.scan.counts.proofs
        assert proofs.get(ATTESTED, 0) == attested
        assert found(one, scanned(storage, one, full=True)) == first
        other = open_repository(str(path / "other"), make=True)
        assert found(other, scanned(storage, other)) == first


def test_shards_with_a_report_make_the_scan_that_one_makes(tmp_path: Path) -> None:
    storage, lines = bucket(
        {str(i): ([(b"one", i % 2 == 0)], []) for i in range(12)}, versioned=True
    )
    storage.files[b"cold"] = File(b"cold", kind=ARCHIVED, tag=b"t", version="v")
    lines.append(succeeded("raw", "cold", b"cold", "t", "v"))
    sums = Sums([report(tmp_path / "job", lines, AT)], tmp_path, AT)
    shards, whole = (open_repository(str(tmp_path / name), make=True) for name in ("a", "b"))
    ended = [scanned(storage, shards, sums, shard=Shard(k, 3)) for k in (1, 2, 3)]
    assert [one.status for one in ended] == [SHARD_DONE, SHARD_DONE, COMPLETE]
    one = scanned(storage, whole, sums)
    assert ended[-1].scan.contents == one.scan.contents
    assert one.scan.counts.proofs == {ATTESTED: 7, "read": 6}
    assert one.scan.reports == ended[-1].scan.reports
    assert [each.at for each in one.scan.reports] == [int(AT.timestamp())]


def test_what_is_attested_is_not_counted_as_to_be_read(tmp_path: Path) -> None:
    storage, lines = bucket({str(i): ([(b"one", i < 4)], []) for i in range(10)}, versioned=True)
    sums = Sums([report(tmp_path / "job", lines, AT)], tmp_path, AT)
    repository = open_repository(str(tmp_path / "repository"), make=True)
    told = []
    by = here(estimated=lambda _, much: told.append(much))
    list(scan([TARGET], repository, Wish(), by, open_source=storage.open, sums=sums))
    assert [(much.files, much.bytes, much.attested, much.requests) for much in told] == [
        (10, 30, 4, 1 + 6)
    ]
    assert "10 files, 30 B, as was just counted, 4 of them attested by reports of the cloud" in (
        estimated("raw", told[0])
    )
    assert "to read the rest of it takes" in estimated("raw", told[0])


def test_a_scan_names_the_reports_behind_its_hashes_and_no_others(tmp_path: Path) -> None:
    storage, _ = bucket({"a": ([(b"one", True)], []), "b": ([(b"two", True)], [])}, versioned=True)
    of_a = succeeded("raw", "a", b"one", tag(b"one"), "v0")
    of_b = succeeded("raw", "b", b"two", tag(b"two"), "v0")
    repository = open_repository(str(tmp_path / "repository"), make=True)
    days = [AT + timedelta(days=number) for number in range(4)]
    lines = [[of_a, of_b], [of_a], [of_a], [of_a]]
    dates = []
    for day, told in zip(days, lines, strict=True):
        folder = tmp_path / day.strftime("%d")
        sums = Sums([report(folder / "job", told, day)], folder, day)
        dates.append([r.at for r in scanned(storage, repository, sums).scan.reports])
    seconds = [int(day.timestamp()) for day in days]
    assert dates == [seconds[:1], seconds[:2], [seconds[0], seconds[2]], [seconds[0], seconds[3]]]
    assert [r.at for r in scanned(storage, repository).scan.reports] == dates[-1]
    assert scanned(storage, repository, full=True).scan.reports == ()
