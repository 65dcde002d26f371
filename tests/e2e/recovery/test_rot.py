"""Rot, and what must not hide it: later scans and snapshots, and damage of the repository."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs a file system that is trusted"
)


@pytest.fixture
def rotten(storages):
    """Storages with a snapshot, after which one bit has flipped; others are whole."""
    storages.file("usb/a", b"1")
    storages.declare(nas=storages.path / "nas", usb=storages.path / "usb")
    storages.folder("snapshot", "create", "proofs", "--scan")
    storages.file("nas/raw/07.tif", b"6")
    return storages


def verified(storages, *arguments, code=0):
    told = storages.folder("verify", "proofs", "-o", "json", *arguments, code=code)
    return json.loads(told.stdout)


def damage(storages, name):
    """Flip a bit of the part with a storage's contents."""
    (document,) = (storages.path / "proofs/snapshots").glob("*/snapshot.json")
    each = json.loads(document.read_bytes())["storages"]
    sha256 = next(one["contents"]["sha256"] for one in each if one["name"] == name)
    part = storages.path / "proofs/parts" / sha256[:2] / f"{sha256}.parquet"
    data = bytearray(part.read_bytes())
    data[20] ^= 1
    part.write_bytes(data)


def test_a_scan_and_a_snapshot_with_the_rotten_bytes_do_not_hide_it(rotten):
    for _ in range(2):
        told = rotten.folder("scan", "--into", "proofs", "--full", code=7).stdout
        assert "1 file damaged: other bytes, though by the time nobody wrote there: raw/07" in told
        assert told.endswith("\nFINDINGS: 1 damaged. Scan: 2 storages, complete.\n")
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    told = rotten.folder("verify", "proofs", "--deep", code=7).stdout
    assert told.endswith(
        "\nFINDINGS: 1 damaged found earlier, open until the good bytes are read there again or it "
        "is accepted; 21 of 21 files compared.\n"
    )
    rotten.file("nas/raw/07.tif", b"7")
    told = rotten.folder("verify", "proofs", "--deep").stdout
    assert "1 earlier finding resolved" in told
    rotten.folder("snapshot", "create", "proofs", "--scan")
    told = rotten.folder("verify", "proofs", "--deep").stdout
    assert told.endswith("\nVerified: 21 of 21 files compared, and all agree.\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("scan --into proofs --full", 7),
        ("verify proofs --deep", 7),
        ("snapshot create proofs --scan", 1),  # of which none was made
    ],
)
def test_rot_is_told_though_the_repository_has_no_room_for_what_was_read(rotten, command, code):
    # As a disk that is full: no file of it may become larger than this.
    done = rotten.folder.shell(f'ulimit -f 1; exec "$0" {command}')
    assert done.returncode == code, done.stderr
    told = done.stdout + done.stderr
    assert re.search("^FINDINGS: .*1 damaged", told, re.MULTILINE), told
    assert "See to it that the folder has room, then run the command again" in told


def test_rot_is_told_though_there_is_no_room_for_the_table_that_was_asked_for(rotten):
    # What the repository keeps of so little is smaller than a table in this format.
    done = rotten.folder.shell('ulimit -f 4; exec "$0" verify proofs --deep --rows found.parquet')
    assert done.returncode == 7, done.stderr
    assert re.search("^FINDINGS: 1 damaged", done.stdout, re.MULTILINE), done.stdout
    assert "found.parquet" not in done.stdout
    assert "Error: can't write 'found.parquet': File too large" in done.stderr
    assert not list(rotten.path.glob("*found.parquet*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("verify proofs --deep", 7),
        ("scan --into proofs --full -q", 7),
        ("verify proofs --deep --scope usb", 1),
    ],
)
def test_rot_decides_the_exit_code_though_nobody_can_be_told(rotten, command, code):
    done = rotten.folder.shell(f'exec "$0" {command} > /dev/full')
    assert (done.returncode, done.stdout) == (code, "")
    assert "Error: can't write to standard output" in done.stderr


@pytest.mark.parametrize("scans", [True, False])
def test_a_snapshot_is_told_though_there_is_no_room_for_its_digest(rotten, scans):
    create = ("snapshot", "create", "proofs", "-q", "--digest-file", "none/digest")
    done = rotten.folder(*create, *["--scan"] * scans, code=7 if scans else 1)
    (told,) = re.findall(r"Error: can't write 'none/digest'.* its digest is (.*)", done.stderr)
    rotten.folder("snapshot", "check", "proofs", "--expect", told)


def test_rot_of_a_file_that_no_snapshot_has_is_not_lost(rotten):
    rotten.file("nas/new.tif", b"n")
    rotten.scan(code=7)
    rotten.file("nas/raw/07.tif", b"7")
    rotten.file("nas/new.tif", b"m")
    report = verified(rotten, "--deep", code=7)
    assert [one["lasts"] for one in report["storages"]] == [{"damaged": 1}, {}]


def test_what_is_gone_is_told_until_somebody_accepts_it(rotten):
    (rotten.path / "nas/raw/03.tif").unlink()
    for _ in range(2):
        rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
        report = verified(rotten, "--against", code=7)
    assert report["storages"][0]["lasts"] == {"damaged": 1, "missing": 1}
    told = rotten.folder("verify", "proofs", "--accept", "nas", code=64).stderr
    assert "(missing)  raw/03.tif" in told
    assert "no terminal to ask on" in told
    accept = ("verify", "proofs", "--accept", "nas", "raw/03.tif", "--reason", "a test")
    assert "Nothing was accepted" in rotten.folder.on_terminal(*accept, answer=b"y\n", code=1)
    assert "Accepted: 1 file of nas." in rotten.folder.on_terminal(*accept, answer=b"yes\n")
    rotten.folder("verify", "proofs", "--accept", "nas", "-y")
    report = verified(rotten, "--against")
    assert report["storages"][0]["accepted_count"] == 2
    rotten.scan("--full")
    told = rotten.folder("verify", "proofs", "--explain", "nas", "raw/03.tif").stdout
    assert "accepted 2" in told
    assert ": a test" in told
    withdraw = ("verify", "proofs", "--withdraw", "nas", "raw/03.tif")
    assert "Nothing was withdrawn" in rotten.folder.on_terminal(*withdraw, answer=b"y\n", code=1)
    assert "Withdrawn: 1 file of nas." in rotten.folder.on_terminal(*withdraw, answer=b"yes\n")
    rotten.scan(code=7)
    assert verified(rotten, "--against", code=7)["storages"][0]["lasts"] == {"missing": 1}
    told = rotten.folder("verify", "proofs", "--explain", "nas", "raw/03.tif", code=7).stdout
    assert "; withdrawn 2" in told
    rotten.folder("verify", "proofs", "--accept", "nas", "-y")
    # Another fault of the same file is another finding.
    rotten.file("nas/raw/07.tif", b"5")
    rotten.scan("--full", code=7)
    assert verified(rotten, "--against", code=7)["storages"][0]["lasts"] == {"damaged": 1}


def test_what_is_found_in_a_copy_says_nothing_of_the_storage_and_the_other_way_round(rotten):
    copy = rotten.path / "copy"
    shutil.copytree(rotten.path / "nas", copy)
    rotten.file("copy/raw/07.tif", b"7")
    rotten.file("copy/raw/08.tif", b"9")
    moved = ("--deep", "--relocate", f"{rotten.path}/nas={copy}", "--scope", "nas")

    def paths(which, *arguments, code=7):
        (one,) = verified(rotten, *arguments, "--scope", "nas", code=code)["storages"]
        return [f["path"] for f in one[which]]

    assert paths("findings", "--deep") == ["raw/07.tif"]
    assert paths("findings", *moved) == ["raw/08.tif"]
    assert paths("findings", "--deep") == ["raw/07.tif"]
    # A new snapshot has the rotten bytes: the copy has the good ones, and is not blamed for it.
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    rotten.file("copy/raw/08.tif", b"8")
    (one,) = verified(rotten, *moved)["storages"]
    assert ([f["path"] for f in one["resolved"]], one["lasting"]) == (["raw/08.tif"], [])
    assert "it says nothing of the storage itself" in one["notes"][-1]
    assert not list(rotten.path.glob("proofs/snapshots/*/verified.json"))
    assert paths("lasting", "--deep") == ["raw/07.tif"]


@pytest.mark.parametrize("how", ["--deep", "--against"])
def test_a_damaged_part_keeps_nothing_back_of_other_storages(rotten, how):
    damage(rotten, "usb")
    # Else what is read within the same second is the same part, and mends it.
    rotten.file("usb/new", b"new")
    arguments = [how]
    if how == "--against":
        (first,) = (rotten.path / "proofs/snapshots").iterdir()
        rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
        arguments.append(f"proofs@{first.name}")
    nas, usb = verified(rotten, *arguments, code=7)["storages"]
    assert (nas["found"], usb["found"]) == ({"damaged": 1}, {"not_verified": 1})
    assert "it is corrupt" in usb["findings"][0]["note"]


@pytest.mark.parametrize("accepted", [False, True])
def test_good_bytes_are_good_whatever_became_of_the_file_since_a_snapshot(storages, accepted):
    def run(*arguments, code):
        return storages.folder(*arguments, code=code).stdout

    storages.scan()
    run("snapshot", "create", "proofs", code=0)
    file = storages.file("nas/raw/03.tif", b"R")
    storages.scan(code=7)
    if accepted:
        run("verify", "proofs", "--accept", "nas", "raw/03.tif", "-y", code=0)
    run("snapshot", "create", "proofs", code=0)
    file.unlink()
    assert storages.scan(code=7)["scans"][0]["missing"]["count"] == 1
    # That it was accepted as it was then is no word about that it went.
    told = run("verify", "proofs", "--against", code=7)
    assert ("1 missing found earlier" in told) == accepted
    storages.file("nas/raw/03.tif", b"3")
    storages.scan()
    told = run("verify", "proofs", "--deep", code=0)
    agree = "and all agree but 1 with earlier bytes than the snapshot has"
    assert told.endswith(f"Verified: 20 of 20 files compared, {agree}.\n")
    told = run("verify", "proofs", "--explain", "nas", "raw/03.tif", code=0)
    assert f"The good one: 1 B, SHA-256 {hashlib.sha256(b'3').hexdigest()}" in told


def test_a_snapshot_is_not_called_verified_by_files_that_it_has_otherwise(rotten):
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    rotten.file("nas/raw/07.tif", b"7")
    rotten.scan()
    report = verified(rotten, "--deep")
    assert [(one["found"], one["restored"]) for one in report["storages"]] == [({}, 1), ({}, 0)]
    told = rotten.folder("verify", "proofs", "--deep", "-q").stdout
    assert told.endswith("and all agree but 1 with earlier bytes than the snapshot has.\n")
    assert not list(rotten.path.glob("proofs/snapshots/*/verified.json"))


@pytest.mark.parametrize("mended", [False, True])
def test_a_copy_that_is_as_wrong_as_the_snapshot_is_not_right_for_that(rotten, mended):
    kept = rotten.path / "nas/raw/03.tif"
    kept.rename(rotten.path / "kept")
    bad, good = rotten.path / "bad", rotten.path / "good"
    shutil.copytree(rotten.path / "nas", bad)
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    (rotten.path / "kept").rename(kept)
    shutil.copytree(rotten.path / "nas", good)
    rotten.file("good/raw/07.tif", b"7")
    if mended:
        rotten.file("nas/raw/07.tif", b"7")
        rotten.scan()
    # Whatever came before is not known any more, but for what was found.
    first = min((rotten.path / "proofs/snapshots").iterdir())
    (first / "snapshot.json").write_bytes(b"{}")

    def moved(copy):
        return "--deep", "--relocate", f"{rotten.path}/nas={copy}", "--scope", "nas"

    for _ in range(2):
        (one,) = verified(rotten, *moved(bad), code=7)["storages"]
        told = {f["path"]: f["what"] for f in one["findings"]}
        assert told == {"raw/03.tif": "missing", "raw/07.tif": "damaged"}
        assert one["found"] == {"damaged": 1, "missing": 1}
    (one,) = verified(rotten, *moved(good))["storages"]
    assert (one["verdict"], one["restored"]) == ("agrees", 2)


def test_a_comparison_of_the_past_opens_nothing_that_is_over(rotten):
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    shutil.rmtree(rotten.path / "proofs/findings")
    rotten.file("nas/raw/07.tif", b"7")
    rotten.folder("scan", "--into", "proofs", "--accept-loss", "nas", "--accept-loss", "usb")
    first, second = sorted(each.name for each in (rotten.path / "proofs/snapshots").iterdir())
    for _ in range(2):
        told = rotten.folder(
            "verify", f"proofs@{second}", "--against", f"proofs@{first}", code=7
        ).stdout
        assert "FINDINGS: 1 damaged;" in told
    explained = rotten.folder("verify", "proofs", "--explain", "nas", "raw/07.tif").stdout
    assert "not resolved" not in explained


def test_damage_that_is_copied_back_with_its_time_is_damage_again(rotten):
    file = rotten.path / "nas/raw/07.tif"
    rotten.scan(code=7)
    shutil.copy2(file, rotten.path / "mirror")
    rotten.folder("snapshot", "create", "proofs")
    file.write_bytes(b"7")  # as it was, and with a new time
    rotten.scan()
    shutil.copy2(rotten.path / "mirror", file)
    for _ in range(2):
        (nas, _) = rotten.scan(code=7)["scans"]
        assert (nas["altered"]["count"], nas["altered"]["first"]) == (1, ["raw/07.tif"])
    (nas, _) = verified(rotten, "--deep", code=7)["storages"]
    assert nas["lasts"] == {"damaged": 1}
    told = rotten.folder("verify", "proofs", "--explain", "nas", "raw/07.tif", code=7).stdout
    assert f"The good one: 1 B, SHA-256 {hashlib.sha256(b'7').hexdigest()}" in told
    rotten.folder("verify", "proofs", "--accept", "nas", "-y")
    rotten.scan()


def test_a_copy_with_rotten_bytes_is_damaged_though_the_storage_was_written_since(rotten):
    rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
    copy = rotten.path / "copy"
    shutil.copytree(rotten.path / "nas", copy)
    rotten.file("nas/raw/07.tif", b"written", 1_612_345_678)
    rotten.scan()
    moved = ("--deep", "--relocate", f"{rotten.path}/nas={copy}", "--scope", "nas")
    (one,) = verified(rotten, *moved, code=7)["storages"]
    assert [(f["what"], f["path"]) for f in one["findings"]] == [("damaged", "raw/07.tif")]
