"""What nobody may forget of reports and lists: doubts that are lost, or that no run came to."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.rows import ARCHIVED, FILE
from reconciler.recovery.scanning import standing
from reconciler.recovery.scanning.doubted import Marks
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_BEGUN, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import CloudReport, Root, Target
from support.recovery.cloud_files import report, succeeded
from support.recovery.memory import LONG_AGO, MemorySource, Storage, rows_with
from support.recovery.scans import here, rows, table

TARGET = Target("id", "raw", "S3", "s3:raw", "s3://raw")
AT = datetime.fromtimestamp(LONG_AGO // 10**9, UTC) + timedelta(days=1)


class Killed(BaseException):
    """As by SIGKILL: nothing is told, and nothing kept, after it."""


def kill(*_what, **_more):
    raise Killed


def scanned(storage, repository, sums=None, pace=None, lists=None, at=None, **wish):
    by = {"open_source": storage.open, "sums": sums, "pace": pace, "lists": lists}
    (ended,) = scan([TARGET], repository, Wish(**wish), here(), **by)
    return ended


@pytest.fixture
def storage(repository):
    """Give a storage that was scanned."""
    made = Storage(root=Root("bucket", "s3://raw"), batch=8_000)
    for name in ("a", "b", "c"):
        made.put(name, name.encode(), tag=b"t")
    made.now = int(AT.timestamp())
    scanned(made, repository)
    return made


@pytest.fixture
def sums(tmp_path):
    at = AT + timedelta(days=1)
    return Sums([report(tmp_path / "job", [succeeded("raw", "c", b"x", "t")], at)], tmp_path, at)


def marks(repository):
    return list(repository.names(layout.DOUBTED))


@pytest.mark.parametrize("end", ["kill", "interrupted"])
def test_a_report_by_which_no_run_has_looked_is_missed(repository, storage, sums, end) -> None:
    pace = Pace()
    storage.on_batch = kill if end == "kill" else lambda _number: pace.stop()
    with suppress(Killed):
        assert scanned(storage, repository, sums, pace=pace).status == UNFINISHED
    storage.on_batch = lambda _number: None
    for _ in range(2):
        ended = scanned(storage, repository)
        assert (ended.status, ended.forgotten) == (COMPLETE, True)
        (note,) = (note for note in ended.notes if "before all was kept" in note)
        assert note == standing.told(repository, ended.scan)
    ended = scanned(storage, repository, sums)
    assert (ended.status, ended.forgotten, ended.doubted) == (COMPLETE, False, 1)
    assert (standing.told(repository, ended.scan), marks(repository)) == ("", [])


@pytest.mark.parametrize("wish", [{"accept_loss": (TARGET.name,)}, {"full": True}], ids=repr)
@pytest.mark.parametrize("lost", ["doubts", "report"])
def test_what_is_lost_of_doubts_is_missed_until_somebody_decides(
    repository, storage, sums, wish, lost
) -> None:
    if lost == "report":
        storage.on_batch = kill
    with suppress(Killed):
        scanned(storage, repository, sums, pace=Pace(most=0))
    storage.on_batch = lambda _number: None
    for name in list(repository.names(layout.UNFINISHED)):
        repository.remove(name)
    for _ in range(2):
        ended = scanned(storage, repository)
        assert (ended.status, ended.forgotten) == (COMPLETE, True)
        with suppress(SnapshotError):
            assert standing.told(repository, ended.scan) != ""
    if lost == "doubts":
        with pytest.raises(SnapshotError, match=r"doubts-.* is lost"):
            standing.told(repository, ended.scan)
    scanned(storage, repository, **wish)
    ended = scanned(storage, repository)
    assert (ended.forgotten, marks(repository)) == (False, [])
    assert standing.told(repository, ended.scan) == ""


def attesting(tmp_path, key, data, days):
    at = AT + timedelta(days=days)
    return report(tmp_path / f"job-{days}", [succeeded("raw", key, data, "t")], at), at


@pytest.mark.parametrize("kind", [FILE, ARCHIVED])
@pytest.mark.parametrize("given", [(), ("later",), ("first",), ("first", "later")], ids=repr)
def test_what_a_report_attests_in_a_run_that_was_killed_is_not_forgotten(
    repository, storage, tmp_path, monkeypatch, kind, given
) -> None:
    storage.put("d", b"d", tag=b"t", kind=kind)
    reports = {
        "first": attesting(tmp_path, "d", b"good", 1),
        "later": attesting(tmp_path, "d", b"d", 2),
    }

    def of(names):
        found = [reports[name] for name in names]
        return (
            Sums([path for path, _ in found], tmp_path, max(at for _, at in found))
            if found
            else None
        )

    with monkeypatch.context() as patched:
        patched.setattr("reconciler.recovery.scanning.known.record.write", kill)
        with pytest.raises(Killed):
            scanned(storage, repository, of(["first"]))
    ended = scanned(storage, repository, of(given))
    assert ended.forgotten == ("first" not in given)
    assert (standing.told(repository, ended.scan) != "") == ended.forgotten
    if given == ("later",):  # nothing that is given in any order is lost
        ended = scanned(storage, repository, of(["first"]))
    damaged = store.read(repository, TARGET.place).episodes
    wanted = [(b"d", sha256(b"good").digest())] if "later" in given else []
    assert [(one.path, one.was.sha256) for one in damaged] == wanted


def test_where_nothing_may_be_removed_a_report_that_was_heeded_is_not_missed(
    repository, storage, sums, monkeypatch
) -> None:
    def refused(_name, **_more):
        raise RepositoryError("nothing may be removed")

    monkeypatch.setattr(repository, "remove", refused)
    for _ in range(2):
        ended = scanned(storage, repository, sums)
        assert (ended.status, ended.forgotten) == (COMPLETE, False)
    given = CloudReport(1, "a" * 64)
    Marks(repository, TARGET.place).begin([given])
    assert Marks(repository, TARGET.place).not_looked([given]) == ""
    assert "sha256:aaaaaaaaaaaa" in Marks(repository, TARGET.place).not_looked()


def listed_by(at: datetime) -> dict[str, Any]:
    told = SimpleNamespace(
        listed_at=at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), at=int(at.timestamp()), unsure=0
    )
    return {"raw": told}


@pytest.fixture
def gone(monkeypatch):
    """Give the paths of what is not there, whoever lists it: the server answers for all else."""
    absent = set[bytes]()

    def asked(self, known):
        there = [path for path in known.path if path in self.storage.files and path not in absent]
        return rows_with({path: self.storage.files[path] for path in there})

    monkeypatch.setattr(MemorySource, "unlisted", asked)
    return absent


@pytest.fixture
def ended(repository, storage, gone):
    """End a run that has seen that one file is gone, and has read another."""
    gone.add(b"b")
    was = storage.files.pop(b"b")
    storage.put("d", b"d", tag=b"t")
    storage.put("e", b"e", tag=b"t")
    storage.on_read = lambda path: kill(path) if path == b"e" else None
    with pytest.raises(Killed):
        scanned(storage, repository)
    storage.on_read = lambda _path: None
    storage.files[b"b"] = was  # of which a late list tells
    return storage


def test_what_an_ended_run_found_gone_no_late_list_brings_back_unasked(repository, ended) -> None:
    told = scanned(ended, repository, lists=listed_by(here().now() + timedelta(days=1)))
    assert told.status == COMPLETE
    assert sorted(table(rows(repository, told.scan))) == [b"a", b"c", b"d", b"e"]
    assert list(repository.names(layout.UNFINISHED)) == []


def test_a_list_from_before_an_ended_run_is_refused(repository, storage) -> None:
    storage.put("d", b"d" * 9, tag=b"t")
    storage.put("e", b"e" * 9, tag=b"t")
    before = listed_by(here().now() - timedelta(seconds=1))
    assert scanned(storage, repository, pace=Pace(most=10)).status == UNFINISHED
    told = scanned(storage, repository, lists=before)
    assert told.status == NOT_BEGUN
    assert "by an older list" in told.reason


@pytest.mark.usefixtures("gone")
def test_with_the_same_list_an_ended_run_is_gone_on_with(repository, storage) -> None:
    storage.put("d", b"d" * 9, tag=b"t", kind=ARCHIVED)
    storage.put("e", b"e" * 9, tag=b"t")
    storage.put("f", b"f" * 9, tag=b"t")
    by = listed_by(here().now() + timedelta(days=1))
    assert scanned(storage, repository, pace=Pace(most=10), lists=by).status == UNFINISHED
    assert scanned(storage, repository, lists=by).status == COMPLETE
