"""Files that a run is to write, in a storage that it is about: none is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.context import Context
from reconciler.cli.inputs import apart
from reconciler.cli.inputs.apart import Lying, check_file_apart, keep_journal_apart
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from support.faults.mounted import OWN_MOUNTS, without_mounts


@pytest.mark.parametrize("path", ["nas/a.csv", "nas", "link/a.csv", "in/a.csv", "nas/out"])
def test_a_file_to_be_written_in_a_storage_is_refused(tmp_path, path):
    (tmp_path / "nas/below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "nas")
    (tmp_path / "in").symlink_to(tmp_path / "nas/below")
    (tmp_path / "nas/out").symlink_to(tmp_path / "elsewhere.csv")
    storages = [Lying("nas", "local", f"file://{tmp_path}/nas"), Lying("s3", "S3", "s3://nas")]
    with pytest.raises(UsageError, match="lies in the storage 'nas', on which nothing is written"):
        check_file_apart(storages, "--rows", str(tmp_path / path))
    check_file_apart(storages, "--rows", str(tmp_path / "nas2/a.csv"))
    check_file_apart(storages, "--rows", None)


#: A bind mount, and what is refused in it.
BOUND = """
import sys
from reconciler.cli.inputs.apart import Lying, Way, check_file_apart
storages = [Lying("nas", "local", "file:///" + sys.argv[1].lstrip("/"))]
print(Way.to(__import__("pathlib").Path(sys.argv[2])).leads_into("local", storages[0].url))
check_file_apart(storages, "--out", sys.argv[2] + "/deep/plan.json")
"""


@pytest.mark.skipif(bool(without_mounts()), reason="nothing can be mounted here")
@pytest.mark.parametrize("part", ["", "/part", "/part/deep"])
def test_a_storage_is_known_where_it_is_mounted_once_more(tmp_path: Path, part: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / f"nas{part}/deep").mkdir(parents=True)
    script = f'mount --bind "$1{part}" "$2" && exec "$0" -c "$3" "$1" "$2"'
    line = [*OWN_MOUNTS, "sh", "-c", script, sys.executable]
    paths = str(tmp_path / "nas"), str(tmp_path / "other")
    told = subprocess.run(
        [*line, *paths, BOUND], check=False, capture_output=True, text=True, timeout=60
    )
    assert told.stdout == "True\n"
    assert "WithinStorageError: --out" in told.stderr


def test_a_mount_that_does_not_answer_keeps_nobody_waiting(tmp_path: Path, monkeypatch) -> None:
    def silent(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(apart, "within", silent)
    check_file_apart([Lying("nas", "local", f"file://{tmp_path}")], "--out", f"{tmp_path}/a")


def test_a_storage_that_is_not_there_is_known_by_its_name(tmp_path: Path) -> None:
    storages = [Lying("nas", "local", f"file://{tmp_path}/nas")]
    with pytest.raises(UsageError, match="lies in the storage 'nas'"):
        check_file_apart(storages, "--out", str(tmp_path / "nas/plan.json"))
    check_file_apart(storages, "--out", os.devnull)


@pytest.mark.parametrize("place", ["nas", "."])
def test_a_default_journal_in_a_storage_is_warned_of_and_no_storage_is_looked_at(
    tmp_path: Path, monkeypatch, capsys, place
) -> None:
    (tmp_path / "nas").mkdir()
    context = Context.of(Settings(), Streams(), {})
    folder = tmp_path / place / ".reconciler/journal"
    url = f"file://{tmp_path}/nas"
    monkeypatch.setattr(apart, "_node", lambda path: None)
    keep_journal_apart(context, folder, [Lying("nas", "local", url)])
    told = capsys.readouterr().err
    assert ("lies in the storage 'nas', and will be found there" in told) == (place == "nas")
