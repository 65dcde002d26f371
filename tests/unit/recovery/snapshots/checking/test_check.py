"""Checking a snapshot: whatever was changed in it is found, offline."""

from __future__ import annotations

import os
import random
import shutil

import pytest

from reconciler.errors import SnapshotError, StaleError
from reconciler.recovery.repository import layout
from reconciler.recovery.snapshots.checking.check import check
from support.recovery import snapshots
from support.recovery.snapshots import NOW, platform, scanned, taken
from support.sampling import sample

WRONG = "sha256:" + "0" * 64


@pytest.fixture
def kept(repository):
    live = platform("nas", "archive")
    live.files["id-nas"] = {f"u{i}": (f"u{i}", f"{i}", f"{i}") for i in range(3000)}
    scanned(repository, live.by_name["nas"], [b"%d.tif" % i for i in range(2000)])
    scanned(repository, live.by_name["archive"], [b"x"], id="20261128-200000-000-0123ac")
    return taken(live, repository)


def files_of(place, kept):
    """Name every file in which the snapshot lies."""
    own = sorted((place / "snapshots" / kept.snapshot.id).iterdir())
    named = {part.sha256 for _, part in kept.snapshot.parts()}
    return own + [place / layout.part(sha256) for sha256 in sorted(named)]


def agrees(repository, digest):
    try:
        return not check(repository, expect=digest).problems
    except StaleError:
        return False


def test_what_is_undamaged_is_found_so(repository, kept):
    found = check(repository)
    assert found.problems == ()
    assert (found.parts, len(found.snapshots)) == (6, 1)
    assert found.sound(kept.snapshot.id)
    assert check(repository, expect=kept.digest).problems == ()
    assert check(repository, kept.snapshot.id, expect=kept.digest).expected


def test_one_flipped_bit_anywhere_is_found(repository, place, kept, long):
    """In the first and last bytes of every file, and at positions that chance picks."""
    (seed,) = sample(range(1_000), 1, "flipped bits")
    chosen, positions = random.Random(seed), 40 if long else 8
    for path in files_of(place, kept):
        data = path.read_bytes()
        ends = [*range(min(8, len(data))), *range(max(0, len(data) - 12), len(data))]
        for position in {*ends, *(chosen.randrange(len(data)) for _ in range(positions))}:
            changed = bytearray(data)
            changed[position] ^= 1 << chosen.randrange(8)
            path.write_bytes(changed)
            assert check(repository).problems, (path, position)
            assert not agrees(repository, kept.digest), (path, position)
        path.write_bytes(data)
    assert check(repository).problems == ()


@pytest.mark.parametrize("change", ["missing", "empty", "cut", "longer"])
def test_a_file_that_is_missing_or_of_another_length_is_found(repository, place, kept, change):
    for path in files_of(place, kept):
        if path.name == "snapshot.json" and change == "missing":
            continue  # then the snapshot is not there
        data = path.read_bytes()
        if change == "missing":
            path.unlink()
        else:
            path.write_bytes({"empty": b"", "cut": data[:-1], "longer": data + b"\n"}[change])
        assert check(repository).problems, path
        path.write_bytes(data)


def test_parts_that_were_swapped_are_found_both(repository, place, kept):
    nas, archive = (each.contents.sha256 for each in reversed(kept.snapshot.storages))
    one, other = place / layout.part(nas), place / layout.part(archive)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    found = check(repository)
    assert [(p.storage, p.what) for p in found.problems] == [
        ("archive", "contents"),
        ("nas", "contents"),
    ]


def test_a_manifest_of_another_snapshot_is_found(repository, place, kept):
    live = platform("nas", "archive", "third")
    other = taken(live, repository, at=NOW + 1)
    shutil.copy(
        place / layout.snapshot(other.snapshot.id, "storages.yaml"),
        place / layout.snapshot(kept.snapshot.id, "storages.yaml"),
    )
    found = check(repository)
    assert [(p.snapshot, p.what) for p in found.problems] == [(kept.snapshot.id, "storages.yaml")]
    assert found.sound(other.snapshot.id)


def test_a_snapshot_of_another_repository_in_its_place_is_found_by_its_digest(
    repository, place, kept, tmp_path
):
    """Every sum fits; only the digest, kept elsewhere, shows it."""
    (tmp_path / "other").mkdir()
    forged = taken(platform("nas", "archive"), snapshots.repository(tmp_path / "other"))
    source = tmp_path / "other" / "repository"
    shutil.rmtree(place)
    shutil.copytree(source, place)
    assert check(repository).problems == ()
    with pytest.raises(StaleError, match=r"no snapshot in .* has the digest") as caught:
        check(repository, expect=kept.digest)
    assert forged.digest in str(caught.value)


def test_a_snapshot_under_another_id_is_found(repository, place, kept):
    id = kept.snapshot.id
    shutil.copytree(place / "snapshots" / id, place / "snapshots" / "20270101-000000-000-aabbccdd")
    found = check(repository)
    assert [(p.snapshot, p.what) for p in found.problems] == [
        ("20270101-000000-000-aabbccdd", "snapshot")
    ]


def test_the_expected_digest_chooses_the_snapshot(repository, kept):
    newer = taken(platform("nas", "archive"), repository, at=NOW + 1)
    found = check(repository, expect=kept.digest)
    assert [each.digest for each in found.snapshots] == [kept.digest]
    with pytest.raises(StaleError):
        check(repository, newer.snapshot.id, expect=kept.digest)
    with pytest.raises(StaleError, match=newer.digest):
        check(repository, expect=WRONG)


def test_each_part_is_read_once_for_all_snapshots(repository, kept):
    taken(platform("nas", "archive"), repository, at=NOW + 1)
    found = check(repository)
    assert len(found.snapshots) == 2
    assert found.parts == len(list(repository.names("parts/")))


def test_there_must_be_something_to_check(repository):
    with pytest.raises(SnapshotError, match="there is no snapshot in"):
        check(repository)


def test_a_later_format_is_not_called_damage(repository, place, kept):
    path = place / layout.snapshot(kept.snapshot.id)
    path.write_bytes(path.read_bytes().replace(b'"format_version":1', b'"format_version":2'))
    (problem,) = check(repository).problems
    assert "use a newer release" in problem.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_in_place_of_a_part_is_found_and_not_waited_for(repository, place, kept):
    path = files_of(place, kept)[-1]
    path.unlink()
    os.mkfifo(path)
    assert check(repository).problems
