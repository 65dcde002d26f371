"""Rot, and what must not hide it: later scans and snapshots, and damage of the repository."""

import json
import sys

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


def verified(storages, *arguments, code):
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
        "\nFINDINGS: 1 damaged found earlier and neither seen whole since nor accepted; 21 of 21 "
        "files compared.\n"
    )
    rotten.file("nas/raw/07.tif", b"7")
    told = rotten.folder("verify", "proofs", "--deep").stdout
    assert "1 earlier finding resolved" in told
    rotten.folder("snapshot", "create", "proofs", "--scan")
    told = rotten.folder("verify", "proofs", "--deep").stdout
    assert told.endswith("\nVerified: 21 of 21 files compared, and all agree.\n")


def test_rot_of_a_file_that_no_snapshot_has_is_not_lost(rotten):
    rotten.file("nas/new.tif", b"n")
    rotten.scan(code=7)
    rotten.file("nas/raw/07.tif", b"7")
    rotten.file("nas/new.tif", b"m")
    report = verified(rotten, "--deep", code=7)
    assert [one["lasts"] for one in report["storages"]] == [{"damaged": 1}, {}]


@pytest.mark.parametrize("how", ["--deep", "--against"])
def test_a_damaged_part_keeps_nothing_back_of_other_storages(rotten, how):
    damage(rotten, "usb")
    arguments = [how]
    if how == "--against":
        (first,) = (rotten.path / "proofs/snapshots").iterdir()
        rotten.folder("snapshot", "create", "proofs", "--scan", code=7)
        arguments.append(f"proofs@{first.name}")
    nas, usb = verified(rotten, *arguments, code=7)["storages"]
    assert (nas["found"], usb["found"]) == ({"damaged": 1}, {"not_verified": 1})
    assert "it is damaged" in usb["findings"][0]["note"]
