"""A repository's life on GitHub: real Git, real processes, a real state server.

The lines that run are those of action.yml, deploy/github and examples/gitops/github.
"""

import re
import shutil
from pathlib import Path

import pytest

from support.forge.github import BOT, GitHub
from support.forge.shells import Cancelling
from support.faults.fault_proxy import HANG_AFTER, scripted
from support.repository import ROOT

FILES = ROOT / "examples" / "gitops" / "github"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def local(name, label="", **more):
    """Write an entry."""
    rest = "".join(f", {key}: {value}" for key, value in more.items())
    return f"  - {{name: {name}, label: {label or name}, type: local, default_url: /data/{name}{rest}}}"


@pytest.fixture
def forge(team):
    """Give a repository on GitHub that has one storage, declared and live."""
    made = GitHub(team.folder, team.shell, FILES)
    team.hosting = made.hosting
    made.variables["production-plan"] = {"RECONCILER_PLATFORM": team.proxy.url}
    made.variables["production"] = made.variables["production-plan"]
    made.secrets["production-plan"] = {"RECONCILER_TOKEN": team.reader}
    made.secrets["production"] = {"RECONCILER_TOKEN": team.operator}
    shutil.copytree(FILES, team.clone)
    made.hosting.git("init", "-q", "-b", "main", at=team.clone)
    team.git("remote", "add", "origin", str(made.hosting.bare))
    team.commit("Begin")
    team.push("main")
    with made.running():
        yield made


def job(jobs, name):
    """Give a job, and all that it tells if the test fails."""
    print(f"--- {name}: {jobs[name].status}", jobs[name].log, jobs[name].summary, sep="\n")
    return jobs[name]


def merged(forge, team, branch, *entries, removed=""):
    """Play a pull request to its end; give it and the apply."""
    team.branch(branch, *entries, removed=removed)
    pull = forge.hosting.open_pull(branch)
    assert job(forge.planned(pull), "plan production").status == "success"
    return pull, forge.pushed(forge.hosting.merge(pull))


def plan_comment(pull):
    (text,) = [t for t in pull.texts if t.body.startswith("<!-- reconciler plan production ")]
    return text


def test_a_pull_request_is_planned_merged_and_applied(forge, team):
    team.branch("first", local("raw"))
    pull = forge.hosting.open_pull("first")
    jobs = forge.planned(pull)
    assert job(jobs, "validate").outputs["status"] == "valid"
    planned = job(jobs, "plan production")
    assert (planned.status, planned.outputs["status"]) == ("success", "ready")
    assert planned.outputs["counts"] == '{"create":1,"update":0,"remove":0}'
    comment = plan_comment(pull)
    assert comment.author == BOT
    assert "Plan: 1 to create, 0 to update, 0 to remove." in comment.body
    assert planned.outputs["digest"] in comment.body.splitlines()[0]
    assert planned.outputs["digest"] in planned.summary

    # A second push: the same comment, with what is planned now.
    team.branch("first", local("raw"), local("nas"))
    again = job(forge.planned(pull), "plan production")
    assert plan_comment(pull) is comment
    assert comment.versions == 2
    assert "Plan: 2 to create" in comment.body
    assert again.outputs["digest"] != planned.outputs["digest"]

    applied = job(forge.pushed(forge.hosting.merge(pull)), "apply production")
    assert applied.status == "success", applied.log
    assert team.live() == {"raw": "raw", "nas": "nas"}
    told = pull.texts[-1].body
    assert "applied to production" in told
    assert "it is as planned" in told
    assert len(pull.texts) == 2
