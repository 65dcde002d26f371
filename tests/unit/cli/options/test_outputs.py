"""No output replaces what must stay: every option that writes, against everything protected."""

from __future__ import annotations

import argparse
import os
from functools import cache
from pathlib import Path

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.command import Row
from reconciler.cli.options.outputs import of_manifest, of_report, refusal
from reconciler.cli.options.parser import command_parser
from reconciler.cli.settings import (
    GITHUB_FILES,
    VERDICTS,
    Appended,
    Output,
    Settings,
    WrittenManifest,
    manifest_path,
    output_path,
)
from reconciler.report.formats import signed

#: What options call paths.
PATHS = ("FILE", "DIR", "PATH", "REPO")
#: Options with a path that is read, or in which a command makes files of names of its own, or that
#: is there to be written anew.
OTHERS = {
    *("--file", "--env-file", "--journal", "--state", "--tls-cert", "--tls-key", "--scan"),
    *("--into", "--from-report", "--listing", "--rewrite-manifest", "--notify-urls"),
    *("repository", "paths", "plan", "plan --ids"),
}


@cache
def options(row: Row) -> tuple[argparse.Action, ...]:
    """Return the options of a command that take a path, as its own definition has them."""
    return tuple(
        action
        for action in command_parser(row, COMMANDS)._actions
        if action.metavar in PATHS or writes(action)
    )


def writes(action: argparse.Action) -> bool:
    return action.type in (output_path, manifest_path)


#: A command, and the option that names the file; none for `-o`.
WRITING = [
    *((row, action) for row in COMMANDS for action in options(row) if writes(action)),
    *((row, None) for row in COMMANDS if set(VERDICTS) <= set(row.command.formats)),
]


def test_each_option_with_a_path_is_known_to_write_or_not() -> None:
    for row in COMMANDS:
        for action in options(row):
            name = ([o for o in action.option_strings if o.startswith("--")] or [action.dest])[0]
            is_other = bool({name, f"{row.name} {name}"} & OTHERS)
            assert writes(action) != is_other, (row.name, name)
    written = {action.dest for _, action in WRITING if action}
    assert written == {"out", "digest_file", "rows", "metrics", "ids", "events"}


def asked(row: Row, action: argparse.Action | None, path: str, **given: object) -> str:
    """Return why a command refuses to write to a path."""
    chosen, after = Settings(**given), argparse.Namespace(output=None)
    if action is None:
        chosen.output_files = (Output("json", path),)
    else:
        assert callable(action.type)
        value = action.type(path)
        setattr(chosen if action.dest == "events" else after, action.dest, value)
    return refusal(row, argparse.Namespace(output=None), after, chosen)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("storages/sub", "disk/journal", "jj", "proofs/scans", "known", "plain"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".reconciler").mkdir()
    (tmp_path / ".reconciler" / "journal").symlink_to(tmp_path / "disk" / "journal")
    for file in ("storages/a.yaml", "m.txt", "v.env", "token", "known/watch.lock", "free.json"):
        (tmp_path / file).write_text("x")
    (tmp_path / "proofs" / "reconciler-repository.json").write_text("{}")
    (tmp_path / "run").write_text('{"time":"…","event":"run_started","format_version":1}\n')
    (tmp_path / "link.json").symlink_to("v.env")
    (tmp_path / "to-be.json").symlink_to("storages/new.yaml")
    (tmp_path / "linked").symlink_to("storages")
    (tmp_path / "shared" / "apart").mkdir(parents=True)
    (tmp_path / "shared" / "raw.conf").write_text("x")
    (tmp_path / "storages" / "raw.yaml").symlink_to("../shared/raw.conf")
    (tmp_path / "storages" / "sub" / "more").symlink_to("../../shared/apart")
    (tmp_path / "shared" / "apart" / "again").symlink_to("../../storages")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / ".git" / "HEAD").write_text("x")
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree" / ".git").write_text("x")
    (tmp_path / "head.json").symlink_to("repository/.git/HEAD")
    os.link(tmp_path / "v.env", tmp_path / "hard.json")
    monkeypatch.setenv("RECONCILER_TOKEN_FILE", "token")
    return tmp_path


#: Where manifests are written.
OF_MANIFEST = ("storages/", "linked/", "to-be.json", "shared/")
#: Each is held against each option.
PROTECTED = {
    "an env-file": "v.env",
    "by a link": "link.json",
    "by a hard link": "hard.json",
    "by another way": "plain/../v.env",
    "the file of a token": "token",
    "a new file in a manifest's folder": "storages/b.yaml",
    "below it": "storages/sub/b.yml",
    "in a folder that a link leads to": "linked/b.yaml",
    "by a link that leads to nothing": "to-be.json",
    "where a link in the manifest's folder leads": "shared/apart/new.yaml",
    "a branch": "repository/.git/HEAD",
    "what git has not made yet": "repository/.git/hooks/new",
    "by a link into it": "head.json",
    "where the repository of a worktree is": "worktree/.git",
    "a journal": "run",
    "a journal's folder": ".reconciler/journal/x.jsonl",
    "what a link makes of that": "disk/journal/../../.reconciler/journal/x.jsonl",
    "a given journal's folder": "jj/x.jsonl",
    "a repository": "proofs/scans/x.json",
    "what a watch knows": "known/watch.json",
    "a watch's folder": ".reconciler/watch/watch.json",
}


@pytest.mark.parametrize("path", PROTECTED.values(), ids=PROTECTED.keys())
def test_no_option_writes_there(place: Path, path: str) -> None:
    given = {"env_files": ("v.env",), "journal": "jj"}
    for row, action in WRITING:
        told = asked(row, action, path, **given)
        if action and action.type is manifest_path and path.startswith(OF_MANIFEST):
            assert told == ""
        else:
            assert told, (row.name, action)


def test_other_files_are_written(place: Path) -> None:
    given = {"env_files": ("v.env",), "journal": "jj"}
    (place / "free.json").write_text("")
    for path in ("free.json", "new.json", "plain/new", "storages/plan.json", ".reconciler/new"):
        for row, action in WRITING:
            assert asked(row, action, path, **given) == "", (row.name, action, path)
    for row, action in WRITING:
        assert bool(asked(row, action, "other.yaml")) == (action is None), row.name


def test_no_two_outputs_are_one_file(place: Path) -> None:
    (place / "also.json").symlink_to("new.json")
    for row, action in WRITING:
        if action and action.dest != "events":
            for path in ("new.json", "./new.json", "also.json"):
                given = {"events": output_path("new.json")}
                assert "is named twice" in asked(row, action, path, **given), row.name
        elif action is None:
            given = {"events": output_path("plain/../new.json")}
            assert "is named twice" in asked(row, action, "new.json", **given), row.name


def test_a_report_replaces_no_file_of_the_manifest(place: Path) -> None:
    for row, action in WRITING:
        if action is None:
            assert "this run reads" in asked(row, action, "m.txt", files=("m.txt",))
            assert "this run reads" in asked(row, action, "shared/raw.conf")


#: What a slip names, of which no option and no manifest on the line knows.
OTHERS_OF_SOMEBODY = {
    "raw/a.tif": b"II*\x00",
    "raw/a.json": b"{}",
    "other.env": b"A=b\n",
    "notes.md": b"### Notes\n",
    "platform.db": b"SQLite format 3\x00",
    "unreadable": b"",
}


def test_a_report_replaces_reports_alone(place: Path) -> None:
    (place / "raw").mkdir()
    for path, data in OTHERS_OF_SOMEBODY.items():
        (place / path).write_bytes(data)
    (place / "unreadable").unlink()
    (place / "unreadable").symlink_to("unreadable")
    (place / "linked.json").symlink_to("raw/a.tif")
    (place / "report.md").write_text(signed("x", "markdown"))
    for row in (row for row, action in WRITING if action is None):
        for path in (*OTHERS_OF_SOMEBODY, "linked.json"):
            assert "is no report, and" in asked(row, None, path), (row.name, path)
            assert "is no report, and" in of_report(path, ())
        assert asked(row, None, "report.md") == ""


@pytest.mark.parametrize("variable", GITHUB_FILES)
def test_what_github_reads_is_held_against_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    given = {"env_files": ("v.env",), "journal": "jj", "output": "github"}
    for path in (*PROTECTED.values(), "shared/raw.conf", "new.json"):
        monkeypatch.setenv(variable, path)
        told = [asked(row, None, "new.json", **given) for row, action in WRITING if action is None]
        assert all(one.startswith(f"{variable} ") for one in told), path
        assert not any(asked(row, None, "b", env_files=("v.env",)) for row, a in WRITING if not a)
    for path in ("free.json", "new", "/dev/null"):
        for name in GITHUB_FILES:
            monkeypatch.setenv(name, path)
        told = [asked(row, None, "new.json", **given) for row, action in WRITING if action is None]
        assert {"named twice" in one for one in told} == {path != "/dev/null"}


def test_a_line_that_makes_no_sense_is_held_against_its_words(place: Path) -> None:
    (place / "report.md").write_text(signed("x", "markdown"))
    assert "this run reads" in of_report("report.md", ["show", "./report.md", "--nothing"])
    for joined in ("--env-file=report.md", "-freport.md", "-f=report.md"):
        assert "this run reads" in of_report("report.md", ["plan", joined, "--nothing"])
        assert "this run reads" in of_report(Appended("report.md"), ["plan", joined, "--nothing"])
    for writes in ("-omarkdown=report.md", "markdown=report.md", "--output=markdown=report.md"):
        assert of_report("report.md", ["show", "-o", writes, "--nothing"]) == ""
    for path in ("new.yaml", "repository/.git/new", "known/new", "storages/new.yaml"):
        assert of_report(path, ["plan", "--nothing"]), path


def test_what_a_manifest_needs_is_held_against_its_files(place: Path) -> None:
    os.link(place / "m.txt", place / "same.txt")
    (place / "lock").mkdir()
    for path, said in (
        *(("m.txt", "is a file of the manifest:"), ("same.txt", "is a file of the manifest:")),
        *(("lock/new", "the manifest's lock:"), ("plain/../lock/x", "the manifest's lock:")),
        *(("free.json", ""), ("new", "")),
    ):
        told = of_manifest(["m.txt"], str(place / "lock"), path, "plan")
        assert said in told
        assert bool(told) == bool(said)


def test_who_writes_manifests_is_marked() -> None:
    assert isinstance(manifest_path("x.yaml"), WrittenManifest)
    assert not isinstance(output_path("x.yaml"), WrittenManifest)
