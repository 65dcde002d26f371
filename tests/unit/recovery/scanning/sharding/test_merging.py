"""One scan by several runs, each of a shard: what is kept is what one scan would have found."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.cli.recovery.progress import Meter
from reconciler.errors import RepositoryError, UnreachableError
from reconciler.recovery.findings import store
from reconciler.recovery.findings.episodes import open_ones
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import FILE, LINK
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import (
    COMPLETE,
    INCOMPLETE,
    NOT_REACHABLE,
    SHARD_DONE,
    UNFINISHED,
    Tally,
    Wish,
)
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.verifying import remembered
from support.recovery.memory import LONG_AGO, ROOT, TARGET, Storage
from support.recovery.scans import here, names, rows, scan_once, table, ticking

FILES = [b"%02d" % i for i in range(40)]
PLACE = TARGET.place


@pytest.fixture
def storage():
    made = Storage(batch=7)
    for path in FILES:
        made.put(path, b"good of " + path)
    made.put(b"link", kind=LINK, detail=b"elsewhere")
    return made


@pytest.fixture
def shards(storage, repository):
    """Give what scans one shard of how many."""

    def scan(number, of=4, **more):
        wish = Wish(shard=Shard(number, of), full=more.pop("full", False))
        return scan_once(more.pop("storage", storage), repository, wish=wish, **more)

    return scan


def kept(repository):
    """Give the digests of all that the last scan has kept."""
    last = record.latest(repository, PLACE)
    return last and (last.contents, last.stamps, last.remembered, last.counts)


@pytest.fixture
def expected(storage, tmp_path):
    """Scan it at once, elsewhere, and give what that has kept."""

    def scan():
        other = open_repository(str(tmp_path / "other"), make=True)
        known = Storage(storage.files, batch=5)
        assert scan_once(known, other).status == COMPLETE
        return kept(other)

    return scan


def test_each_path_is_of_one_shard():
    for of in (1, 2, 3, 16):
        owners = [[n for n in range(1, of + 1) if Shard(n, of).has(path)] for path in FILES]
        assert all(len(owner) == 1 for owner in owners)
    # Another program, or release, must come to the same: shards of one scan may be of both.
    ours = b"06 07 08 10 17 20 22 23 28 30 33 35"
    assert [path for path in FILES if Shard(1, 4).has(path)] == ours.split()


@pytest.mark.parametrize(
    "paths",
    [
        [b"2026-%02d-%02d/a.tif" % (month, day) for month in range(1, 13) for day in range(1, 29)],
        [b"tile_%d_%d.tif" % (x, y) for x in range(16) for y in range(16)],
        [b"scan_%02d/img_%03d.tif" % (scan, i) for scan in range(20) for i in range(100)],
    ],
    ids=["dates", "tiles", "counted"],
)
def test_names_that_count_up_lie_evenly_in_all_shares(paths):
    fair = len(paths) / 16
    shares = [len(Shard(number, 16).among(paths)) for number in range(1, 17)]
    assert sum(shares) == len(paths)
    # As of random numbers, of which a share has hardly ever more than four deviations too many.
    assert max(abs(share - fair) for share in shares) < 4 * fair**0.5


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [3, 1, 4, 2]])
def test_shards_keep_what_one_scan_keeps(storage, repository, shards, expected, order):
    ended = [shards(number) for number in order]
    assert [each.status for each in ended] == [SHARD_DONE] * 3 + [COMPLETE]
    assert kept(repository) == expected()
    assert sorted(storage.read) == FILES  # each of them once
    assert sum(each.files_read for each in ended) == len(FILES)
    assert ended[-1].files_read + ended[-1].files_kept == len(FILES)
    assert [each.scan is None for each in ended] == [True, True, True, False]
    assert not names(repository, layout.UNFINISHED)


def test_one_that_is_through_says_who_is_not(shards):
    first, second, third, last = (shards(number) for number in (1, 2, 3, 4))
    assert first.reason.startswith("Shard 1/4 was read; 2/4, 3/4, 4/4 are not yet.")
    assert second.reason.startswith("Shard 2/4 was read; 3/4, 4/4 are not yet.")
    assert third.reason.startswith("Shard 3/4 was read; 4/4 is not yet.")
    assert last.reason == ""
    again, second = shards(3), shards(1)
    new = "It is the first one of a new scan, as the last scan is finished."
    assert again.reason.startswith(f"Shard 3/4 was read; 1/4, 2/4, 4/4 are not yet. {new}")
    assert new not in first.reason + second.reason


def test_shards_read_what_has_changed_since_the_last_scan(storage, repository, shards):
    scan_once(storage, repository)
    storage.read.clear()
    for path in FILES[:10]:
        storage.put(path, b"new of " + path)
    ended = [shards(number) for number in (1, 2, 3, 4)]
    assert ended[-1].status == COMPLETE
    assert sorted(storage.read) == FILES[:10]
    proofs = ended[-1].scan.counts.proofs
    assert proofs == {"kept": 30, "read": 10}


def test_a_shard_counts_what_is_its_own(storage, repository, shards):
    scan_once(storage, repository)
    for path in FILES[:10]:
        storage.put(path, b"other", mtime_ns=LONG_AGO + 1)
    mine = [[path for path in FILES if Shard(number, 2).has(path)] for number in (1, 2)]
    for number, paths in enumerate(mine, 1):
        tally, pace = Tally(), Pace()
        (ended,) = scan(
            [TARGET],
            repository,
            Wish(shard=Shard(number, 2)),
            here(),
            open_source=storage.open,
            pace=pace,
            tally=tally,
        )
        if number == 1:
            assert ended.files_read == sum(path in FILES[:10] for path in paths)
            assert ended.files_read + ended.files_kept == len(paths)
            told = Meter(tally, pace, lambda: 0).line()
            assert told.startswith(f"nas: {len(paths) + 1} files ")  # and the link
    assert (ended.status, ended.files_read + ended.files_kept) == (COMPLETE, len(FILES))
    assert Meter(tally, pace, lambda: 0).line().startswith(f"nas: {len(FILES) + 1} files ")


def test_damage_is_found_by_the_shard_that_reads_it_and_kept_once(storage, repository, shards):
    scan_once(storage, repository)
    storage.files[b"07"].data = b"bad  of 07"
    ended = []
    for number in (1, 2, 3, 4):
        ended.append(shards(number, full=True))
        remembered.keep(repository, ended[-1], here().now)
    last = ended[-1]
    assert last.status == COMPLETE
    assert (last.altered, last.altered_first) == (1, [b"07"])
    assert [each.altered for each in ended[:3]].count(1) == (not Shard(4, 4).has(b"07"))
    kept = open_ones(store.read(repository, PLACE).episodes).values()
    assert [(finding.what, finding.path) for finding in kept] == [("damaged", b"07")]
    assert table(rows(repository, last.scan))[b"07"]["sha256"] is not None


@pytest.mark.parametrize("number", [1, 4])
def test_a_shard_that_is_ended_goes_on_when_it_is_run_again(
    storage, repository, shards, expected, number
):
    others = [other for other in (1, 2, 3, 4) if other != number]
    for other in others:
        assert shards(other).status == SHARD_DONE
    pace = Pace()
    mine = [path for path in FILES if Shard(number, 4).has(path)]
    storage.on_read = lambda path: pace.stop() if path == mine[3] else None
    assert shards(number, pace=pace).status == UNFINISHED
    storage.on_read = lambda path: None
    assert shards(number).status == COMPLETE
    assert kept(repository) == expected()
    assert sorted(set(storage.read)) == FILES


def test_a_plain_scan_reads_what_is_left_and_finishes(storage, repository, shards, expected):
    shards(1)
    shards(3)
    done = len(storage.read)
    ended = scan_once(storage, repository)
    assert ended.status == COMPLETE
    assert ended.went_on_from
    assert ended.files_read == len(FILES) - done
    assert kept(repository) == expected()
    assert sorted(storage.read) == FILES


def test_shards_go_on_with_a_plain_scan_that_was_ended(storage, repository, shards, expected):
    pace = Pace()
    storage.on_read = lambda path: pace.stop() if path == FILES[20] else None
    assert scan_once(storage, repository, pace=pace).status == UNFINISHED
    storage.on_read = lambda path: None
    before = len(storage.read)
    assert before
    ended = [shards(number) for number in (1, 2, 3, 4)]
    assert ended[-1].status == COMPLETE
    assert kept(repository) == expected()
    assert len(storage.read) == len(FILES)
    assert ended[0].went_on_from


def test_one_that_is_killed_before_the_record_leaves_it_to_any_other(
    storage, repository, shards, expected, monkeypatch
):
    for number in (1, 2, 3):
        shards(number)
    with monkeypatch.context() as broken:
        broken.setattr(record, "write", fail)
        with pytest.raises(RepositoryError):
            shards(4)
    assert kept(repository) is None
    storage.read.clear()
    assert shards(2).status == COMPLETE
    assert kept(repository) == expected()
    assert not storage.read


def fail(*_, **__):
    raise RepositoryError("the disk is full")


def test_two_that_finish_at_once_keep_one_record(storage, repository, shards, expected):
    for number in (1, 2, 3):
        shards(number)
    both = []

    def other(number):
        # By now the fourth has left its mark, and lists once more.
        if len(names(repository, layout.UNFINISHED)) and both_through():
            storage.on_batch = lambda _number: None
            both.append(shards(3, storage=Storage(storage.files)))

    def both_through():
        return any("shard-4-of-4" in name for name in names(repository, layout.UNFINISHED))

    storage.on_batch = other
    both.append(shards(4))
    assert [each.status for each in both] == [COMPLETE, COMPLETE]
    assert both[0].scan == both[1].scan
    assert len(names(repository, layout.SCANS)) == 1
    assert kept(repository) == expected()
    assert sorted(storage.read) == FILES


def test_the_pieces_of_a_scan_that_another_has_finished_are_not_read_again(
    storage, repository, shards
):
    for number in (1, 2, 3):
        shards(number)
    proofs = storage.proved

    def other(number):
        # The last one has proved the root to finish, and knows of the pieces; then they go.
        if number == proofs + 3:
            shards(3, storage=Storage(storage.files))

    storage.on_prove = other
    ended = shards(4)
    assert ended.status == COMPLETE
    assert len(names(repository, layout.SCANS)) == 1
    assert sorted(storage.read) == FILES


def test_two_that_begin_at_once_make_one_scan(storage, repository, shards, expected):
    def other(number):
        storage.on_prove = lambda _number: None
        assert shards(2, 2).status == SHARD_DONE

    storage.on_prove = other
    ended = shards(1, 2)
    assert ended.status == COMPLETE
    assert kept(repository) == expected()
    assert sorted(storage.read) == FILES


def test_each_shard_proves_the_root_that_the_first_one_has_found(storage, repository, shards):
    shards(1)
    other = Storage(storage.files)
    shards(2, storage=other)
    assert other.known[0] == ROOT


def test_a_shard_that_does_not_reach_the_storage_leaves_no_mark(storage, repository, shards):
    shards(1, 2)
    away = Storage(on_prove=lambda _number: away.lose())
    assert shards(2, 2, storage=away).status == NOT_REACHABLE
    assert shards(1, 2).status == SHARD_DONE
    assert shards(2, 2).status == COMPLETE


def elsewhere():
    """Give another folder, at another address, that somebody takes for the storage."""
    other = Storage(root=replace(ROOT, url="file:///wrong"))
    for path in FILES:
        other.put(b"w" + path, b"another")
    return other


def test_a_shard_that_is_read_at_a_wrong_place_is_not_reachable(storage, repository, shards):
    shards(1, 2)
    ended = shards(2, 2, storage=elsewhere())
    assert ended.status == NOT_REACHABLE
    read = len(storage.read)
    told = f"has 0 of the {read} files that an earlier run of this scan found at 'file:///nas'"
    assert told in ended.reason
    ended = shards(2, 2)
    assert (ended.status, ended.found) == (COMPLETE, 0)


def test_two_shards_of_two_places_that_began_at_once_make_no_record(storage, repository, shards):
    wrong = elsewhere()

    def other(path):
        storage.on_read = lambda _path: None
        assert shards(2, 2, storage=wrong).status == SHARD_DONE

    storage.on_read = other
    ended = shards(1, 2)
    assert ended.status == NOT_REACHABLE
    assert "found at 'file:///wrong'" in ended.reason
    assert kept(repository) is None
    wish = Wish(shard=Shard(1, 2), accept_roots=("nas",))
    ended = scan_once(storage, repository, wish=wish)
    assert (ended.status, ended.found) == (COMPLETE, 0)
    assert rows(repository, ended.scan).path == sorted(storage.files)


def test_a_storage_that_is_lost_while_its_shard_is_read_leaves_no_mark(storage, shards):
    shards(1, 2)

    def lost(number):
        raise UnreachableError("file:///nas is not mounted")

    storage.on_read = lambda path: setattr(storage, "on_prove", lost)
    assert shards(2, 2).status == NOT_REACHABLE
    storage.on_read, storage.on_prove = lambda path: None, lambda number: None
    assert shards(1, 2).status == SHARD_DONE


def test_what_comes_while_shards_are_read_is_read_by_the_last_one(storage, repository, shards):
    shards(1)
    shards(2)
    shards(3)
    came = next(b"new%d" % i for i in range(99) if Shard(1, 4).has(b"new%d" % i))
    storage.put(came, b"new")
    ended = shards(4)
    assert ended.status == COMPLETE
    assert table(rows(repository, ended.scan))[came]["kind"] == FILE
    assert came in storage.read


def test_what_goes_while_shards_are_read_is_not_in_the_record(storage, repository, shards):
    for number in (1, 2, 3):
        shards(number)
    gone = next(path for path in FILES if Shard(1, 4).has(path))
    del storage.files[gone]
    ended = shards(4)
    assert ended.status == COMPLETE
    assert gone not in table(rows(repository, ended.scan))


def test_what_no_shard_could_read_is_told_by_the_last_one(storage, repository, shards):
    storage.errors[b"05"] = b"EIO"
    ended = [shards(number) for number in (1, 2, 3, 4)]
    assert [each.status for each in ended] == [SHARD_DONE] * 3 + [INCOMPLETE]
    assert [part.path for part in ended[-1].scan.unproved] == [b"05"]


def test_shards_of_other_numbers_do_not_finish_each_others_scan(storage, repository, shards):
    shards(1, 2)
    assert shards(2, 3).status == SHARD_DONE
    assert shards(1, 3).status == SHARD_DONE
    assert shards(2, 2).status == COMPLETE
    assert sorted(storage.read) == FILES


def test_the_next_night_begins_anew(storage, repository, shards):
    first = [shards(number) for number in (1, 2)] and [shards(3), shards(4)][-1]
    again = [shards(number) for number in (1, 2, 3, 4)][-1]
    assert (first.status, again.status) == (COMPLETE, COMPLETE)
    assert first.scan.id < again.scan.id
    assert again.scan.after == first.scan.id


def test_another_scan_that_ended_meanwhile_is_what_the_last_one_follows(
    storage, repository, shards
):
    """As one that began before them, and goes its own way."""
    by = ticking()
    pace = Pace()
    shards(1, 2, by=by)

    def meanwhile(path):
        storage.on_read = lambda _path: None
        scan_once(Storage(storage.files), repository, by=by, wish=Wish(full=True))

    storage.on_read = meanwhile
    ended = shards(2, 2, by=by, pace=pace)
    assert ended.status == COMPLETE
    assert record.latest(repository, PLACE) == ended.scan


def test_a_shard_during_which_another_scan_ended_counts_no_more(storage, repository, shards):
    by = ticking()

    def meanwhile(path):
        # The shard has left no piece yet by which the other one could go on.
        storage.on_read = lambda _path: None
        assert scan_once(Storage(storage.files), repository, by=by).status == COMPLETE

    storage.on_read = meanwhile
    ended = shards(1, 2, by=by)
    assert (ended.status, ended.reason) == (UNFINISHED, reasons.SHARD_OVERTAKEN)
    assert shards(1, 2, by=by).status == SHARD_DONE
    assert shards(2, 2, by=by).status == COMPLETE


def test_no_shard_fetches_what_the_others_have_read(shards):
    ended = [shards(number) for number in (1, 2, 3, 4)]
    assert [each.taken_over for each in ended[:3]] == [0, 0, 0]
    assert ended[3].taken_over == len(FILES) - ended[3].files_read
    # But what a run of another number has read, it need not read again.
    again = [shards(number, 3, full=True) for number in (1, 2)]
    assert [each.taken_over for each in again] == [0, 0]
    assert shards(1, 2, full=True).taken_over > 0


def test_what_says_which_scan_it_is_and_is_damaged_is_named(storage, repository, shards):
    shards(1, 2)
    name = next(n for n in names(repository, layout.UNFINISHED) if n.endswith("/0.json"))
    repository.write(name, b"{}", replace=True)
    with pytest.raises(RepositoryError, match=r"0\.json.*remove it, and run all shards again"):
        shards(2, 2)


@pytest.mark.parametrize("is_first", [True, False])
def test_what_moves_between_two_shards_is_not_missing(storage, repository, shards, is_first):
    if not is_first:
        scan_once(storage, repository)
    each = [b"new %d" % i for i in range(8)]
    for path in each:
        storage.put(path, b"bytes of " + path)
    shards(1, 2)
    for path in each:
        storage.files[b"moved " + path] = storage.files.pop(path)
    ended = shards(2, 2)
    assert ended.status == COMPLETE
    remembered.keep(repository, ended, here().now)
    again = scan_once(storage, repository)
    remembered.keep(repository, again, here().now)
    assert (ended.missing, again.missing) == (0, 0)
