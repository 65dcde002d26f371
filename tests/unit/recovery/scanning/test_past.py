"""The record of the last scan is lost: told until somebody acts; no older one takes its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_BEGUN, Wish
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import here, scan_once

PLACE = TARGET.place


def storage() -> Storage:
    made = Storage()
    made.put("a", b"a")
    return made


@pytest.mark.parametrize("how", ["removed", "empty", "cut", "flipped", "of another"])
def test_a_record_that_is_lost_stops_the_storage_until_a_person_decides(repository, how) -> None:
    scan_once(storage(), repository)
    last = scan_once(storage(), repository).scan
    path = repository._path(f"{layout.scans(PLACE)}{last.id}.json")
    data = path.read_bytes()
    path.unlink()
    if how != "removed":
        other = data.replace(PLACE.encode(), PLACE.encode() + b"2")
        damaged = {"empty": b"", "cut": data[:-1], "flipped": data[:-9] + b"0" + data[-8:]}
        path.write_bytes({**damaged, "of another": other}[how])
    for _ in range(2):
        ended = scan_once(storage(), repository)
        assert (ended.status, ended.scan) == (NOT_BEGUN, None)
        assert last.id in ended.reason
        assert "--accept-loss NAME" in ended.reason
    with pytest.raises(SnapshotError, match=last.id):
        record.latest(repository, PLACE, complete=False)
    accepting = Wish(accept_loss=(TARGET.name,))
    assert scan_once(storage(), repository, wish=accepting).status == COMPLETE
    assert scan_once(storage(), repository).status == COMPLETE


@pytest.mark.parametrize("is_older_there", [False, True])
def test_what_only_a_snapshot_tells_of_stops_the_storage_too(repository, is_older_there) -> None:
    if is_older_there:
        scan_once(storage(), repository)
    lost = scan_once(storage(), repository).scan.id
    repository.remove(f"{layout.scans(PLACE)}{lost}.json")
    repository.remove(layout.finished(PLACE, lost))
    contents = {"name": TARGET.name, "place": PLACE, "contents": {"scan": lost}}
    named = {"lacking": [], "storages": [contents]}
    repository.write(layout.snapshot(lost), json.dumps(named).encode())
    for _ in range(2):
        ended = scan_once(storage(), repository)
        assert (ended.status, lost in ended.reason) == (NOT_BEGUN, True)
        assert "--accept-loss NAME" in ended.reason
    accepting = Wish(accept_loss=(TARGET.name,))
    assert scan_once(storage(), repository, wish=accepting).status == COMPLETE
    assert scan_once(storage(), repository).status == COMPLETE


def test_a_record_that_is_back_is_the_last_one_again(repository) -> None:
    last = scan_once(storage(), repository).scan
    path = repository._path(f"{layout.scans(PLACE)}{last.id}.json")
    data = path.read_bytes()
    path.unlink()
    assert scan_once(storage(), repository).status == NOT_BEGUN
    path.write_bytes(data)
    assert record.latest(repository, PLACE) == last


def test_a_scan_that_ends_while_it_is_looked_for_is_not_missed(repository, monkeypatch) -> None:
    whole = repository.names

    def names(prefix):
        found = list(whole(prefix))
        if prefix.startswith("finished/"):
            monkeypatch.undo()
            scan_once(storage(), repository)
        return iter(found)

    monkeypatch.setattr(repository, "names", names, raising=False)
    assert record.latest(repository, PLACE) is not None


def test_a_scan_whose_clock_was_ahead_is_removed_by_hand_and_then_gone_on_without(
    repository,
) -> None:
    scan_once(storage(), repository)
    ahead = scan_once(storage(), repository, by=here(datetime(2035, 1, 1, tzinfo=UTC))).scan
    ended = scan_once(storage(), repository)
    assert (ended.status, ended.scan) == (NOT_BEGUN, None)
    assert f"{ahead.id}, which began at 2035-01-01" in ended.reason
    repository.remove(f"{layout.scans(PLACE)}{ahead.id}.json")
    assert scan_once(storage(), repository).status == NOT_BEGUN
    accepting = Wish(accept_loss=(TARGET.name,))
    assert scan_once(storage(), repository, wish=accepting).status == COMPLETE
    assert scan_once(storage(), repository).status == COMPLETE
