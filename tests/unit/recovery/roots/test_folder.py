"""The root of a local storage is proved: it is there, and it is the one of the last scan."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.errors import UnreachableError
from reconciler.recovery.roots import folder
from reconciler.recovery.roots.folder import folder_of, prove
from reconciler.recovery.roots.marker import LARGEST
from reconciler.recovery.values import Root


@pytest.fixture(params=["by descriptor", "by path"], autouse=True)
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the folder, and do without as on Windows."""
    monkeypatch.setattr(folder, "_BY_DESCRIPTOR", request.param == "by descriptor")


def proved(path: Path, known: Root | None = None) -> Root:
    return prove(bytes(path), f"file://{path}", known)


def refused(path: Path, known: Root | None = None) -> UnreachableError:
    with pytest.raises(UnreachableError) as refusal:
        proved(path, known)
    return refusal.value


def test_a_root_is_described(tmp_path: Path) -> None:
    (tmp_path / ".x.jetraw-storage").write_bytes(b"id")
    root = proved(tmp_path)
    assert root.kind == "folder"
    assert root.url == f"file://{tmp_path}"
    assert root.marker == ".x.jetraw-storage"
    assert root.marker_sha256 == hashlib.sha256(b"id").hexdigest()
    assert not root.empty
    assert proved(tmp_path, root) == root


@pytest.mark.parametrize("names", [[], ["lost+found"]])
def test_a_new_file_system_is_empty(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    assert proved(tmp_path).empty
    assert proved(tmp_path, proved(tmp_path)).empty  # as it was


def test_a_root_is_there_and_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "none").reason == "ENOENT"
    assert "--relocate" in str(refused(tmp_path / "none"))
    assert refused(tmp_path / "file").reason == "ENOTDIR"
    assert refused(tmp_path / "file" / "x").reason == "ENOTDIR"


def test_a_root_may_be_reached_through_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    assert proved(tmp_path / "link").kind == "folder"


def test_a_root_that_is_suddenly_empty_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    known = proved(tmp_path)
    (tmp_path / "a").unlink()
    refusal = refused(tmp_path, known)
    assert refusal.reason == "empty"
    assert str(refusal).startswith(f"{tmp_path} is empty, and was not at the last scan")


def test_the_marker_is_the_one_that_was_there(tmp_path: Path) -> None:
    first, other = tmp_path / "1.jetraw-storage", tmp_path / "0.jetraw-storage"
    first.write_bytes(b"first")
    known = proved(tmp_path)
    other.write_bytes(b"another, that sorts before it")
    assert proved(tmp_path, known).marker == first.name
    first.write_bytes(b"changed")
    assert refused(tmp_path, known).reason == "other marker"
    first.unlink()
    assert refused(tmp_path, known).reason == "no marker"


def test_nobody_is_told_to_make_a_marker(tmp_path: Path) -> None:
    (tmp_path / "x.jetraw-storage").touch()
    known = proved(tmp_path)
    (tmp_path / "x.jetraw-storage").unlink()
    (tmp_path / "a").touch()
    text = str(refused(tmp_path, known))
    assert text.endswith("mount the right one; if that was meant, scan it once with --accept-root")


def test_a_copy_is_no_root_to_be_accepted(tmp_path: Path) -> None:
    """All that it lacks would be missing from the storage."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    (original / "x.jetraw-storage").touch()
    known = proved(original)
    copy.mkdir()
    for name, reason in ((None, "empty"), ("a", "no marker"), ("x.jetraw-storage", "other marker")):
        if name:
            (copy / name).write_text("another")
        refusal = refused(copy, known if name else replace(known, marker=""))
        assert refusal.reason == reason
        assert "--accept-root" not in str(refusal)
        assert "restore the storage into it, whole, or say with --relocate" in str(refusal)


def test_only_a_small_file_is_a_marker(tmp_path: Path) -> None:
    (tmp_path / "folder.jetraw-storage").mkdir()
    (tmp_path / "link.jetraw-storage").symlink_to("x.jetraw-storage")
    (tmp_path / "large.jetraw-storage").write_bytes(bytes(LARGEST + 1))
    assert proved(tmp_path).marker == ""
    (tmp_path / "x.jetraw-storage").write_bytes(bytes(LARGEST))
    assert proved(tmp_path).marker_sha256 == hashlib.sha256(bytes(LARGEST)).hexdigest()


def test_a_marker_may_come_later(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    known = proved(tmp_path)
    (tmp_path / "x.jetraw-storage").touch()
    assert proved(tmp_path, known).marker


@pytest.mark.parametrize(
    ("device", "marker", "reason"),
    [
        ("dev=1 source=nas:/export", True, ""),  # nothing here contradicts it but the number
        ("dev=1", True, ""),
        ("dev=1", False, "other file system"),
        ("dev=1 folder=/elsewhere", True, "other file system"),
    ],
)
def test_a_number_alone_counts_only_where_no_marker_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, marker: bool, reason: str
) -> None:
    here = folder.file_system.FileSystem("", "dev=2 folder=/here")
    monkeypatch.setattr(folder.file_system, "file_system", lambda *_: here)
    (tmp_path / "a").touch()
    if marker:
        (tmp_path / "x.jetraw-storage").touch()
    known = replace(proved(tmp_path), device=device)
    if reason:
        assert refused(tmp_path, known).reason == reason
    else:
        assert proved(tmp_path, known)


def test_another_address_may_lead_to_another_file_system(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    known = replace(proved(tmp_path), device="source=nas:/export folder=/x")
    assert refused(tmp_path, known).reason == "other file system"
    assert proved(tmp_path, replace(known, url="file:///mnt/nas"))


def test_names_that_are_no_text_are_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n.jetraw-storage")
    (tmp_path / name).write_bytes(b"1")
    root = proved(tmp_path)
    assert root.marker == r"\xff\n.jetraw-storage"
    (tmp_path / "0.jetraw-storage").write_bytes(b"2")
    assert proved(tmp_path, root) == root


@pytest.mark.parametrize("url", ["file:///mnt/nas", "FILE:///mnt/nas", "/mnt/nas"])
def test_an_address_names_a_folder(url: str) -> None:
    assert folder_of(url) == b"/mnt/nas"


def test_a_blank_or_a_percent_sign_in_an_address_is_itself() -> None:
    assert folder_of("file:///mnt/na s%20") == b"/mnt/na s%20"


def test_on_windows_a_drive_stands_behind_the_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(folder.Path, "is_absolute", lambda _: True)
    assert folder_of("file:///C:/images") == b"C:/images"


@pytest.mark.parametrize("url", ["file://host/share", "images", "file://", "/a\0b"])
def test_an_address_that_names_no_folder_is_refused(url: str) -> None:
    with pytest.raises(UnreachableError, match="--relocate"):
        folder_of(url)
