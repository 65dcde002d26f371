"""The commands that a report tells, to be pasted: they do what is said of them."""

import re
import shlex

import pytest


@pytest.fixture
def kept(storages):
    storages.folder("snapshot", "create", "proofs", "--scan")
    return storages


def commands(told):
    """Give the commands that a report tells, as words after the first."""
    return [shlex.split(line)[1:] for line in re.findall("`(reconciler [^`]*)`", told)]


def test_what_is_told_of_a_copy_names_the_copy(kept):
    for i in range(20):
        kept.file(f"copy/raw/{i:02}.tif", b"?" if i == 3 else b"%d" % i)
    read = ("verify", "proofs", "--deep", "--relocate", f"{kept.path}/nas={kept.path}/copy")
    told = kept.folder(*read, code=7).stdout
    explain, accept = commands(told)[-2:]
    assert "WRONG since" in kept.folder(*explain, code=7).stdout
    assert "Accepted: 1 file" in kept.folder(*accept[:-1], "raw/03.tif", "-y").stdout
    kept.folder(*read)


def test_what_a_scan_tells_can_be_typed_before_there_is_a_snapshot(storages):
    storages.scan()
    (storages.path / "nas" / "raw" / "03.tif").unlink()
    told = storages.folder("scan", "--into", "proofs", code=7).stdout
    explain, accept = commands(" ".join(told.split()))
    assert explain[-2:] == ["nas", "raw/03.tif"]
    assert "WRONG since" in storages.folder(*explain, code=7).stdout
    assert "Accepted: 1 file" in storages.folder(*accept[:-1], "raw/03.tif", "-y").stdout


def test_a_name_like_an_option_is_never_taken_for_one(kept):
    for name in ("-x", "-y"):
        kept.file(f"nas/{name}")
    kept.scan()
    kept.folder("snapshot", "create", "proofs")
    for name in ("-x", "-y"):
        (kept.path / "nas" / name).unlink()
    told = kept.folder("verify", "proofs", "--deep", code=7).stdout
    assert "WRONG since" in kept.folder(*commands(told)[0], code=7).stdout
    told = kept.folder("verify", "proofs", "--accept", "nas", "-y", code=64).stderr
    assert "write '\\x2dy' for it, or '**' with -y for all of them" in told
    assert "1 file" in kept.folder("verify", "proofs", "--accept", "nas", "\\x2dy", "-y").stdout
    kept.folder("verify", "proofs", "--accept", "nas", "**", "-y")
    kept.folder("verify", "proofs", "--deep")
