"""`snapshot`, as a user runs it: what it tells, where it stops, and with which exit code."""

import json
import os
import shutil
import stat

import pytest

from reconciler.model import Values
from reconciler.platforms import open_platform
from support.recovery.sealing import resealed

WRONG = "sha256:" + "0" * 64


def platform(storages):
    return open_platform(f"sqlite:///{storages.path}/platform.db", base=None, environ=os.environ)


def record_files(storages, name, count):
    """Let the platform know files of a storage."""
    opened = platform(storages).writer(wait=5)
    (found,) = opened.find(name=name)
    opened.record_inventory(found.id, [(f"u{i}", f"{i}", f"{i}") for i in range(count)])
    opened.close()


def report(storages, *arguments, code=0):
    return json.loads(storages.folder("snapshot", *arguments, "-o", "json", code=code).stdout)


def test_a_snapshot_is_made_listed_and_checked_by_its_digest(storages):
    record_files(storages, "nas", 1234)
    storages.scan()
    told = storages.folder("snapshot", "create", "proofs", "--digest-file", "proofs.digest")
    digest = storages.folder.read("proofs.digest").strip()
    assert f"\nDigest of the snapshot: {digest}\n" in told.stdout
    last = "Complete: 1 storage, 1,234 file records, contents of 1 (20 files).\n"
    assert told.stdout.endswith(last)
    storages.private()
    listed = storages.folder("snapshot", "list", "proofs").stdout.splitlines()
    assert listed[1].split()[1:6] == ["1", "1,234", "20", "30", "B"]
    assert listed[-1] == "1 snapshot."
    shutil.move(storages.path / "platform.db", storages.path / "gone.db")
    told = storages.folder("snapshot", "check", "proofs", "--expect", digest).stdout
    assert "Undamaged and untampered: 1 snapshot (2 parts, " in told


def test_its_manifest_plans_nothing_on_the_same_platform(storages):
    id = report(storages, "create", "proofs")["id"]
    manifest = f"proofs/snapshots/{id}/storages.yaml"
    assert "No changes." in storages.folder("plan", "-f", manifest).stdout


def test_a_storage_that_was_lost_is_declared_again_by_the_snapshot(storages):
    id = report(storages, "create", "proofs")["id"]
    opened = platform(storages).writer(wait=5)
    opened.remove(*opened.find(name="nas"), holds_files=False)
    opened.close()
    manifest = f"proofs/snapshots/{id}/storages.yaml"
    storages.folder("apply", "-y", "-f", manifest)
    assert "nas" in storages.folder("list", "-f", manifest).stdout


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_each_action_tells_it_in_each_format(storages, output):
    for arguments in (
        ("create", "proofs"),
        ("create", "proofs"),
        ("list", "proofs"),
        ("list", "proofs@2026"),
        ("check", "proofs"),
        ("prune", "proofs", "--keep-last", "1"),
        ("prune", "proofs", "--keep-last", "1", "--yes"),
    ):
        code = 1 if "@" in arguments[1] else 0  # the beginning of two ids
        told = storages.folder("snapshot", *arguments, "-o", output, code=code).stdout
        if output == "json":
            assert json.loads(told)["format_version"] == 1 or code


def test_one_snapshot_is_shown_by_its_id(storages):
    made = report(storages, "create", "proofs")
    assert report(storages, "list", f"proofs@{made['id']}") == made
    assert report(storages, "check", f"proofs@{made['id'][:8]}")["sound"] is True


def test_an_incomplete_snapshot_has_a_code_of_its_own(storages):
    (storages.path / "nas/raw/broken").symlink_to("nowhere")
    storages.scan()
    records = next((storages.path / "proofs/scans").rglob("*.json"))
    records.write_bytes(resealed({**json.loads(records.read_bytes()), "complete": False}))
    told = storages.folder("snapshot", "create", "proofs", code=8).stdout
    assert "nas: its last scan could not list or read all of it." in told
    assert told.splitlines()[-1].startswith("INCOMPLETE: 1 storage, ")
    assert "incomplete" in storages.folder("snapshot", "list", "proofs").stdout


def test_a_damaged_one_is_told_and_never_passed_over(storages):
    made = report(storages, "create", "proofs")
    (part,) = (storages.path / "proofs/parts").rglob("*.parquet")
    data = bytearray(part.read_bytes())
    data[20] ^= 1
    part.write_bytes(data)
    told = storages.folder("snapshot", "check", "proofs", code=1).stdout
    assert f"{made['id']}: inventory of nas: 'parts/" in told
    assert told.splitlines()[-1].startswith("CORRUPT: 1 of 1 snapshot (")
    assert report(storages, "check", "proofs", code=1)["sound"] is False


def test_a_digest_that_is_not_there_has_a_code_of_its_own(storages):
    storages.folder("snapshot", "create", "proofs")
    told = storages.folder("snapshot", "check", "proofs", "--expect", WRONG, code=4)
    assert "has the digest sha256:000" in told.stderr
    assert "Trust none of it until you know which" in told.stderr


def test_fewer_storages_than_before_or_declared_are_refused(storages):
    storages.file("archive/x")
    storages.declare(nas=storages.path / "nas", archive=storages.path / "archive")
    storages.folder("snapshot", "create", "proofs")
    opened = platform(storages).writer(wait=5)
    (archive,) = opened.find(name="archive")
    opened.remove(archive, holds_files=False)
    opened.close()
    told = storages.folder("snapshot", "create", "proofs", code=1).stderr
    assert "of the snapshot before are not live any more: 'archive'" in told
    assert "that the manifest declares are not live: 'archive'" in told
    assert len(report(storages, "list", "proofs")["snapshots"]) == 1
    storages.folder("snapshot", "create", "proofs", "--allow-fewer")
    told = storages.folder("snapshot", "create", "proofs", code=1).stderr
    assert "any more" not in told
    assert "declares are not live: 'archive' (`reconciler apply` creates them)" in told


def test_a_wrong_address_makes_no_repository(storages):
    away = ("--platform", "sqlite:///elsewhere/platform.db")
    storages.folder("snapshot", "create", "proofs", *away, code=1)
    assert not (storages.path / "proofs").exists()


def test_a_platform_that_does_not_exist_yet_has_no_snapshot(storages):
    away = ("--platform", "sqlite:///other.db")
    told = storages.folder("snapshot", "create", "proofs", *away, code=1).stderr
    assert "there is no such platform yet" in told


def test_scan_scans_before(storages):
    told = storages.folder("snapshot", "create", "proofs", "--scan", "--exclude", "0*")
    assert "Scan: 1 storage, complete; nothing is known of what was left out" in told.stderr
    assert "contents of 1 (10 files)" in told.stdout


@pytest.mark.parametrize("more", [(), ("--scan",)])
def test_no_repository_is_made_in_a_storage_that_it_is_to_prove(storages, more):
    told = storages.folder("snapshot", "create", "nas/proofs", *more, code=64).stderr
    assert "lies in the storage 'nas'" in told
    assert not (storages.path / "nas/proofs").exists()


def test_a_storage_that_can_not_be_scanned_is_no_success(storages):
    storages.folder("snapshot", "create", "proofs", "--scan")
    shutil.rmtree(storages.path / "nas")
    told = storages.folder("snapshot", "create", "proofs", "--scan", code=8)
    assert "1 not reachable" in told.stderr
    assert "contents of 1 (20 files)" in told.stdout  # those of the scan before, with its date


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("list", "proofs", "--scan"), "--scan belongs to `snapshot create`"),
        (("create", "proofs", "--yes"), "--yes belongs to `snapshot prune`"),
        (("create", "proofs", "--expect", WRONG), "--expect belongs to `snapshot check`"),
        (("check", "proofs", "--keep-last", "1"), "--keep-last belongs to `snapshot prune`"),
        (("check", "proofs", "--expect", "sha256:12"), "is no digest: it is sha256: and 64 hex"),
        (("create", "proofs", "--exclude", "x"), "give --scan as well"),
        (("create", "proofs@2026"), "is about all of a repository: leave '@2026' out"),
        (("create", "proofs", "--digest-file", "-"), "--digest-file writes a file"),
        (("create", "proofs", "--digest-file", "storages.yaml"), "is a file of the manifest"),
        (("prune", "proofs"), "say what is to be kept, such as --keep-last 7"),
        (("prune", "proofs", "--keep-last", "all"), "is no number"),
        (("list", "https://host/x"), "is not the address of a repository"),
    ],
)
def test_what_makes_no_sense_is_refused(storages, arguments, reason):
    told = storages.folder("snapshot", *arguments, code=64).stderr
    assert reason in told
    assert not (storages.path / "proofs").exists()


def test_there_is_nothing_to_list_check_or_prune_where_there_is_no_repository(storages):
    for arguments in (("list",), ("check",), ("prune", "--keep-last", "1")):
        told = storages.folder("snapshot", arguments[0], "nowhere", *arguments[1:], code=1)
        assert "there is no repository at '" in told.stderr


def test_prune_shows_first_and_removes_then(storages):
    for _ in range(3):
        storages.folder("snapshot", "create", "proofs")
    told = storages.folder("snapshot", "prune", "proofs", "--keep-last", "1").stdout
    last = "Prune: 2 snapshots to remove, 1 to stay. Nothing was removed: repeat with --yes."
    assert told.splitlines()[-1] == last
    assert "stays: last complete, last" in told
    told = storages.folder("snapshot", "prune", "proofs", "--keep-last", "1", "--yes").stdout
    assert told.splitlines()[-1] == "Pruned: 2 snapshots removed, 1 left."
    assert len(report(storages, "list", "proofs")["snapshots"]) == 1
    storages.private()


def test_prune_by_a_clock_behind_the_newest_is_refused(storages):
    made = report(storages, "create", "proofs")
    storages.scan()
    (scan,) = (storages.path / "proofs/scans").rglob("*.json")
    ahead = {"id": "20990101-000000-000-abcdef", "started_at": "2099-01-01T00:00:00.000Z"}
    document = {**json.loads(scan.read_bytes()), **ahead}
    scan.with_name(f"{document['id']}.json").write_bytes(resealed(document))
    told = storages.folder("snapshot", "prune", "proofs", "--keep-last", "1", code=1).stderr
    assert "Nothing is pruned by a clock that is wrong" in told
    assert report(storages, "list", "proofs")["snapshots"][0]["id"] == made["id"]


def test_a_repository_of_others_is_told(storages):
    shutil.copytree(storages.path / "nas", storages.path / "proofs")
    told = storages.folder("snapshot", "create", "proofs", code=1).stderr
    assert "and other files lie in it ('raw')" in told


def test_two_hundred_storages_are_kept_in_a_few_seconds(storages):
    opened = platform(storages).writer(wait=5)
    for number in range(200):
        opened.create(Values(f"s{number}", "L", "local", f"file:///data/{number}"))
    opened.close()
    made = report(storages, "create", "proofs")
    assert len(made["storages"]) == 201
    assert stat.S_IMODE((storages.path / "proofs").stat().st_mode) == 0o700


def test_a_repository_in_a_bucket_does_the_same(storages, s3):
    env = s3.environment()
    where = f"s3://{s3.new_bucket()}/lab/proofs"
    storages.folder("snapshot", "create", where, "--scan", env=env)
    told = storages.folder("snapshot", "create", where, "--digest-file", "digest", env=env)
    assert "number 2 of this platform" in told.stdout
    expected = ("--expect", storages.folder.read("digest").strip())
    told = storages.folder("snapshot", "check", where, *expected, env=env).stdout
    assert "Undamaged and untampered: 1 snapshot (2 parts, " in told
    told = storages.folder("snapshot", "prune", where, "--keep-last", "1", "--yes", env=env).stdout
    assert told.endswith("Pruned: 1 snapshot removed, 1 left.\n")
    assert storages.folder("snapshot", "check", where, *expected, env=env)
    line = ("rebuild", where, *expected, "--platform", "sqlite:///new.db", "-y")
    told = storages.folder(*line, env=env).stdout
    assert told.endswith("Rebuilt: 1 of 1 storage. NOT VERIFIED.\n")
    assert f"  reconciler verify {where}@2" in told
    told = storages.folder(
        "snapshot", "list", where, env={**env, "AWS_SECRET_ACCESS_KEY": "x"}, code=1
    )
    assert "access denied" in told.stderr
