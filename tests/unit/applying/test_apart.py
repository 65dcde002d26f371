"""Files that a run is to write, in a storage that it is about: none is written."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.applying import apart
from reconciler.applying.apart import (
    Apart,
    Lying,
    check_file_apart,
    keep_journal_apart,
    warn_of_platform,
)
from reconciler.cli.main import main
from reconciler.errors import UsageError
from reconciler.given import manifest
from reconciler.manifest import load
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
from reconciler.applying.apart import Lying, Way, check_file_apart
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
    tmp_path: Path, monkeypatch, place
) -> None:
    (tmp_path / "nas").mkdir()
    told: list[str] = []
    folder = tmp_path / place / ".reconciler/journal"
    url = f"file://{tmp_path}/nas"
    monkeypatch.setattr(apart, "_node", lambda path: None)
    keep_journal_apart(Apart(), [Lying("nas", "local", url)], None, folder, told.append)
    assert ["lies in the storage 'nas', and will be found there" in one for one in told] == (
        [True] if place == "nas" else []
    )


@pytest.mark.parametrize(("file", "is_told"), [("nas/new.db", True), ("nas/old.db", False)])
def test_a_platform_that_is_made_in_a_storage_is_warned_of(tmp_path: Path, file, is_told) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "nas/old.db").touch()
    told: list[str] = []
    storages = [Lying("nas", "local", f"file://{tmp_path}/nas")]
    for address in (f"sqlite:///{tmp_path}/{file}", f"sqlite:///{tmp_path}/x.db", "https://nas"):
        warn_of_platform(storages, address, told.append)
    assert [f"{tmp_path}/{file}' lies in the storage 'nas'" in one for one in told] == (
        [True] if is_told else []
    )


def test_whatever_a_run_learns_first_no_file_of_it_lies_in_a_storage(tmp_path: Path) -> None:
    nas, old = (Lying(name, "local", f"file://{tmp_path}/{name}") for name in ("nas", "old"))
    kept = Apart()
    odd = [Lying("odd", "local", url) for url in ("file:///\0", "file:///\ud800", "")]
    kept.know(iter([*odd, nas]))
    kept.file("--rows", str(tmp_path / "a.csv"))
    kept.file("--rows", "a.csv")
    kept.know([old])
    for path in ("nas/b.csv", "old/b.csv"):
        with pytest.raises(UsageError, match=f"lies in the storage '{path[:3]}'"):
            kept.file("--out", str(tmp_path / path))
    with pytest.raises(UsageError, match=r"--rows .* lies in the storage 'whole'"):
        kept.know([Lying("whole", "local", f"file://{tmp_path}")])


def test_nothing_is_asked_for_of_storages_as_long_as_no_file_is_to_be_written() -> None:
    def dear() -> Iterator[Lying]:
        raise AssertionError
        yield

    kept = Apart()
    kept.know(dear())
    kept.file("--rows", None)
    with pytest.raises(AssertionError):
        kept.file("--rows", "a.csv")


MANIFEST = """version: 1
platform: sqlite:///platform.db
proof: {{every: 30d}}
storages:
  - {{name: nas, label: NAS, type: local, default_url: "{0}/nas"}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder whose storage `old` is live and scanned, and declared no more."""
    home = tmp_path_factory.mktemp("home")
    for name in ("nas", "old", "without"):
        (home / name).mkdir()
    old = f'  - {{name: old, label: OLD, type: local, default_url: "{home}/old"}}\n'
    text = MANIFEST.format(home)
    (home / "storages.yaml").write_text(text + old)
    run(home, "apply -y -q")
    run(home, "snapshot create proofs --scan -q")
    (home / "storages.yaml").write_text(text)
    (home / "without/storages.yaml").write_text("version: 1\nstorages: [\n")
    return home


def run(folder: Path, line: str) -> int:
    with contextlib.chdir(folder):
        return main(line.split())


@pytest.mark.parametrize(
    "line",
    [
        "verify proofs --objective --metrics old/m.prom",
        "verify proofs --objective --events old/e.jsonl",
        "verify proofs --explain old a -o json --events old/e.jsonl",
        "scan nas --into proofs --metrics old/m.prom",
        "plan --out old/p.json",
        "plan --digest-file old/digest",
        "plan -o json=old/p.json",
        "token create x --role reader --out nas/token --database sqlite:///server.db",
    ],
)
def test_nothing_is_written_on_a_storage_that_a_run_can_know_of(home, capfd, line) -> None:
    before = sorted(home.glob("*"))
    assert run(home, line) == 64
    assert "lies in the storage" in capfd.readouterr().err
    assert not list(home.glob("old/*")) + list(home.glob("nas/*"))
    assert sorted(home.glob("*")) == before


@pytest.mark.parametrize(
    "line",
    [
        "snapshot list ../proofs",
        "snapshot check ../proofs",
        "snapshot prune ../proofs --keep-last 1 --yes",
        "verify ../proofs --explain old a",
        "verify ../proofs --accept old",
        "rebuild ../proofs --platform sqlite:///new.db --dry-run",
    ],
)
def test_where_no_manifest_tells_the_newest_snapshot_does(home, capfd, line) -> None:
    assert run(home / "without", f"{line} --events ../old/e.jsonl") == 64
    assert "lies in the storage 'old'" in capfd.readouterr().err
    assert not list(home.glob("old/*"))


def test_a_manifest_is_read_once_however_many_ask_for_it(home, monkeypatch) -> None:
    read = []
    monkeypatch.setattr(manifest, "load", lambda *given: read.append(given) or load(*given))
    assert run(home, "plan -q -o json --events events.jsonl --out plan.json") == 3
    assert len(read) == 1
