"""What befalls a storage that is mounted, played on real file systems: one scenario a process.

`python -m support.faults.mounted SCENARIO FOLDER` must run with mounts of its own
(`unshare --mount`); it fails if the scenario does. `without_mounts` says why a machine can't.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from reconciler.errors import UnreachableError
from reconciler.recovery.rows import FILE, UNREADABLE, Rows
from reconciler.recovery.values import Root, Target
from reconciler.recovery.walking.folder import FolderSource

TESTS = Path(__file__).parents[2]
#: An ordinary user mounts in a user namespace, where the kernel lets one.
OWN_MOUNTS = ["unshare", "--mount"] + (
    [] if getattr(os, "getuid", int)() == 0 else ["--map-root-user"]
)


def without_mounts() -> str:
    """Say why nothing can be mounted here; empty if it can."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return "only Linux has mounts of one process alone"
    tried = subprocess.run([*OWN_MOUNTS, "true"], check=False, capture_output=True, text=True)
    return tried.stderr.strip()


def play(scenario: str, folder: Path) -> str:
    """Play a scenario in a process with its own mounts; return what went wrong, or nothing."""
    command = [*OWN_MOUNTS, sys.executable, "-m", __name__, scenario, str(folder)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=TESTS)
    return "" if ended.returncode == 0 else ended.stderr or str(ended.returncode)


class Nas:
    """A folder at which a file system is mounted, and the source that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "nas"
        self.folder.mkdir()

    def mount(self, *files: str, at: Path | None = None) -> None:
        """Mount an empty file system, and put files into it."""
        run("mount", "-t", "tmpfs", "-o", "size=64m", "none", at or self.folder)
        for file in files:
            path = (at or self.folder) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"the file {file}")

    def unmount(self) -> None:
        run("umount", "--lazy", self.folder)

    def source(self) -> FolderSource:
        return FolderSource(Target("1", "nas", "local", "nas", f"file://{self.folder}"), ())

    def refused(self, known: Root) -> str:
        """Return the reason for which its root is not proved."""
        try:
            self.source().prove(known)
        except UnreachableError as error:
            return error.reason
        return ""


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def listed(source: FolderSource) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for rows in source.listing():
        found |= dict(zip(rows.path, rows.kind, strict=True))
    return found


def still_there(nas: Nas) -> None:
    """Prove a root again that nothing happened to."""
    nas.mount("a", "b/c", ".x.jetraw-storage")
    root = nas.source().prove(None)
    assert nas.refused(root) == ""
    assert root.file_system == "tmpfs"


def not_mounted(nas: Nas) -> None:
    nas.mount("a")
    root = nas.source().prove(None)
    nas.unmount()
    assert nas.refused(root) == "other file system"


def mount_point_gone(nas: Nas) -> None:
    nas.mount("a")
    root = nas.source().prove(None)
    nas.unmount()
    nas.folder.rmdir()
    assert nas.refused(root) == "ENOENT"


def mounted_empty(nas: Nas) -> None:
    nas.mount("a")
    root = nas.source().prove(None)
    nas.unmount()
    nas.mount()
    assert nas.refused(root) == "other file system"


def emptied(nas: Nas) -> None:
    nas.mount("a")
    root = nas.source().prove(None)
    (nas.folder / "a").unlink()
    (nas.folder / "lost+found").mkdir()
    assert nas.refused(root) == "empty"


def emptied_but_for_the_marker(nas: Nas) -> None:
    """Take a marker for proof that the storage is there: then its files are really gone."""
    nas.mount("a", ".x.jetraw-storage")
    root = nas.source().prove(None)
    (nas.folder / "a").unlink()
    assert nas.refused(root) == ""


def another_device(nas: Nas) -> None:
    nas.mount("a")
    root = nas.source().prove(None)
    nas.mount("a")  # over it, so that no number is used again
    assert nas.refused(root) == "other file system"


def another_folder_of_it(nas: Nas) -> None:
    nas.mount("one/a", "other/b")
    run("mount", "--bind", nas.folder / "one", nas.folder)
    root = nas.source().prove(None)
    nas.unmount()
    run("mount", "--bind", nas.folder / "other", nas.folder)
    assert nas.refused(root) == "other file system"


def marker_missing(nas: Nas) -> None:
    nas.mount("a", ".x.jetraw-storage")
    root = nas.source().prove(None)
    (nas.folder / ".x.jetraw-storage").rename(nas.folder / ".y.jetraw-storage")
    assert nas.refused(root) == "no marker"


def marker_of_another_storage(nas: Nas) -> None:
    nas.mount("a", ".x.jetraw-storage")
    root = nas.source().prove(None)
    (nas.folder / ".x.jetraw-storage").write_text("another one")
    assert nas.refused(root) == "other marker"


def unmounted_half_way(nas: Nas) -> None:
    """Go on with what was open, and conclude nothing from it in the end."""
    nas.mount(*(f"{folder}/{n}" for folder in "ab" for n in range(2_000)))
    source = nas.source()
    root = source.prove(None)
    listing = source.listing()
    first = next(listing)
    nas.unmount()
    try:
        paths = [path for rows in listing for path in rows.path]
    except UnreachableError as error:
        paths, reason = [], error.reason
    else:
        reason = ""
    assert (paths, reason) == ([], "other folder")
    read = source.read(first, lambda _: None)
    assert read.path == first.path
    assert None not in read.sha256
    try:
        source.prove(root)
    except UnreachableError:
        return
    raise AssertionError("the root was proved")


def mounted_within(nas: Nas) -> None:
    """Say of a file system within that nothing is known of it, whether it is mounted or not."""
    nas.mount("a", "inner/under")
    nas.mount("b", at=nas.folder / "inner")
    source = nas.source()
    rows = next(source.listing())
    assert rows.path == [b"a", b"inner/"]
    assert rows.kind == [FILE, UNREADABLE]
    assert rows.detail == [None, b"EXDEV"]
    read = source.read(Rows([b"inner/b"], size=[1], mtime_ns=[1], ctime_ns=[1]), lambda _: None)
    assert read.detail == [b"EXDEV"]


def another_folder_of_it_within(nas: Nas) -> None:
    """Enter no folder of the same file system either: unmounted, nothing in it is missing."""
    nas.mount("a", "other/c", "within/d")
    run("mount", "--bind", nas.folder / "other", nas.folder / "within")
    assert listed(nas.source()) == {b"a": FILE, b"other/c": FILE, b"within/": UNREADABLE}


def within_itself(nas: Nas) -> None:
    nas.mount("a", "b/loop/x")
    run("mount", "--bind", nas.folder, nas.folder / "b/loop")
    assert listed(nas.source()) == {b"a": FILE, b"b/loop/": UNREADABLE}


def the_same_disk_under_another_number(nas: Nas) -> None:
    """Know a disk again that was found in another order, as after a reboot."""
    image, other = nas.folder.parent / "image", nas.folder.parent / "other"
    for path in (image, other):
        with path.open("wb") as file:
            file.truncate(8 * 2**20)
    run("mkfs.ext4", "-q", image)
    devices = []

    def attach(path: Path) -> str:
        devices.append(run("losetup", "--find", "--show", path))
        return devices[-1]

    try:
        first = attach(image)
        run("mount", first, nas.folder)
        (nas.folder / "a").write_text("a")
        number = nas.folder.stat().st_dev
        root = nas.source().prove(None)
        run("umount", nas.folder)
        run("losetup", "--detach", devices.pop())
        attach(other)
        run("mount", attach(image), nas.folder)
        assert nas.folder.stat().st_dev != number
        assert nas.refused(root) == ""
    finally:
        run("umount", "--lazy", nas.folder)
        for device in devices:
            run("losetup", "--detach", device)


SCENARIOS: dict[str, Callable[[Nas], None]] = {
    scenario.__name__: scenario
    for scenario in (
        still_there,
        not_mounted,
        mount_point_gone,
        mounted_empty,
        emptied,
        emptied_but_for_the_marker,
        another_device,
        another_folder_of_it,
        marker_missing,
        marker_of_another_storage,
        unmounted_half_way,
        mounted_within,
        another_folder_of_it_within,
        within_itself,
    )
}
#: What needs block devices besides.
ON_DISKS: dict[str, Callable[[Nas], None]] = {
    the_same_disk_under_another_number.__name__: the_same_disk_under_another_number
}

if __name__ == "__main__":
    run("mount", "--make-rprivate", "/")
    (SCENARIOS | ON_DISKS)[sys.argv[1]](Nas(Path(sys.argv[2])))
