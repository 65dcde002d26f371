"""What editors, hooks and the repository's host read agrees with what the project does itself."""

from __future__ import annotations

import configparser
import re
import tomllib

import pytest
import yaml

from support.repository import ROOT

HOOKS = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))


def test_hooks_fetch_nothing() -> None:
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in told["repos"]] == ["local"]
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_what_the_checks_run(hook: dict[str, str]) -> None:
    program, *words = hook["entry"].removeprefix(".venv/bin/").split()
    quoted = "".join(f'"{word}", ' for word in [program, *words[:1]]).rstrip(", ")
    assert f"({quoted}" in (ROOT / "dev.py").read_text()


def test_editors_break_lines_where_ruff_does() -> None:
    told = configparser.ConfigParser()
    told.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert int(told["*.py"]["max_line_length"]) == project["tool"]["ruff"]["line-length"]


def test_both_kinds_of_issue_have_their_template() -> None:
    assert [path.name for path in TEMPLATES] == ["bug.md", "feature.md"]
    for path in TEMPLATES:
        head = re.match(r"---\n(.*?)---\n", path.read_text(), re.S)
        assert head
        assert {"name", "about"} <= set(yaml.safe_load(head[1]))
