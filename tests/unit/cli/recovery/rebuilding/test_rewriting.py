"""The user's own files: looked at before anything is done, and written with what they had."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.inputs.ids import write_ids
from reconciler.cli.recovery.rebuilding.rewriting import check_files, rewrite
from reconciler.errors import ManifestError, ReconcilerError, UsageError
from support.recovery.rebuilding import Rebuild, empty
from support.values.building import storage

TEXT = "version: 1\nstorages: [{name: a, id: old}]\n"
ANCHORED = """\
version: 1
storages:
  - {name: a, id: &x id-a, label: *x, type: local, default_url: /a}
"""


def options(*paths: Path | str, ids: Path | str | None = None) -> RebuildOptions:
    return RebuildOptions(
        repository="proofs",
        rewrite_manifest=[str(path) for path in paths] or None,
        ids=None if ids is None else str(ids),
    )


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text(TEXT)
    real.chmod(0o664)
    link.symlink_to("real.yaml")
    (told,) = rewrite(options(link), {"old": "new"})
    assert "1 pin now has its new id." in told
    assert real.read_text() == TEXT.replace("old", "new")
    assert stat.S_IMODE(real.stat().st_mode) == 0o664
    assert link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"link.yaml", "real.yaml"}


def test_a_folder_is_every_manifest_below_it_and_none_is_written_for_nothing(
    tmp_path: Path,
) -> None:
    for name, text in (("a.yaml", TEXT), ("sub/b.yml", TEXT.replace("old", "other"))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    untouched = (tmp_path / "sub/b.yml").stat()
    told = rewrite(options(tmp_path), {"old": "new"})
    assert "a.yaml': 1 pin now has its new id." in told[0]
    assert "b.yml' is as it was: no pin in it is of a storage that has another id" in told[1]
    assert "; left as they are: line 2: no storage" in told[1]
    assert (tmp_path / "sub/b.yml").stat().st_mtime_ns == untouched.st_mtime_ns


def test_if_one_file_is_no_manifest_none_is_written(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.yaml", tmp_path / "b.yaml"
    good.write_text(TEXT)
    bad.write_text("version: [")
    for attempt in (check_files, lambda given: rewrite(given, {"old": "new"})):
        with pytest.raises(ManifestError, match=r"b\.yaml:1"):
            attempt(options(good, bad))
    assert good.read_text() == TEXT


def test_what_can_not_be_written_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "storages.yaml"
    manifest.write_text(TEXT)
    (tmp_path / "proofs").mkdir()
    monkeypatch.chdir(tmp_path)
    for given, said in (
        (options("-"), "standard input"),
        (options("no.yaml"), "does not exist"),
        (options(ids="-"), "standard output"),
        (options(manifest, ids=manifest), "would write over it: .* is not a map of ids"),
        (options(ids=tmp_path / "no" / "ids.json"), "there is no folder"),
        (options(ids="proofs/ids.json"), "lies in the repository"),
    ):
        with pytest.raises(UsageError, match=said):
            check_files(given)
    with pytest.raises(ReconcilerError, match="not an ordinary file"):
        check_files(options(ids=tmp_path))
    check_files(options(manifest, ids=tmp_path / "ids.json"))
    write_ids("ids.json", {"old": "new"})
    check_files(options(manifest, ids="ids.json"))


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_what_would_fail_at_the_end_is_told_before_the_first_write(
    rebuild: Rebuild, tmp_path: Path, more: tuple[str, ...]
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    anchored, long = folder / "storages.yaml", folder / f"{'x' * 245}.yaml"
    anchored.write_text(ANCHORED)
    long.write_text(TEXT)
    new = empty()
    for option, path, said in (
        ("--rewrite-manifest", anchored, "can't be changed without changing something else"),
        ("--rewrite-manifest", long, "File name too long. Nothing was done yet"),
        ("--ids", folder / ("y" * 250), "File name too long. Nothing was done yet"),
    ):
        with pytest.raises(ReconcilerError, match=said):
            rebuild(new, option, str(path), *more)
    assert new.writes == []
    assert set(folder.iterdir()) == {anchored, long}


def test_a_disk_that_is_full_is_found_before_the_first_write(
    rebuild: Rebuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    new, folder = empty(), tmp_path / "own"
    folder.mkdir()
    rebuild(new, "--dry-run")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReconcilerError, match=r"No space left on device\. Nothing was done yet"):
        rebuild(new, "--ids", str(folder / "ids.json"))
    assert (new.writes, list(folder.iterdir())) == ([], [])


def test_an_anchor_on_an_id_that_stays_is_no_obstacle(rebuild: Rebuild, tmp_path: Path) -> None:
    manifest = tmp_path / "storages.yaml"
    manifest.write_text(ANCHORED)
    same = empty()
    same.put(storage("a"))
    assert rebuild(same, "--rewrite-manifest", str(manifest)).code == 0
    assert manifest.read_text() == ANCHORED
