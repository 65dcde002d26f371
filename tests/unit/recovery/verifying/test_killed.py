"""What a killed scan has found is told by the next one, as if it had told it itself."""

from __future__ import annotations

import dataclasses
from hashlib import sha256

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from reconciler.environment.timestamps import utc_now
from reconciler.errors import RepositoryError
from reconciler.recovery import seal
from reconciler.recovery.findings import record as findings_record
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.rows import DELETED
from reconciler.recovery.scanning.known import record
from reconciler.recovery.values import DAMAGED, MISSING
from reconciler.recovery.verifying import remembered
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, ROTTEN, WRITTEN


@pytest.fixture(params=[True, False], ids=["told", "killed"])
def kept(request):
    """Whether a scan keeps what it has found, or is killed before."""
    return request.param


def known(nights):
    """Return what is known: of each finding what it is, and since and until when it lasted."""
    ids = {scan.ended_at: n for n, scan in enumerate(record.whole(nights.repository, TARGET.place))}
    episodes = store.read(nights.repository, TARGET.place).episodes
    return [(e.what, e.path, ids[e.first_seen], ids.get(e.resolved)) for e in episodes]


def test_since_when_something_is_gone_is_known_of_the_scan_that_found_it(nights, kept):
    del nights.storage.files[b"f/a"]
    nights.scan(kept=kept)
    assert nights.scan().missing_first == [b"f/a"]
    assert known(nights) == [(MISSING, b"f/a", 1, None)]


def test_what_came_and_went_between_is_known_to_be_over(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    del nights.storage.files[b"f/a"]
    for _ in range(7):
        nights.scan(kept=kept)
    nights.put(GOOD)
    nights.scan(kept=kept)
    del nights.storage.files[b"f/a"]
    nights.scan()
    assert sorted(known(nights)) == [(MISSING, b"f/a", 1, 9), (MISSING, b"f/a", 10, None)]


def test_what_rots_first_of_all_in_the_next_night_hides_nothing_of_it(nights, kept):
    nights.storage.put("y", b"y")
    nights.scan()
    del nights.storage.files[b"y"]
    nights.scan(kept=kept)
    nights.put(ROTTEN)
    nights.scan()
    assert sorted(known(nights)) == [(DAMAGED, b"f/a", 3, None), (MISSING, b"y", 2, None)]


def test_the_version_of_a_deleted_object_that_goes_as_well_is_missed(nights, kept):
    there = nights.storage.put("f/a", GOOD, mtime_ns=LONG_AGO, version="v1")
    nights.scan()
    nights.storage.files[b"f/a"] = dataclasses.replace(there, data=b"", kind=DELETED)
    assert nights.scan().deleted_first == [b"f/a"]
    assert nights.accept().findings
    del nights.storage.files[b"f/a"]
    nights.scan(kept=kept)
    nights.storage.put("f/a", WRITTEN, version="v3")
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/a"]


def test_what_somebody_found_again_since_is_not_found_wrong_by_a_scan_from_before(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.scan(kept=False)
    nights.put(GOOD)
    later = store.read(nights.repository, TARGET.place)
    moment = nights.scan(kept=False).scan.ended_at
    (found,) = later.episodes
    over = replace(found, resolved=moment)
    store.keep(nights.repository, TARGET.place, [over], later, utc_now())
    assert nights.scan(excluded=("f",)).unseen_first == []
    assert known(nights) == [(MISSING, b"f/a", 1, 3)]


def test_findings_name_the_last_scan_of_which_all_is_told(nights):
    assert store.read(nights.repository, TARGET.place).told_scans == ()
    del nights.storage.files[b"f/a"]
    told = nights.scan().scan
    nights.scan(kept=False)
    assert store.read(nights.repository, TARGET.place).told_scans == (told.id,)
    nights.accept()
    assert store.read(nights.repository, TARGET.place).told_scans == (told.id,)
    nights.put(WRITTEN)
    nights.scan()
    last = nights.scan().scan
    assert store.read(nights.repository, TARGET.place).told_scans == (last.id,)


def test_findings_of_earlier_versions_tell_of_all_scans_before_them(nights):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.accept()
    nights.put(GOOD)
    nights.scan()
    (name,) = nights.repository.names(layout.FINDINGS)
    written = findings_record.decode(nights.repository.read(name))
    nights.repository.remove(name)
    nights.repository.write(name, seal.sealed(replace(written, told_scans=UNSET)))
    before = known(nights)
    nights.scan()
    assert known(nights) == before


def test_what_rots_again_is_held_against_what_was_written_in_a_night_that_was_killed(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    nights.put(WRITTEN, mtime_ns=LONG_AGO + 1)
    nights.scan(kept=kept)
    nights.put(b"rotten!", mtime_ns=LONG_AGO + 1)
    nights.scan()
    assert known(nights) == [(DAMAGED, b"f/a", 1, 2), (DAMAGED, b"f/a", 3, None)]
    last = store.read(nights.repository, TARGET.place).episodes[-1]
    assert last.was.sha256 == sha256(WRITTEN).digest()


def test_what_a_scan_could_not_keep_it_tells_all_the_same_and_the_next_one_keeps_it(
    nights, monkeypatch
):
    def full(*_args, **_more):
        raise RepositoryError("no space left")

    del nights.storage.files[b"f/a"]
    with monkeypatch.context() as patched:
        patched.setattr(store, "keep", full)
        ended = nights.scan()
    assert (ended.missing_first, ended.forgotten) == ([b"f/a"], True)
    nights.scan()
    assert known(nights) == [(MISSING, b"f/a", 1, None)]


def test_what_a_killed_scan_found_whole_is_not_missed_though_what_it_remembered_is_lost(
    nights, kept
):
    del nights.storage.files[b"f/a"]
    nights.scan()
    nights.put(GOOD)
    nights.storage.files[b"z"] = dataclasses.replace(nights.storage.files[b"z"], kind=DELETED)
    last = nights.scan(kept=kept).scan
    nights.repository.remove(layout.part(last.remembered))
    assert nights.scan().missing_first == []
    assert (MISSING, b"f/a", 1, 2) in known(nights)


@pytest.mark.parametrize("part", ["contents", "remembered", "record"])
def test_what_a_killed_scan_found_that_is_lost_is_said_once_and_holds_up_nothing(
    nights, part, monkeypatch
):
    nights.storage.put("y", b"y")
    nights.scan()
    del nights.storage.files[b"y"]
    assert nights.scan().missing_first == [b"y"]
    del nights.storage.files[b"f/a"]
    killed = nights.scan(kept=False).scan
    del nights.storage.files[b"z"]
    with monkeypatch.context() as patched:  # the repository took nothing for a while
        patched.setattr(remembered, "catch_up", lambda *_: None)
        nights.scan(kept=False)
    if part == "record":
        name = f"{layout.scans(TARGET.place)}{killed.id}.json"
        nights.repository.remove(name)
        nights.repository.write(name, b"{}")
    else:
        nights.repository.remove(layout.part(getattr(killed, part)))
    ended = nights.scan()
    assert ended.missing_first == [b"f/a", b"y", b"z"]
    assert ended.forgotten
    after = nights.scan()
    assert (after.missing_first, after.forgotten) == ([b"f/a", b"y", b"z"], False)


def test_what_killed_scans_found_is_known_though_a_comparison_wrote_the_first_findings(
    nights, kept, monkeypatch
):
    monkeypatch.setattr(remembered, "catch_up", lambda *_: None)
    nights.storage.put("y", b"y")
    nights.scan()
    nights.storage.put("y", b"yy", mtime_ns=LONG_AGO + 1)
    nights.scan()
    assert nights.verify().found == {"changed": 1}
    nights.put(ROTTEN)
    nights.scan(kept=kept)
    if not kept:
        nights.scan(kept=False)
    nights.put(GOOD)
    nights.scan(kept=kept)
    nights.put(ROTTEN)
    nights.scan()
    of_a = [e for e in store.read(nights.repository, TARGET.place).episodes if e.path == b"f/a"]
    assert [bool(episode.resolved) for episode in of_a] == [True, False]
