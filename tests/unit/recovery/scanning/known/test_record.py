"""Records of scans: the last one, all of them, none that is another's."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.values import Scan, Unproved
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import scan_once
from support.recovery.sealing import resealed

PLACE = TARGET.place


@pytest.fixture
def scan(repository) -> Scan:
    found = scan_once(Storage(), repository).scan
    assert found is not None
    return found


def refuse(_self, _name, **_more):
    raise RepositoryError("denied")


def test_the_last_one_that_was_complete(repository, scan) -> None:
    later = replace(scan, id="29990101-000000-000-000000", complete=False)
    record.write(repository, later, after=scan.id)
    assert record.latest(repository, PLACE) == scan
    assert record.latest(repository, PLACE, complete=False) == later
    assert record.whole(repository, PLACE) == [scan, later]
    assert record.latest(repository, "elsewhere") is None


def test_any_path_stands_in_a_record(repository, scan) -> None:
    strange = replace(scan, id="3", unproved=(Unproved(b"\xff\x00\n/", "EIO", "…"),))
    record.write(repository, strange, after=scan.id)
    assert record.latest(repository, PLACE, complete=False) == strange


def test_none_is_kept_of_a_scan_during_which_another_one_ended(repository, scan) -> None:
    later = replace(scan, id="30000101-000000-000-000000")
    assert not record.write(repository, later, after="")
    assert not record.write(repository, scan, after="")
    assert record.whole(repository, PLACE) == [scan]


def test_nor_where_nothing_can_be_removed(repository, scan, monkeypatch) -> None:
    monkeypatch.setattr(type(repository), "remove", refuse)
    later = replace(scan, id="30000101-000000-000-000000")
    assert not record.write(repository, later, after="")
    assert record.whole(repository, PLACE) == [scan]


@pytest.mark.parametrize("may_remove", [True, False])
def test_of_two_that_end_at_one_moment_none_counts_that_sees_the_other(
    repository, scan, monkeypatch, may_remove
) -> None:
    later, other = (replace(scan, id=f"3000010{n}-000000-000-000000") for n in (1, 2))
    write = type(repository).write

    def both(self, name, data, **more):
        monkeypatch.setattr(type(repository), "write", write)
        assert record.write(repository, other, after=scan.id)
        return write(self, name, data, **more)

    monkeypatch.setattr(type(repository), "write", both)
    if not may_remove:
        monkeypatch.setattr(type(repository), "remove", refuse)
    assert not record.write(repository, later, after=scan.id)
    left = [] if may_remove else [later]
    assert record.whole(repository, PLACE) == [scan, *left, other]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format_version": 2}, "use a newer release"),
        ({"place": "elsewhere"}, "the record of another scan"),
        ({"id": "other"}, "the record of another scan"),
        ({"counts": "none"}, "can't be understood"),
    ],
)
def test_what_is_no_record_of_ours_is_refused(repository, scan, change, why) -> None:
    document = {**msgspec.to_builtins(scan), **change}
    name = f"{layout.scans(PLACE)}{scan.id}.json"
    repository.write(name, resealed(document), replace=True)
    with pytest.raises(SnapshotError, match=why) as caught:
        record.latest(repository, PLACE)
    assert scan.id in str(caught.value)


def test_other_files_are_passed_over(repository, scan) -> None:
    repository.write(f"{layout.scans(PLACE)}zzz.txt", b"?")
    assert record.latest(repository, PLACE) == scan


def test_one_that_is_listed_and_can_not_be_had_is_lost(repository, scan, monkeypatch) -> None:
    monkeypatch.setattr(repository, "read", lambda _: None, raising=False)
    lost: list[str] = []
    for call in (
        lambda: record.latest(repository, PLACE),
        lambda: record.of(repository, PLACE, scan.id),
    ):
        with pytest.raises(SnapshotError, match="it is listed, and there is nothing when it is"):
            call()
    assert record.whole(repository, PLACE, lost) == []
    assert len(lost) == 1
    assert record.of(repository, PLACE, "20991129-200000-000-0123ab") is None
