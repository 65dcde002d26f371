"""A file system is known by what stays the same when it is mounted again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.disk import mounts as mounted
from reconciler.recovery.roots import file_system
from reconciler.recovery.roots.file_system import same

NFS = "dev=48 folder=/images source=nas:/export"


@pytest.mark.parametrize(
    ("then", "now", "known"),
    [
        (NFS, "dev=51 folder=/images source=nas:/export", True),  # mounted again
        (NFS, "dev=48 folder=/images source=other:/export", False),
        (NFS, "dev=48 folder=/ source=nas:/export", False),
        (NFS, "dev=2049 folder=/mnt/nas fsid=1 uuid=a", False),  # not mounted
        ("dev=1 fsid=7 uuid=a", "dev=9 fsid=8 uuid=a", True),  # an XFS on a disk found later
        ("dev=1 fsid=7 uuid=a", "dev=1 fsid=7 uuid=b", False),
        ("dev=1 fsid=7 uuid=a", "dev=2 fsid=7", True),  # in a container nobody tells UUIDs
        ("dev=1 fsid=7", "dev=1 fsid=8", False),
        ("dev=1", "dev=1", True),
        ("dev=1", "dev=2", None),
        ("dev=1", "dev=2 fsid=8", None),
        ("", "dev=2", True),  # nothing was known
    ],
)
def test_the_strongest_fact_that_both_have_decides(then: str, now: str, known: bool | None) -> None:
    assert same(then, now) is known


MOUNTS = rb"""22 28 0:21 / /proc rw,relatime - proc proc rw
77 28 0:48 / /mnt/na\040s rw shared:1 master:2 - nfs4 nas:/ex\040port rw
78 28 8:17 /sub /data rw,noatime - ext4 /dev/sdb1 rw
79 28 0:50 / /tmp rw - tmpfs tmpfs rw
80 28 0:51 / /cloud rw - fuse.davfs https://me:secret@host/share rw
"""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Say where an open folder is, and through which mount it was opened."""
    told = {"path": "/", "id": "77"}
    mounts, descriptors = tmp_path / "mountinfo", tmp_path / "fdinfo"
    mounts.write_bytes(MOUNTS)
    monkeypatch.setattr(mounted, "_MOUNTS", mounts)
    monkeypatch.setattr(mounted, "_DESCRIPTORS", descriptors)
    monkeypatch.setattr(mounted.os, "readlink", lambda _: os.fsencode(told["path"]))
    monkeypatch.setattr(file_system, "_uuid", lambda _: "11-22")
    return told


def facts(at: dict[str, str], path: str, id: str) -> tuple[str, dict[str, str]]:
    """Return what is told of a folder, but for what this machine adds."""
    at |= {"path": path, "id": id}
    mounted._DESCRIPTORS.mkdir(exist_ok=True)
    fd = os.open("/", os.O_RDONLY)
    try:
        (mounted._DESCRIPTORS / str(fd)).write_text(f"pos:\t0\nflags:\t0\nmnt_id:\t{id}\n")
        found = file_system.file_system(b"/", fd)
    finally:
        os.close(fd)
    line = file_system._facts(found.facts)
    return found.type, {name: line[name] for name in line if name not in ("dev", "fsid")}


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("path", "id", "type", "told"),
    [
        (
            "/mnt/na s/a b",
            "77",
            "nfs4",
            {"source": "nas:/ex\\x20port", "folder": "/a\\x20b"},
        ),
        ("/mnt/na s", "77", "nfs4", {"source": "nas:/ex\\x20port", "folder": "/"}),
        ("/data/images", "78", "ext4", {"uuid": "11-22", "folder": "/sub/images"}),
        ("/datasets", "78", "ext4", {"uuid": "11-22"}),  # not below where it is mounted
        ("/tmp/x", "79", "tmpfs", {"folder": "/x"}),
        ("/cloud", "80", "fuse.davfs", {"source": "https://***@host/share", "folder": "/"}),
        ("/gone", "99", "", {}),
    ],
)
def test_what_is_told_of_a_folder(
    at: dict[str, str], path: str, id: str, type: str, told: dict[str, str]
) -> None:
    assert facts(at, path, id) == (type, told)


def test_without_descriptors_the_device_is_all_that_is_known(tmp_path: Path) -> None:
    found = file_system.file_system(bytes(tmp_path), None)
    assert found == file_system.FileSystem("", f"dev={tmp_path.stat().st_dev}")


def test_a_device_that_is_not_there_has_no_uuid() -> None:
    assert file_system._uuid(b"/dev/none") == ""
