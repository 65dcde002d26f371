"""From an empty Git repository to a first commented plan: each command of the page is run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.forge.github import GitHub
from support.forge.hosting import git_environment
from support.repository import ROOT

PAGE = ROOT / "docs" / "gitops.md"
OURS = "<!-- run by tests/e2e/gitops/test_first_plan.py -->\n```console\n"
#: What the page calls them.
PLATFORM, REPOSITORY = "https://storages.example.org", "https://github.com/lab/storages.git"


def commands() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = [part.partition("```\n")[0] for part in text.split(OURS)[1:]]
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def test_the_page_has_at_most_fifteen_commands() -> None:
    assert 0 < len(commands()) <= 15


@pytest.fixture
def forge(team):
    """Give the empty repository, with what the page has set in the browser."""
    forge = GitHub(team.folder, team.shell, team.folder / "storages")
    forge.variables[""] = {"RECONCILER_PLATFORM": team.proxy.url}
    forge.secrets[""] = {"RECONCILER_TOKEN": team.reader}
    (team.folder / "reconciler").symlink_to(ROOT)
    with forge.running():
        yield forge


def run(command: str, where: Path, team, forge) -> Path:
    """Run a command as a shell does that stays where `cd` has led it."""
    if command.startswith("cd "):
        return where / command.removeprefix("cd ")
    environ = {
        **git_environment(os.pathsep.join([str(team.shell.commands), os.environ["PATH"]])),
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": f"url.{forge.hosting.bare}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "GIT_CONFIG_KEY_1": "init.defaultBranch",
        "GIT_CONFIG_VALUE_1": "main",
        "GIT_CONFIG_KEY_2": "safe.directory",
        "GIT_CONFIG_VALUE_2": "*",
        "RECONCILER_TOKEN": team.reader,
    }
    line = command.replace(PLATFORM, team.proxy.url)
    done = subprocess.run(
        ["bash", "-c", line], cwd=where, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return where


def test_each_command_of_the_page_leads_to_a_comment(team, forge):
    where = team.folder
    for command in commands():
        where = run(command, where, team, forge)
        if command == "git push origin main":
            begun = forge.pushed(forge.hosting.head())
            told = {name: one.status for name, one in begun.items()}
            assert told == {"confirm production": "success", "apply production": "skipped"}, begun
    # Each file is pinned to the commit that the page's reader has.
    commit = forge.hosting.git("rev-parse", "HEAD", at=ROOT)
    for file in sorted((where / ".github" / "workflows").iterdir()):
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"lab/reconciler@(\w+)", text)) == {commit}
        assert "OWNER" not in text

    pull = forge.hosting.open_pull("raw-frames")
    jobs = forge.planned(pull, only="")
    assert {job.status for job in jobs.values()} == {"success"}, jobs
    (comment,) = pull.texts
    quoted = re.findall(r"^> (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    for line in quoted:
        assert line == "…" or line in comment.body.splitlines()
