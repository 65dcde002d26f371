"""Pruning: what goes, what never does, and what others are about to name."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
import pytest

from reconciler.errors import LeaseLostError, PlatformBusyError, SnapshotError
from reconciler.lease.contract import SECONDS
from reconciler.lease.keeper import Keeper
from reconciler.lease.opening import open_lock
from reconciler.recovery.findings import store
from reconciler.recovery.repository import condemned, layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots import listing, marks, needed
from reconciler.recovery.snapshots.checking.check import check
from reconciler.recovery.snapshots.prune import Task, prune, show
from reconciler.recovery.snapshots.retention import Rules
from support.locks.lock_making import BOB
from support.recovery.sealing import resealed
from support.recovery.snapshots import NOW, ORIGIN, platform, scanned, taken
from support.values.building import storage

DAY = 24 * 3600.0
PLACE = "local:file:///data/nas"


def task(last=1, *, at=NOW + 10 * DAY, **more):
    return Task(Rules(last=last), ORIGIN, lambda: datetime.fromtimestamp(at, UTC), wait=0, **more)


def later(place, seconds=condemned.GRACE):
    """Let time pass: make all that lies there older."""
    for path in place.rglob("*"):
        if path.is_file():
            found = path.stat()
            moved = found.st_mtime_ns - int(seconds * 1e9)
            os.utime(path, ns=(moved, moved))
    path = place / "prune" / "condemned.json"
    if path.exists():
        told = msgspec.json.decode(path.read_bytes())
        for name, each in told["parts"].items():
            each["since"] -= seconds
            entry = (place / layout.part(name)).stat()
            each["stamp"] = f"{entry.st_mtime_ns}-{entry.st_ino}"
        path.write_bytes(resealed(told))


@pytest.fixture
def live():
    return platform("nas")


@pytest.fixture
def three(repository, live):
    """Three snapshots, each with an inventory of its own."""
    made = []
    for number in range(3):
        live.files["id-nas"][f"u{number}"] = (f"u{number}", "1", "2")
        made.append(taken(live, repository, at=NOW + number * DAY))
    return made


def inventory(kept):
    return kept.snapshot.storages[0].inventory.sha256


def parts(repository):
    return {name.rsplit("/", 1)[-1].removesuffix(".parquet") for name in repository.names("parts/")}


def test_it_is_shown_and_nothing_is_removed(repository, three):
    before = list(repository.entries(""))
    shown = show(repository, task())
    assert [bool(fate.reasons) for fate in shown.snapshots] == [False, False, True]
    assert (shown.done, shown.parts_waiting, shown.parts_removed) == (False, 2, 0)
    assert list(repository.entries("")) == before


def test_snapshots_go_at_once_and_parts_with_a_later_prune(repository, place, three):
    done = prune(repository, task())
    assert listing.ids(repository) == [three[2].snapshot.id]
    assert (done.done, done.parts_kept, done.parts_waiting, done.parts_removed) == (True, 1, 2, 0)
    assert done.bytes_waiting > 0
    assert len(parts(repository)) == 3
    assert prune(repository, task()).parts_removed == 0
    later(place)
    assert show(repository, task(at=NOW + 11 * DAY)).snapshots == done.snapshots[2:]
    again = prune(repository, task())
    assert (again.parts_removed, again.bytes_removed) == (2, done.bytes_waiting)
    assert (again.parts_waiting, again.again_after) == (0, "")
    assert parts(repository) == {inventory(three[2])}
    assert check(repository).problems == ()
    assert not [name for name in repository.names("snapshots/") if three[0].snapshot.id in name]


def test_parts_that_a_remaining_snapshot_names_stay_for_ever(repository, place, live):
    taken(live, repository)
    kept = taken(live, repository, at=NOW + DAY)
    for _ in range(3):
        prune(repository, task())
        later(place)
    assert parts(repository) == {inventory(kept)}
    assert check(repository).problems == ()


def test_the_last_verified_one_stays(repository, three):
    first = three[0]
    marks.keep(
        repository,
        first.snapshot.id,
        digest=first.digest,
        verified_at="2026-11-30T00:00:00Z",
        method="deep",
    )
    done = prune(repository, task())
    assert [fate.reasons for fate in done.snapshots] == [
        ("last verified",),
        (),
        ("last complete", "last"),
    ]


def test_a_mark_of_another_snapshot_under_the_same_id_counts_for_nothing(repository, three):
    id = three[0].snapshot.id
    marks.keep(repository, id, digest="sha256:" + "0" * 64, verified_at="x", method="deep")
    assert prune(repository, task()).snapshots[0].reasons == ()


def test_a_clock_behind_the_newest_prunes_nothing(repository, three):
    with pytest.raises(SnapshotError, match="set the clock"):
        prune(repository, task(at=NOW))
    with pytest.raises(SnapshotError, match="set the clock"):
        show(repository, task(at=NOW))
    assert len(listing.ids(repository)) == 3


def test_a_clock_behind_the_newest_scan_prunes_nothing(repository, live, three):
    scanned(repository, live.by_name["nas"], started_at="2027-01-01T00:00:00Z")
    with pytest.raises(SnapshotError, match="set the clock"):
        prune(repository, task())


@pytest.mark.parametrize("what", ["snapshot", "scan", "later scan", "later snapshot"])
def test_nothing_is_pruned_while_it_is_not_known_what_is_needed(
    repository, place, live, three, what
):
    scan = scanned(repository, live.by_name["nas"])
    if "snapshot" in what:
        path = place / layout.snapshot(three[0].snapshot.id)
    else:
        path = place / layout.scans(scan.place) / f"{scan.id}.json"
    data = path.read_bytes()
    changed = data.replace(b'"format_version":1', b'"format_version":9')
    path.write_bytes(changed if "later" in what else data[:-5])
    before = list(repository.names(""))
    with pytest.raises(SnapshotError, match="nothing is pruned while it is not known"):
        prune(repository, task())
    assert [name for name in repository.names("") if "prune/" not in name] == before


def test_scans_stay_that_are_the_last_or_of_a_snapshot_that_stays(repository, place, live):
    nas = live.by_name["nas"]
    ids = [f"2026112{day}-200000-000-0123ab" for day in range(4)]
    scans = []
    for day, id in enumerate(ids):
        scan = scanned(
            repository, nas, [b"%d" % day], id=id, started_at=f"2026-11-2{day}T20:00:00Z"
        )
        scans.append(scan)
        if day == 1:
            kept = taken(live, repository)
    done = prune(repository, task())
    assert (done.scans_kept, done.scans_removed) == (2, 2)
    left = [scan.id for scan in record.whole(repository, scans[0].place)]
    assert left == [ids[1], ids[3]]
    later(place)
    prune(repository, task())
    assert check(repository, kept.snapshot.id).problems == ()
    named = {scan.contents for scan in (scans[1], scans[3])} | {scans[1].stamps, scans[3].stamps}
    assert named | {inventory(kept)} == parts(repository)


def test_the_last_complete_scan_stays_also_if_a_later_one_is_not(repository, live):
    nas = live.by_name["nas"]
    taken(live, repository)
    for day, complete in enumerate([True, True, False, False]):
        scanned(
            repository,
            nas,
            [b"%d" % day],
            id=f"2026112{day}-200000-000-0123ab",
            started_at=f"2026-11-2{day}T20:00:00Z",
            complete=complete,
        )
    done = prune(repository, task())
    assert (done.scans_kept, done.scans_removed) == (2, 2)
    left = [scan.id[:8] for scan in record.whole(repository, PLACE)]
    assert left == ["20261121", "20261123"]


def test_scans_stay_of_which_nobody_was_told_what_they_had_found(repository, live):
    nas = live.by_name["nas"]
    taken(live, repository)
    ids = [f"2026112{day}-200000-000-0123ab" for day in range(6)]
    for day, id in enumerate(ids):
        scanned(
            repository,
            nas,
            [b"%d" % day],
            id=id,
            after=ids[day - 1] if day else "",
            started_at=f"2026-11-2{day}T20:00:00Z",
            findings=store.read(repository, PLACE).newest,
        )
        if day == 2:
            moment = datetime.fromtimestamp(NOW, UTC)
            store.keep(repository, PLACE, [], store.Known(), moment, told_scans=(id,))
    # So does one of a copy that was put together with this repository.
    (copy,) = copies = ["20261121-210000-000-0123ab"]
    scanned(repository, nas, [b"copy"], id=copy, after=ids[0], started_at="2026-11-21T21:00:00Z")
    (told,) = repository.names(layout.FINDINGS)
    kept = repository.read(told)
    repository.remove(told)  # nobody knows what it tells as long as it is lost
    prune(repository, task())
    left = [scan.id for scan in record.whole(repository, PLACE)]
    assert left == sorted([*ids, *copies])
    repository.write(told, kept)
    prune(repository, task())
    assert [scan.id for scan in record.whole(repository, PLACE)] == [*copies, *ids[3:]]
    known = store.read(repository, PLACE)
    store.keep(repository, PLACE, [], known, moment, told_scans=(ids[5], copy))
    prune(repository, task())
    assert [scan.id for scan in record.whole(repository, PLACE)] == ids[5:]


@pytest.mark.parametrize("run", [show, prune])
@pytest.mark.parametrize("gone", ["snapshots", "snapshots, scans"])
def test_without_a_snapshot_there_is_nothing_to_keep_by(repository, place, three, live, gone, run):
    scanned(repository, live.by_name["nas"], [b"file"])
    for folder in gone.split(", "):
        (place / folder).rename(place.parent / f"{folder}-not-mounted")
    before = sorted(repository.names(""))
    says = r"nothing to keep by .* make a snapshot first \(`reconciler snapshot create \S+`"
    with pytest.raises(SnapshotError, match=says):
        run(repository, task())
    assert sorted(set(repository.names("")) - {"prune/clock"}) == before


def test_snapshots_that_vanish_meanwhile_condemn_nothing(repository, place, three, monkeypatch):
    look = needed.look

    def half_mounted(repository):
        found = look(repository)
        return needed.Found(found.snapshots[:-1], {}, {}) if asked.append(1) or asked[1:] else found

    asked: list[int] = []
    monkeypatch.setattr(needed, "look", half_mounted)
    with pytest.raises(SnapshotError, match="is not listed any more"):
        prune(repository, task())
    assert condemned.read(repository).parts == {}
    assert len(parts(repository)) == 3


@pytest.mark.parametrize("file", ["snapshot.json", "verified.json"])
def test_what_is_listed_and_can_not_be_read_is_not_gone(repository, three, monkeypatch, file):
    last = three[-1]
    moment = "2026-11-30T00:00:00Z"
    marks.keep(repository, last.snapshot.id, digest=last.digest, verified_at=moment, method="deep")
    ghost, whole = layout.snapshot(last.snapshot.id, file), repository.read
    monkeypatch.setattr(repository, "read", lambda name: None if name == ghost else whole(name))
    with pytest.raises(SnapshotError, match="it is listed, and there is nothing when it is read"):
        prune(repository, task())
    assert len(listing.ids(repository)) == 3


def test_another_prune_is_waited_for_and_then_named(repository, three):
    lock = open_lock(repository.lock())
    lease = lock.acquire(BOB, SECONDS)
    with pytest.raises(PlatformBusyError, match=r"another prune of .* is under way by 'bob'"):
        prune(repository, task())
    assert len(listing.ids(repository)) == 3
    lock.release(lease)
    lock.close()
    assert prune(repository, task()).done


def test_whoever_loses_the_lease_removes_nothing_more(repository, three, monkeypatch):
    told = iter([None, "the lease was lost: bob has it"])
    monkeypatch.setattr(Keeper, "lost", lambda _: next(told))
    with pytest.raises(LeaseLostError, match="nothing more is removed; run it again"):
        prune(repository, task())
    monkeypatch.undo()
    # The first one is no snapshot any more; what is left of it goes with the next run.
    assert len(listing.ids(repository)) == 2
    assert check(repository).problems == ()


def test_what_killed_runs_have_left_goes_after_a_day(repository, place, three):
    repository.write(layout.snapshot("20261129-000000-000-0123abcd", "storages.yaml"), b"")
    assert prune(repository, task(at=NOW + 2 * DAY)).remains == 0
    later(place, DAY * 400)
    done = prune(repository, task(at=NOW + 2 * DAY))
    assert done.remains == 1
    assert len(listing.ids(repository)) == 1


def test_pieces_of_scans_go_that_a_finished_one_has_overtaken(repository, live):
    scan = scanned(repository, live.by_name["nas"])
    old = f"{layout.unfinished(scan.place, '20261101-000000-000-0123ab')}run/begun.json"
    new = f"{layout.unfinished(scan.place, '20261130-000000-000-0123ab')}run/begun.json"
    for name in (old, new):
        repository.write(name, b"")
    taken(live, repository)
    assert prune(repository, task()).remains == 1
    assert list(repository.names("unfinished/")) == [new]


# --- Races: prune and create at the same moment ---


def unneeded(repository, place, live):
    """Leave a part that nothing names, condemned long ago; return its snapshot."""
    gone = taken(live, repository)
    live.files["id-nas"]["more"] = ("more", "1", "2")
    taken(live, repository, at=NOW + DAY)
    prune(repository, task())
    later(place)
    del live.files["id-nas"]["more"]
    assert inventory(gone) in parts(repository)
    return gone


def test_a_condemned_part_that_is_named_again_stays(repository, place, live):
    gone = unneeded(repository, place, live)
    kept = taken(live, repository, at=NOW + 2 * DAY)
    assert inventory(kept) == inventory(gone)
    prune(repository, task(3))
    later(place)
    prune(repository, task(3))
    assert check(repository).problems == ()


@pytest.mark.parametrize("moment", ["look", "sweep", "remove"])
def test_a_snapshot_that_is_made_while_parts_are_deleted_is_whole(
    repository, place, live, monkeypatch, moment
):
    """Between each look of prune and its deletions, somebody names the condemned part."""
    gone = unneeded(repository, place, live)
    made = []

    def meanwhile(*_, **__):
        if not made:
            made.append(taken(live, repository, at=NOW + 2 * DAY))

    original = {
        "look": needed.parts_of,
        "sweep": condemned.write,
        "remove": type(repository).remove,
    }[moment]

    def wrapped(*arguments, **options):
        if moment != "remove" or options.get("stamp"):
            meanwhile()
        return original(*arguments, **options)

    if moment == "look":
        monkeypatch.setattr(needed, "parts_of", wrapped)
    elif moment == "sweep":
        monkeypatch.setattr(condemned, "write", wrapped)
    else:
        monkeypatch.setattr(type(repository), "remove", wrapped)
    prune(repository, task(3))
    monkeypatch.undo()
    assert inventory(made[0]) == inventory(gone)
    assert check(repository).problems == ()
    later(place)
    prune(repository, task(3))
    assert check(repository).problems == ()


def test_a_scan_that_prune_removes_while_a_snapshot_takes_it_is_never_named(
    repository, place, live, monkeypatch
):
    nas = live.by_name["nas"]
    before = taken(live, repository, at=NOW - DAY)
    scan = scanned(repository, nas, [b"old"])

    secure = condemned.secure

    def late(*arguments):
        scanned(
            repository,
            nas,
            [b"new"],
            id="20261129-230000-000-0123ab",
            started_at="2026-11-29T23:00:00Z",
        )
        prune(repository, task())
        later(place)
        prune(repository, task())
        return secure(*arguments)

    monkeypatch.setattr(condemned, "secure", late)
    with pytest.raises(SnapshotError, match="parts are lost"):
        taken(live, repository)
    monkeypatch.undo()
    assert listing.ids(repository) == [before.snapshot.id]
    kept = taken(live, repository, at=NOW + DAY)
    assert kept.snapshot.storages[0].contents.scan != scan.id
    assert check(repository).problems == ()


def test_a_scan_whose_parts_are_condemned_writes_them_anew(repository, place, live):
    nas = live.by_name["nas"]
    gone = scanned(repository, nas, [b"same"])
    record_of = place / layout.scans(gone.place) / f"{gone.id}.json"
    record_of.unlink()
    taken(live, repository)
    prune(repository, task())
    later(place)
    before = {entry.name: entry.stamp for entry in repository.entries("parts/")}
    record.write(repository, gone, after="")
    after = {entry.name: entry.stamp for entry in repository.entries("parts/")}
    changed = {name for name, stamp in after.items() if before[name] != stamp}
    assert changed == {layout.part(gone.contents), layout.part(gone.stamps)}
    prune(repository, task())
    assert {entry.name for entry in repository.entries("parts/")} == set(after)


def test_a_part_that_is_missing_is_never_named(repository, place, live):
    taken(live, repository)
    with pytest.raises(SnapshotError, match=r"parts are lost from .*: 'parts/00/0000"):
        condemned.secure(repository, ["0" * 64])


def test_storages_that_were_never_snapshots_stay_out_of_it(repository, live):
    live.put(storage("other"))
    taken(live, repository)
    assert show(repository, task()).parts_waiting == 0
