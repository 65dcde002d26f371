"""What every earlier version left behind is read, and gone on with, by the program of today.

`versions/` holds what `write.py` had the code of each version write.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from compatibility.write import PLACE, ROTTEN, lay, put, rot
from reconciler.cli.main import main
from reconciler.version import __version__

VERSIONS = sorted(path for path in (Path(__file__).parent / "versions").iterdir())
WITH_JOURNAL = [path for path in VERSIONS if (path / "journal").is_dir()]
WITH_REPOSITORY = [path for path in VERSIONS if (path / "repository").is_dir()]
WRITTEN_AT = str(PLACE / "work")
REMOVED, KEPT, RENAMED = "scratch", "minio", "pictures"


def of(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("left", paths, ids=[path.name for path in paths], indirect=True)


class Left:
    """A copy of what a version left behind, and the program of today on it."""

    def __init__(self, version: Path, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(version, folder, dirs_exist_ok=True)
        # The plans were made in another folder. A plan's digest does not hold the path of a file.
        for path in folder.glob("*.json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(WRITTEN_AT, str(folder)), encoding="utf-8")

    def run(self, *line: str, code: int = 0) -> Any:
        """Run a command, expect its exit code, and return what it told as JSON."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            done = main([*line, "-o", "json"])
        assert done == code, (line, out.getvalue(), err.getvalue())
        return json.loads(out.getvalue())

    def agrees_with(self, manifest: str, *options: str) -> None:
        plan = self.run("plan", "-f", manifest, "--detailed-exitcode", *options)
        assert plan["operations"] == []


@pytest.fixture
def left(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    monkeypatch.chdir(tmp_path)
    return Left(request.param, tmp_path)


@of(VERSIONS)
def test_manifests_and_platforms_are_read(left: Left) -> None:
    left.agrees_with("storages.yaml")
    assert left.run("drift", "-f", "changed.yaml", code=2)["drift"]


@of(VERSIONS)
def test_saved_plans_are_shown_as_they_were_reviewed(left: Left) -> None:
    for name in ("create", "change", "blocked"):
        saved = json.loads((left.folder / f"{name}.json").read_text(encoding="utf-8"))
        shown = left.run("show", f"{name}.json")
        assert shown["digest"] == saved["digest"]
        told = [(each["action"], each["name"]) for each in shown["operations"]]
        assert told == [(each["action"], each["name"]) for each in saved["operations"]]
    assert left.run("apply", "blocked.json", code=3)["status"] == "blocked"
    left.agrees_with("storages.yaml")


@of(VERSIONS)
def test_a_saved_plan_is_applied(left: Left) -> None:
    left.run("apply", "change.json")
    left.agrees_with("changed.yaml")
    names = {storage["name"] for storage in left.run("list", "-f", "changed.yaml")["storages"]}
    assert names == {"raw", RENAMED, KEPT, "new"}


@of(VERSIONS)
def test_a_saved_plan_makes_a_platform_that_was_not_there(left: Left) -> None:
    (left.folder / "platform.db").unlink()
    left.run("apply", "create.json")
    left.agrees_with("storages.yaml")


@of(VERSIONS)
def test_a_saved_plan_that_somebody_changed_is_refused(left: Left) -> None:
    path = left.folder / "change.json"
    path.write_text(path.read_text(encoding="utf-8").replace("lab-new", "lab-mine"))
    with contextlib.redirect_stderr(io.StringIO()) as told:
        assert main(["apply", "change.json"]) == 4
    assert "digest" in told.getvalue()
    left.agrees_with("storages.yaml")


@of(WITH_JOURNAL)
def test_journals_answer_who_did_what(left: Left) -> None:
    runs = left.run("history", "--journal", "journal")["runs"]
    assert len(runs) == len(list((left.folder / "journal").iterdir())) == 2
    assert all(run["exit"] == 0 and run["actor"] for run in runs)
    found = left.run("history", "--journal", "journal", "--name", REMOVED)["runs"]
    told = [(each["action"], each["status"]) for run in found for each in run["operations"]]
    assert told == [("remove", "done"), ("create", "done")]


def snapshots(left: Left) -> list[str]:
    """Return the ids of all snapshots, the oldest first."""
    return sorted(path.name for path in (left.folder / "repository" / "snapshots").iterdir())


@pytest.mark.sampled(3)
@of(WITH_REPOSITORY)
def test_snapshots_are_undamaged_and_rebuilt_from(left: Left) -> None:
    assert len(left.run("snapshot", "list", "repository")["snapshots"]) == 3
    left.run("snapshot", "check", "repository")
    new = ("--platform", f"sqlite:///{left.folder}/new.db")
    left.run("rebuild", "repository", *new, "-y")
    left.agrees_with("storages.yaml", *new)


@pytest.mark.sampled(3)
@of(WITH_REPOSITORY)
def test_a_damaged_snapshot_is_found(left: Left) -> None:
    part = max((left.folder / "repository" / "parts").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9] + b"damaged!!")
    assert main(["snapshot", "check", "repository"]) != 0


@pytest.mark.sampled(3)
@of(WITH_REPOSITORY)
def test_snapshots_are_compared(left: Left) -> None:
    first, *_, last = snapshots(left)
    line = ("verify", f"repository@{last}", "--against", f"repository@{first}")
    told = left.run(*line, code=7)
    (raw,) = (each for each in told["storages"] if each["storage"] == "raw")
    assert {(each["path"], each["what"]) for each in raw["findings"]} == {
        ("rotten.raw", "damaged"),
        ("gone.raw", "missing"),
        ("late.raw", "extra"),
    }


@pytest.mark.sampled(3)
@of(WITH_REPOSITORY)
def test_a_repository_is_gone_on_with(left: Left) -> None:
    files = left.folder / "files" / "raw"
    lay(files)
    rot(files)
    here = ("-f", "storages.yaml", "--relocate", f"{PLACE}={left.folder}/files")
    left.run("scan", "raw", *here, "--into", "repository", code=7)
    assert ROTTEN in (files / "rotten.raw").read_bytes()
    put(files / "rotten.raw", b"as it was")
    put(files / "gone.raw", b"to be deleted")
    left.run("scan", "raw", *here, "--into", "repository")
    left.run("snapshot", "create", "repository", "-f", "storages.yaml")
    left.run("snapshot", "check", "repository")


def test_each_version_tells_what_wrote_it() -> None:
    assert len(WITH_REPOSITORY) > 1
    for path in VERSIONS:
        told = json.loads((path / "written.json").read_text(encoding="utf-8"))
        number, _, commit = path.name.partition("-")
        assert told["commit"] == commit
        assert number.isdigit()
        assert told["version"] <= __version__
