"""What editors, hooks and the repository's host read agrees with what the project does itself."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from support.repository import ROOT

HOOKS = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]
#: What people write and read here, but for this file.
TEXTS = [
    path
    for folder in ("reconciler", "tests", "docs", "schemas", "examples", "deploy", ".github", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".md", ".yaml", ".json", ".sql", ".txt", ".mjs", ".ts", "")
    if path.is_file() and "__pycache__" not in path.parts and path.name != Path(__file__).name
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


def test_people_are_they_and_machines_are_it() -> None:
    gendered = re.compile(r"\bs?he\b|\b(his|him(self)?|her(self)?)\b", re.IGNORECASE)
    told = {path: path.read_text(encoding="utf-8", errors="replace") for path in TEXTS}
    assert len(told) > 500
    found = {path.name: found[0] for path, text in told.items() if (found := gendered.search(text))}
    assert found == {}
