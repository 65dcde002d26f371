"""`scan NAME…` without a repository: the platform records the files of a storage."""

import hashlib
import os
from contextlib import closing

import pytest

from reconciler.platforms import open_platform
from reconciler.recovery.paths import read


def inventory(storages, name="nas"):
    platform = open_platform(f"sqlite:///{storages.path}/platform.db", base=None, environ={})
    with closing(platform.reader()) as reader:
        (found,) = reader.find(name=name)
        return list(reader.inventory(found.id))


def test_each_file_is_recorded_by_its_path_and_hash(storages):
    strange = os.fsdecode(b"nas/a\xff\n\\x.tif")
    storages.file(strange, b"strange")
    (storages.path / "nas/link").symlink_to("raw")
    told = storages.folder("scan", "nas")
    assert "The platform has a record of each file that was read." in told.stdout
    rows = inventory(storages)
    assert len(rows) == 21
    assert all(one == other for _, one, other in rows)
    found = {read(upload_id): checksum for upload_id, checksum, _ in rows}
    assert found[b"a\xff\n\\x.tif"] == f"sha256:{hashlib.sha256(b'strange').hexdigest()}"
    assert "proofs" not in storages.folder.files()
    # Whoever only forgot --into sees what was written, though all else is to be quiet.
    quiet = storages.folder("scan", "nas", "-q").stderr
    assert "/platform.db has new records of the files of 'nas', and no repository was" in quiet
    storages.file("nas/raw/00.tif", b"other")
    storages.folder("scan", "nas")
    again = {read(upload_id): checksum for upload_id, checksum, _ in inventory(storages)}
    assert again[b"raw/00.tif"] == f"sha256:{hashlib.sha256(b'other').hexdigest()}"
    assert len(again) == 21


def test_storages_at_one_place_have_the_same_files(storages):
    storages.declare(nas=storages.path / "nas", copy=f"file://{storages.path}/nas/")
    storages.folder("scan", "nas", "copy")
    assert inventory(storages) == inventory(storages, "copy") != []


def test_nothing_is_recorded_of_what_was_not_scanned_whole(storages):
    (storages.path / "nas").rename(storages.path / "away")
    told = storages.folder("scan", "nas", code=8)
    assert "nas: not reachable" in told.stdout
    assert "Nothing was recorded on the platform." in told.stdout
    assert inventory(storages) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the storages"),
        (("nas", "--max-bytes", "1GB"), "want --into"),
        (("nas", "--max-duration", "1h"), "want --into"),
        (("other",), "no storage 'other'"),
        (("nas", "--exclude", "a//b"), "a//b"),
    ],
)
def test_what_makes_no_sense_is_refused(storages, arguments, said):
    assert said in storages.folder("scan", *arguments, code=64).stderr
    assert inventory(storages) == []
