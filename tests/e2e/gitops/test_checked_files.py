"""What is shipped for forges passes the checks of those who use them."""

import re

import pytest
import yaml

from support.forge.linters import audited, checked, schema, shells, workflows
from support.repository import ROOT

GITHUB = ROOT / "examples" / "gitops" / "github" / ".github" / "workflows"
SCRIPTS = ROOT / "deploy" / "github"
#: A commit, and the version that it is, for people and for those who raise it.
PINNED = re.compile(r"uses: actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n")


def test_workflows_for_github_pass() -> None:
    workflows(sorted(GITHUB.glob("*.yml")))
    schema("github-actions", [ROOT / "action.yml"])
    audited(GITHUB, ROOT / "action.yml")


def test_shell_scripts_pass() -> None:
    shells(sorted(SCRIPTS.glob("*.sh")))


def test_a_check_finds_what_is_wrong(tmp_path) -> None:
    """A check that is content with everything would be content with ours."""
    (tmp_path / "a.yml").write_text(
        "on: pull_request\njobs: {a: {runs-on: ubuntu-latest, steps: "
        "[{run: 'echo ${{ github.event.pull_request.title }}'}]}}\n"
    )
    (tmp_path / "a.sh").write_text("#!/bin/sh\necho $1\n")
    with pytest.raises(AssertionError, match="template-injection"):
        audited(tmp_path / "a.yml")
    with pytest.raises(AssertionError, match="untrusted"):
        workflows([tmp_path / "a.yml"])
    with pytest.raises(AssertionError, match="SC2086"):
        shells([tmp_path / "a.sh"])
    (tmp_path / "a.yml").write_text("on: push\njobs: {a: {runs: 1}}\n")
    with pytest.raises(AssertionError, match="not as the schema"):
        schema("github-workflows", [tmp_path / "a.yml"])
    assert "actionlint" in checked("actionlint", "--version")


def test_actions_are_pinned_and_no_value_becomes_text_of_a_script() -> None:
    for file in (ROOT / "action.yml", *GITHUB.glob("*.yml")):
        text = file.read_text(encoding="utf-8")
        used = text.count("uses: actions/")
        assert len(PINNED.findall(text)) == used > 0
        # Lines of shells hold no expressions: values come by the environment.
        for document in _steps(yaml.safe_load(text)):
            assert "${{" not in document.get("run", "")


def test_no_python_of_a_job_imports_what_lies_in_the_repository() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.sh")]
    texts.append((ROOT / "templates" / "gitops.yml").read_text(encoding="utf-8"))
    calls = re.findall(r"\bpython3?\"? (-\w+)", "\n".join(texts))
    assert len(calls) >= 6
    assert [call for call in calls if "I" not in call] == []


def test_each_job_has_only_the_permissions_that_it_needs() -> None:
    for file in GITHUB.glob("*.yml"):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert job["permissions"]["contents"] == "read"
            assert "pull_request_target" not in workflow[True]


def _steps(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _steps(item)
