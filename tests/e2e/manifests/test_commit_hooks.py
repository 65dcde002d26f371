"""The hooks for pre-commit, as the page shows them: real commits, by the real pre-commit."""

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from pre_commit.clientlib import load_manifest

from reconciler.cli.commands import COMMANDS
from reconciler.environment.at_hand import DEFAULT_FOLDER, DEFAULTS
from reconciler.version import __version__
from support.commands import starting
from support.forge.hosting import git_environment
from support.repository import ROOT

HOOKS = ".pre-commit-hooks.yaml"
#: What pip needs of this repository to install the program.
PACKAGE = ("pyproject.toml", "README.md", "LICENSE", "reconciler", "schemas")
PAGE = (ROOT / "docs" / "while-you-write.md").read_text(encoding="utf-8")
OURS = re.compile(
    r"<!-- run by tests/e2e/manifests/test_commit_hooks.py -->\n```\w+\n(.*?)```\n", re.S
)
#: A manifest, and what the page calls this repository.
VALID = "version: 1\nplatform: jetraw://my-org\nstorages: []\n"
OTHER = "https://github.com/lab/reconciler"


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.long)], ids=["there", "fetched"]
)
def work(request, tmp_path):
    """Give a repository with the hooks of the page, by the command that is there or its own."""
    lab, home = tmp_path / "lab", tmp_path / "work"
    fetched, commands = request.param, starting.warm()
    path = [str(commands.commands(starting.COMMAND) if commands else starting.COMMAND.parent)]
    environ = {
        **{k: v for k, v in os.environ.items() if k.startswith("PIP_")},
        **git_environment(os.pathsep.join([*([] if fetched else path), "/usr/bin", "/bin"])),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{lab}.insteadOf",
        "GIT_CONFIG_VALUE_0": OTHER,
        "HOME": str(tmp_path),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PRE_COMMIT_HOME": str(tmp_path / "kept"),
    }

    def run(*line, at=home, code=0):
        done = subprocess.run(
            line, cwd=at, env=environ, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    for folder in (lab, home):
        folder.mkdir()
        run("git", "init", "-q", at=folder)
    shutil.copy(ROOT / HOOKS, lab)
    for name in PACKAGE if fetched else ():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, lab / name)
    run("git", "add", "-A", at=lab)
    run("git", "commit", "-qm", "A version", at=lab)
    run("git", "tag", f"v{__version__}", at=lab)
    first, command, *_ = OURS.findall(PAGE)
    here = "" if fetched else "\n        language: system"
    config = re.sub(r"- id: .*", lambda hook: hook[0] + here, first)
    (home / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    program, *words = command.removeprefix("$ ").split()
    run(sys.executable, "-m", program.replace("-", "_"), *words)
    return SimpleNamespace(home=home, lab=lab, run=run, fetched=fetched, config=config, here=here)


def test_a_commit_is_stopped_until_the_manifest_is_good(work):
    manifest = work.home / "storages.yaml"
    manifest.write_text(VALID.replace("version: 1", "version:   2"))
    work.run("git", "add", "-A")
    told = work.run("git", "commit", "-m", "Begin", code=1)
    assert "storages.yaml:1:12: version: the version of the format is 1, not 2" in told
    manifest.write_text(VALID.replace("version: 1", "version:   1"))
    work.run("git", "add", "-A")
    told = work.run("git", "commit", "-m", "Begin", code=1)
    assert "files were modified by this hook" in told
    assert "Formatted 'storages.yaml'." in told
    assert manifest.read_text() == VALID
    work.run("git", "add", "-A")
    told = work.run("git", "commit", "-m", "Begin")
    assert len(re.findall(r"\.Passed\n", told)) == 2
    # Of files that a commit deletes pre-commit tells no hook.
    work.run("git", "rm", "-q", "storages.yaml")
    work.run("git", "commit", "-m", "Remove all", code=1)
    work.run("git", "reset", "-q", "--hard")
    if work.fetched:
        told = work.run(sys.executable, "-m", "pre_commit", "try-repo", work.lab, "--all-files")
        assert len(re.findall(r"\.Passed\n", told)) == 2


@pytest.mark.long
def test_other_manifests_are_named_by_arguments(work):
    (work.home / "production").mkdir()
    (work.home / "production" / "a.yaml").write_text(VALID.replace("my-org", "${ORG}"))
    (work.home / "production.env").write_text("ORGANISATION=lab\n")
    config = work.config + OURS.findall(PAGE)[2].rstrip() + work.here + "\n"
    (work.home / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    work.run("git", "add", "-A")
    assert "ORG" in work.run("git", "commit", "-m", "Begin", code=1)
    (work.home / "production.env").write_text("ORG=lab\n")
    work.run("git", "add", "-A")
    assert len(re.findall(r"\.Passed\n", work.run("git", "commit", "-m", "Begin"))) == 1


def test_hooks_are_what_pre_commit_takes_for_some():
    for hook in load_manifest(ROOT / HOOKS):
        program, command = hook["entry"].split()
        assert program == "reconciler"
        assert command in {row.name for row in COMMANDS}
        if hook["always_run"]:
            continue
        names = [name for name in DEFAULTS if name != DEFAULT_FOLDER]
        for name in (*names, "storages/a.yml", "storages/b/c.yaml"):
            assert re.search(hook["files"], name)
        for name in ("docs/storages.yaml", "storages.yaml.orig", "storages/README.md"):
            assert not re.search(hook["files"], name)
