"""Taking a snapshot: what stands in it, what makes it incomplete, what is refused."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import replace

from reconciler.errors import PlatformError, SnapshotError
from reconciler.platform import Abilities
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.checking.check import check
from support.recovery.snapshots import NOW, platform, scanned, taken
from support.values.building import storage

SPACES = Abilities(spaces=True, record_inventory=True)


def inventory_of(repository, part):
    with repository.local(layout.part(part.sha256)) as path:
        return [
            row for batch in read.batches(path, INVENTORY) for row in convert.inventory_rows(batch)
        ]


def test_a_snapshot_holds_storages_inventories_and_contents(repository):
    live = platform("nas", "archive", abilities=SPACES, account="alice")
    live.files["id-nas"] = {
        id: (id, f"sum-{id}", f"disk-{id}") for id in ("b", "a", "ä\udce4", "a\nb")
    }
    live.spaces = {"id-nas": ("space 2", "space 1")}
    scan = scanned(repository, live.by_name["nas"])
    kept = taken(live, repository)
    snapshot = kept.snapshot
    assert (snapshot.complete, snapshot.lacking) == (True, ())
    assert (snapshot.serial, snapshot.previous) == (1, "")
    assert snapshot.created_at == "2026-11-29T06:00:00Z"
    assert snapshot.platform.id == "memory"
    assert snapshot.platform.account == "alice"
    archive, nas = snapshot.storages
    assert (archive.name, archive.spaces, archive.contents) == ("archive", (), None)
    assert (nas.id, nas.label, nas.default_url) == ("id-nas", "L", "file:///data/nas")
    assert nas.spaces == ("space 1", "space 2")
    assert inventory_of(repository, nas.inventory) == [
        (id, f"sum-{id}", f"disk-{id}") for id in ("a", "a\nb", "b", "ä\udce4")
    ]
    assert nas.inventory.rows == 4
    assert nas.contents.sha256 == scan.contents
    assert nas.contents.scan == scan.id
    assert nas.contents.counts == scan.counts
    assert nas.contents.root == scan.root
    assert nas.contents.excluded == (".snapshot/",)
    assert listing.find_kept(repository).snapshot == snapshot


def test_its_digest_is_that_of_its_file_in_which_the_rest_hangs(repository):
    kept = taken(platform("nas"), repository)
    data = repository.read(layout.snapshot(kept.snapshot.id))
    assert kept.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    manifest = repository.read(layout.snapshot(kept.snapshot.id, "storages.yaml"))
    assert kept.snapshot.manifest_sha256 == hashlib.sha256(manifest).hexdigest()


def test_serial_and_lineage_go_on_for_one_platform(repository):
    live, other = platform("nas"), platform("nas", platform_id="other")
    first, second = taken(live, repository), taken(live, repository, at=NOW + 1)
    foreign = taken(other, repository, at=NOW + 2)
    third = taken(live, repository, at=NOW + 3)
    assert [k.snapshot.serial for k in (first, second, foreign, third)] == [1, 2, 1, 3]
    assert first.snapshot.lineage == third.snapshot.lineage != foreign.snapshot.lineage
    assert (second.snapshot.previous, third.snapshot.previous) == (first.digest, second.digest)
    assert foreign.snapshot.previous == second.digest


def test_platforms_that_do_not_know_themselves_are_told_apart_by_address(repository):
    one = platform("nas", platform_id="unknown", address="jetraw://one")
    other = platform("nas", platform_id="unknown", address="jetraw://two")
    first, second = taken(one, repository), taken(other, repository, at=NOW + 1)
    assert first.snapshot.lineage != second.snapshot.lineage
    assert taken(one, repository, at=NOW + 2).snapshot.serial == 2


def test_what_did_not_change_is_not_stored_twice(repository):
    live = platform("nas", "archive")
    scanned(repository, live.by_name["nas"])
    taken(live, repository)
    parts = list(repository.entries("parts/"))
    taken(live, repository, at=NOW + 1)
    assert list(repository.entries("parts/")) == parts
    assert len(parts) == 3  # the same inventory, contents, and what the scan keeps beside them


def test_the_newest_scan_is_taken_whole_or_not(repository):
    live = platform("nas")
    scanned(repository, live.by_name["nas"])
    newest = scanned(
        repository, live.by_name["nas"], [b"a.tif"], id="20261129-000000-000-0123ab", complete=False
    )
    snapshot = taken(live, repository).snapshot
    (nas,) = snapshot.storages
    assert (nas.contents.scan, nas.contents.complete) == (newest.id, False)
    assert not snapshot.complete
    (lacking,) = snapshot.lacking
    assert (lacking.storage, lacking.what) == ("nas", "contents")


def test_storages_at_one_place_share_their_scan(repository):
    live = platform("nas")
    live.put(storage("again", place="nas"))
    scan = scanned(repository, live.by_name["nas"])
    snapshot = taken(live, repository).snapshot
    assert [each.contents.scan for each in snapshot.storages] == [scan.id, scan.id]


def spoil(path, how):
    data = path.read_bytes()
    path.unlink()
    if how == "flipped":
        path.write_bytes(bytes((data[0] ^ 1,)) + data[1:])
    elif how == "cut":
        path.write_bytes(data[:-1])


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_what_became_of_an_inventory_that_is_stored_already_is_mended(repository, place, how):
    live = platform("nas")
    part = taken(live, repository).snapshot.storages[0].inventory
    spoil(place / layout.part(part.sha256), how)
    again = taken(live, repository, at=NOW + 1).snapshot
    assert again.storages[0].inventory.sha256 == part.sha256
    assert check(repository).problems == ()


@pytest.mark.parametrize("what", ["record", "flipped", "cut", "gone"])
def test_a_scan_that_is_damaged_makes_the_snapshot_incomplete(repository, place, what):
    live = platform("nas")
    scan = scanned(repository, live.by_name["nas"])
    if what == "record":
        (record,) = (place / layout.scans(scan.place)).iterdir()
        record.write_bytes(b"{")
    else:
        spoil(place / layout.part(scan.contents), what)
    snapshot = taken(live, repository).snapshot
    assert [(each.storage, each.what) for each in snapshot.lacking] == [("nas", "contents")]
    assert snapshot.storages[0].contents is None
    assert check(repository, snapshot.id).problems == ()
    assert {problem.what.split()[0] for problem in check(repository).problems} == {"scan"}


def test_files_that_could_not_be_read_make_it_incomplete_and_the_rest_is_there(repository):
    live = platform("nas", "archive")

    def failing(call):
        if (call.method, call.subject) == ("inventory", "id-nas"):
            raise PlatformError("the connection broke")

    live.before = failing
    snapshot = taken(live, repository).snapshot
    archive, nas = snapshot.storages
    assert archive.inventory.rows == 1
    assert nas.inventory is None
    assert not snapshot.complete
    (lacking,) = snapshot.lacking
    assert (lacking.storage, lacking.what) == ("nas", "inventory")
    assert "the connection broke" in lacking.message


def test_half_an_inventory_is_none(repository):
    live = platform("nas")
    reader = live.reader()

    def half(_):
        yield ("a", "1", "2")
        raise PlatformError("the connection broke")

    reader.inventory = half
    live.reader = lambda: reader
    snapshot = taken(live, repository).snapshot
    assert (snapshot.complete, snapshot.storages[0].inventory) == (False, None)
    assert list(repository.names("parts/")) == []


def test_an_inventory_whose_connection_breaks_is_read_again_from_the_beginning(repository):
    live = platform("nas")
    reader = live.reader()
    breaks = iter([True, True, False])

    def breaking(_):
        yield ("a", "1", "2")
        if next(breaks):
            raise PlatformError("the connection broke")
        yield ("b", "1", "2")

    reader.inventory = breaking
    live.reader = lambda: reader
    snapshot = taken(live, repository).snapshot
    assert snapshot.complete
    assert snapshot.storages[0].inventory.rows == 2


def test_a_damaged_snapshot_before_is_told_and_the_one_before_it_counts(repository, place):
    live = platform("nas", "archive")
    first = taken(live, repository)
    second = taken(live, repository, at=NOW + 1)
    path = place / layout.snapshot(second.snapshot.id)
    path.write_bytes(path.read_bytes()[:-1])
    told: list[str] = []
    third = taken(live, repository, at=NOW + 2, warn=told.append)
    assert (third.snapshot.previous, third.snapshot.serial) == (first.digest, 2)
    assert third.snapshot.lineage == first.snapshot.lineage
    (warning,) = told
    assert second.snapshot.id in warning
    assert warning.endswith("The new snapshot is compared with the one before it")
    live.drop("id-archive")
    with pytest.raises(SnapshotError, match="'archive'"):
        taken(live, repository, at=NOW + 3)


def test_only_as_many_snapshots_are_read_as_must_be(repository, monkeypatch):
    live = platform("nas")
    for number in range(5):
        taken(live, repository, at=NOW + number)
    read, names = repository.read, []
    monkeypatch.setattr(repository, "read", lambda name: names.append(name) or read(name))
    taken(live, repository, at=NOW + 9)
    assert len({name for name in names if name.endswith("snapshot.json")}) == 1


def test_a_file_told_twice_with_other_checksums_is_no_inventory(repository):
    live = platform("nas")
    reader = live.reader()
    reader.inventory = lambda _: iter([("a", "1", "1"), ("b", "1", "1"), ("a", "2", "2")])
    live.reader = lambda: reader
    snapshot = taken(live, repository).snapshot
    assert "the file 'a' was told twice" in snapshot.lacking[0].message


def test_spaces_that_could_not_be_read_make_it_incomplete(repository):
    live = platform("nas", abilities=SPACES)

    def failing(call):
        if call.method == "spaces_using":
            raise PlatformError("403")

    live.before = failing
    snapshot = taken(live, repository).snapshot
    assert snapshot.storages[0].spaces is None
    assert [(each.storage, each.what) for each in snapshot.lacking] == [("nas", "spaces")]


def test_a_platform_that_is_lost_half_way_gives_no_snapshot(repository):
    live = platform("nas", "archive")

    def lost(call):
        if call.method == "read" and any(each.method == "inventory" for each in live.calls):
            raise PlatformError("no answer")

    live.before = lost
    with pytest.raises(PlatformError, match="no answer"):
        taken(live, repository)
    assert listing.ids(repository) == []
    assert list(repository.names("snapshots/")) == []


def test_storages_that_come_while_it_is_read_are_in_it(repository):
    live = platform("nas")

    def coming(call):
        if call.method == "inventory" and len(live.by_id) == 1:
            live.put(storage("late"))

    live.before = coming
    snapshot = taken(live, repository).snapshot
    assert [each.name for each in snapshot.storages] == ["late", "nas"]
    assert snapshot.storages[0].inventory.rows == 0


def test_storages_that_go_or_change_while_it_is_read_are_told_as_they_are_then(repository):
    live = platform("nas", "archive")

    def changing(call):
        if call.method == "inventory" and "id-archive" in live.by_id:
            live.drop("id-archive")
            live.put(replace(live.by_id["id-nas"], name="renamed"))

    live.before = changing
    snapshot = taken(live, repository).snapshot
    assert [each.name for each in snapshot.storages] == ["renamed"]
    assert snapshot.complete


def test_a_platform_that_never_stands_still_gives_no_snapshot(repository):
    live = platform("nas")

    def churning(call):
        if call.method == "read":
            live.put(replace(live.by_id["id-nas"], label=f"label {len(live.calls)}"))

    live.before = churning
    with pytest.raises(SnapshotError, match="change while they are read"):
        taken(live, repository)
    assert list(repository.names("snapshots/")) == []


def test_another_platform_that_answers_half_way_gives_no_snapshot(repository):
    live = platform("nas")

    def swapped(call):
        live.platform_id = "other" if call.method == "inventory" else live.platform_id

    live.before = swapped
    with pytest.raises(SnapshotError, match="another platform answers"):
        taken(live, repository)


def test_there_is_no_snapshot_of_a_platform_that_is_not_there(repository):
    says = r"there is no such platform yet.*`reconciler rebuild \S+` brings"
    with pytest.raises(SnapshotError, match=says):
        taken(platform(platform_id="new"), repository)


def test_a_list_that_is_not_complete_makes_it_incomplete(repository):
    snapshot = taken(platform("nas", complete=False), repository).snapshot
    assert [(each.storage, each.what) for each in snapshot.lacking] == [("", "list")]
    assert taken(platform("nas", complete=None), repository, at=NOW + 1).snapshot.complete


def test_what_no_manifest_expresses_is_told_with_its_files_and_without_its_secrets(repository):
    live = platform("nas")
    live.put(storage("strange", type="tape"))
    live.put(storage("surrogate\ud800", id="id-2", label="\udfff"))
    live.put(storage("secret", type="S3", url="https://key:hidden@host/bucket"))
    live.files["id-strange"] = {"u": ("u", "1", "2")}
    kept = taken(live, repository)
    by_name = {each.name: each for each in kept.snapshot.storages}
    assert by_name["strange"].unmanaged == "its type is 'tape'"
    assert by_name["strange"].inventory.rows == 1
    assert by_name["surrogate\\ud800"].label == "\\udfff"
    assert by_name["secret"].unmanaged
    assert b"hidden" not in repository.read(layout.snapshot(kept.snapshot.id))
    manifest = repository.read(layout.snapshot(kept.snapshot.id, "storages.yaml"))
    assert b"name: nas" in manifest
    assert b"strange" not in manifest
    assert kept.snapshot.complete


def test_a_storage_that_could_not_be_read_whole_makes_it_incomplete(repository):
    live = platform("nas")
    live.put(storage("broken", flaw="its label can't be read"))
    snapshot = taken(live, repository).snapshot
    assert [(each.storage, each.what) for each in snapshot.lacking] == [("broken", "storage")]


def test_fewer_storages_than_before_are_refused_before_anything_is_read(repository):
    live = platform("nas", "archive")
    taken(live, repository)
    live.drop("id-archive")
    live.put(storage("new"))
    live.calls.clear()
    says = r"not live any more: 'archive'.*`reconciler rebuild \S+` brings.*--allow-fewer"
    with pytest.raises(SnapshotError, match=says):
        taken(live, repository, at=NOW + 1)
    assert [call.method for call in live.calls] == ["read"]
    assert len(listing.ids(repository)) == 1
    assert taken(live, repository, at=NOW + 2, allow_fewer=True).snapshot.serial == 2
    assert taken(live, repository, at=NOW + 3).snapshot.serial == 3


def test_a_storage_that_was_renamed_or_made_again_is_not_missing(repository):
    live = platform("nas", "archive")
    taken(live, repository)
    live.put(replace(live.by_id["id-nas"], name="renamed"))
    live.drop("id-archive")
    live.put(storage("archive 2", place="archive"))
    taken(live, repository, at=NOW + 1)


@pytest.mark.parametrize("platform_id", ["memory", "rebuilt"])
def test_one_of_two_at_a_place_that_is_gone_is_missing(repository, platform_id):
    live = platform("nas")
    live.put(storage("twin", place="nas"))
    taken(live, repository)
    one = platform("nas", platform_id=platform_id)
    with pytest.raises(SnapshotError, match="not live any more: 'twin'"):
        taken(one, repository, at=NOW + 1)


def test_one_of_the_same_name_elsewhere_on_the_same_platform_is_another(repository):
    taken(platform("nas"), repository)
    live = platform()
    live.put(storage("nas", id="new", place="moved"))
    with pytest.raises(SnapshotError, match="not live any more: 'nas'"):
        taken(live, repository, at=NOW + 1)


def test_fewer_storages_than_on_another_platform_are_refused_as_well(repository):
    """A wrong address must not look like a new platform with nothing on it."""
    taken(platform("nas", "archive"), repository)
    with pytest.raises(SnapshotError, match="'archive', 'nas'"):
        taken(platform(platform_id="other"), repository, at=NOW + 1)
    rebuilt = platform(platform_id="rebuilt")
    rebuilt.put(storage("nas", id="1", place="moved"))
    rebuilt.put(storage("renamed", id="2", place="archive"))
    assert taken(rebuilt, repository, at=NOW + 2).snapshot.serial == 1


def test_fewer_storages_than_declared_are_refused(repository):
    live = platform("nas")
    with pytest.raises(SnapshotError, match=r"the manifest declares are not live: 'archive'"):
        taken(live, repository, lacking=lambda _: ["archive"])
    taken(live, repository, lacking=lambda _: ["archive"], allow_fewer=True)


def test_progress_names_each_storage_before_its_files_are_read(repository):
    told: list[str] = []
    taken(platform("nas", "archive"), repository, progress=told.append)
    assert told == ["archive", "nas"]


def test_an_address_with_a_secret_is_not_kept(repository):
    live = platform("nas", address="https://user:hidden@host")
    kept = taken(live, repository)
    for name in ("snapshot.json", "storages.yaml"):
        assert b"hidden" not in repository.read(layout.snapshot(kept.snapshot.id, name))
