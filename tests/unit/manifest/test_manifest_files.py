"""Which files make up a manifest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ManifestError, UsageError
from reconciler.manifest import default_paths, load
from reconciler.manifest.files import MAX_BYTES, find_files, read_bytes
from reconciler.model import Problem

Write = Callable[..., Path]


def found(*paths: str) -> list[str]:
    problems: list[Problem] = []
    result = find_files(paths, problems)
    assert problems == []
    return [file.replace(os.sep, "/") for file in result]


def test_a_folder_is_every_manifest_file_below_it_sorted(write: Write) -> None:
    for name in ("f/b.yaml", "f/a.yml", "f/c/d.yaml", "f/c/A.yaml", "f/readme.md", "f/x.yaml.bak"):
        write("version: 1", name)
    assert found("f") == ["f/a.yml", "f/b.yaml", "f/c/A.yaml", "f/c/d.yaml"]


def test_hidden_files_and_folders_are_left_out_unless_named(write: Write) -> None:
    for name in ("f/a.yaml", "f/.b.yaml", "f/.git/c.yaml", ".hidden/d.yaml"):
        write("version: 1", name)
    assert found("f") == ["f/a.yaml"]
    assert found(".hidden") == [".hidden/d.yaml"]
    assert found("f/.b.yaml") == ["f/.b.yaml"]


def test_a_file_that_is_named_may_have_any_name(write: Write) -> None:
    write("version: 1", "manifest.txt")
    assert found("manifest.txt") == ["manifest.txt"]


def test_a_folder_that_is_called_like_a_file(write: Write) -> None:
    write("version: 1", "f/x.yaml/a.yaml")
    assert found("f") == ["f/x.yaml/a.yaml"]


def test_links_are_followed_and_loops_end(write: Write) -> None:
    write("version: 1", "f/a.yaml")
    write("version: 1", "other/b.yaml")
    Path("f/again.yaml").symlink_to("a.yaml")
    Path("f/other").symlink_to("../other")
    Path("other/back").symlink_to("../f")
    assert found("f") == ["f/a.yaml", "f/other/b.yaml"]


def test_a_link_to_itself_is_a_problem_and_no_loop(write: Write) -> None:
    write("version: 1", "f/a.yaml")
    Path("f/loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(ManifestError) as caught:
        load(["f"], {})
    assert "loop.yaml: the file can't be read" in str(caught.value)


@pytest.mark.parametrize("path", ["f", "f/gone.yaml"])
def test_a_dangling_link_is_a_problem(write: Write, path: str) -> None:
    write("version: 1", "f/a.yaml")
    Path("f/gone.yaml").symlink_to("nowhere")
    with pytest.raises(ManifestError, match=r"gone\.yaml: the file can't be read: No such file"):
        load([path], {})


def test_a_folder_without_yaml(write: Write) -> None:
    write("", "f/readme.md")
    with pytest.raises(ManifestError, match=r"f: there is no \*\.yaml or \*\.yml file"):
        load(["f"], {})


def test_a_pipe_in_a_folder_is_a_problem_and_is_not_waited_for(write: Write) -> None:
    write("version: 1", "f/a.yaml")
    os.mkfifo("f/pipe.yaml")
    with pytest.raises(ManifestError, match=r"pipe\.yaml: this is a pipe"):
        load(["f"], {})


def test_a_folder_that_can_not_be_listed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("version: 1", "f/a.yaml")
    write("version: 1", "f/g/b.yaml")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("g"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ManifestError, match="the folder can't be read: Permission denied"):
        load(["f"], {})


def test_a_file_over_the_limit_is_refused_before_it_is_read(write: Write) -> None:
    path = write("")
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(ManifestError, match=r"m\.yaml: .* larger than 64 MiB: split it"):
        load(["m.yaml"], {})
    os.truncate(path, MAX_BYTES)
    assert len(read_bytes("m.yaml")) == MAX_BYTES


def test_a_device_without_end_is_refused_too() -> None:
    with pytest.raises(OSError, match="larger than 64 MiB"):
        read_bytes("/dev/zero")


def test_default_paths(write: Write, tmp_path: Path) -> None:
    write("", "unrelated.yaml")
    with pytest.raises(UsageError, match="reconciler init"):
        default_paths()
    write("version: 1", "storages/a.yaml")
    assert default_paths() == ["storages"]
    write("version: 1", "storages.yaml")
    with pytest.raises(UsageError, match=r"are storages\.yaml and storages here"):
        default_paths()
    (tmp_path / "storages.yml").touch()
    with pytest.raises(UsageError, match=r"are storages\.yaml, storages\.yml and storages here"):
        default_paths()
    (tmp_path / "storages.yml").unlink()
    (tmp_path / "storages/a.yaml").unlink()
    (tmp_path / "storages").rmdir()
    assert default_paths() == ["storages.yaml"]
    (tmp_path / "storages.yaml").rename(tmp_path / "storages.yml")
    assert default_paths() == ["storages.yml"]


def test_suffixes_in_capitals_count_too(write: Write) -> None:
    write("version: 1", "m/a.yaml")
    write("version: 1", "m/B.YAML")
    write("version: 1", "m/c.Yml")
    assert find_files(["m"], []) == ["m/B.YAML", "m/a.yaml", "m/c.Yml"]


def test_a_byte_order_mark_is_left_out_at_the_start_of_a_file(write: Write) -> None:
    write(b"\xef\xbb\xbfversion: 1\nstorages: []\n")
    assert load(["m.yaml"], {}).files == ("m.yaml",)
