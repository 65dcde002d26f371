"""A repository's life on GitLab, by the lines of templates/gitops.yml."""

import json
import re
import signal
import threading

import pytest
import yaml

from support.faults.fault_proxy import HANG_AFTER, PASS
from support.forge.gitlab import BOT, GitLab, component
from support.forge.hosting import Text
from support.forge.linters import schema, shells
from support.forge.shells import Cancelling
from support.repository import ROOT


def local(name, label="", **more):
    kept = {"name": name, "label": label or name, "type": "local", "default_url": f"/data/{name}"}
    return f"  - {json.dumps(kept | more)}"


@pytest.fixture
def forge(team):
    made = GitLab(team.folder, team.shell)
    made.jobs = component(package="reconciler", manifest="storages.yaml")
    team.hosting = made.hosting
    for name, token in (("production-plan", team.reader), ("production", team.operator)):
        made.variables[name] = {"RECONCILER_TOKEN": token, "RECONCILER_PLATFORM": team.proxy.url}
    team.clone.mkdir()
    made.hosting.git("init", "-q", "-b", "main", at=team.clone)
    team.git("remote", "add", "origin", str(made.hosting.bare))
    team.commit("Begin")
    team.push("main")
    with made.running():
        yield made


def told(job):
    print(f"--- {job.name}: {job.status}", job.log, sep="\n")
    return job


def merged(forge, team, branch, *entries):
    team.branch(branch, *entries)
    pull = forge.hosting.open_pull(branch)
    assert told(forge.planned(pull)).status == "success"
    return pull, forge.hosting.merge(pull)


def test_a_merge_request_is_planned_merged_and_applied(forge, team):
    team.branch("first", local("raw"))
    pull = forge.hosting.open_pull("first")
    assert told(forge.planned(pull)).status == "success"
    (note,) = pull.texts
    assert note.author == BOT
    assert "Plan: 1 to create" in note.body
    # What others said before stands on the first page, and ours on the second.
    pull.texts[:0] = [Text(-n, "otto", note.body) for n in range(1, 121)]
    team.branch("first", local("raw"), local("nas"))
    told(forge.planned(pull))
    assert pull.texts[120:] == [note]
    del pull.texts[:120]
    assert "Plan: 2 to create" in note.body
    kept = forge.hosting.artifacts["502", "job"]
    assert json.loads((kept / "widget.json").read_text()) == {"create": 2, "update": 0, "delete": 0}
    assert json.loads((kept / "quality.json").read_text()) == []
    assert (kept / "plan.xml").read_text().startswith("<?xml")

    merge = forge.hosting.merge(pull)
    assert told(forge.pushed(merge)).status == "success"
    assert team.live() == {"raw": "raw", "nas": "nas"}
    assert "it is as planned" in pull.texts[-1].body
    assert len(pull.texts) == 2
    (run,) = team.command("history", "--name", "nas", "-o", "json")["runs"]
    assert (run["actor"], run["commit"]) == ("anna as operator-token", merge)


def test_what_nobody_reviewed_is_not_applied(forge, team):
    first, merge = merged(forge, team, "first", local("raw"))
    _, second = merged(forge, team, "second", local("raw"), local("nas"))
    stopped = told(forge.pushed(merge))
    assert stopped.status == "failure"
    assert "main has moved on to" in first.texts[-1].body
    # What the second plan held then is all that is to be done now, as nothing was applied yet.
    for note in (note for pull in forge.hosting.pulls.values() for note in pull.texts):
        note.author = "mallory"
    stopped = told(forge.pushed(second))
    assert stopped.status == "failure"
    assert "nobody has reviewed a plan for this commit" in stopped.log
    assert team.live() == {}
    digest = re.findall(r"STORAGES_DIGEST, (sha256:[0-9a-f]{64})", stopped.log)[0]
    done = told(forge.pushed(second, STORAGES_DIGEST=digest))
    assert done.status == "success"
    assert set(team.live()) == {"raw", "nas"}


def test_an_invalid_manifest_has_a_note_and_nothing_to_apply(forge, team):
    team.branch("wrong", "  - {name: raw, typ: local, default_url: /data/raw}")
    pull = forge.hosting.open_pull("wrong")
    assert told(forge.planned(pull)).status == "failure"
    (note,) = pull.texts
    assert "storages.yaml:5:" in note.body
    assert "digest=" not in note.body
    quality = json.loads((forge.hosting.artifacts["501", "job"] / "quality.json").read_text())
    assert {found["location"]["path"] for found in quality} == {"storages.yaml"}
    assert told(forge.pushed(forge.hosting.merge(pull))).status == "failure"
    assert team.live() == {}


@pytest.mark.long  # each commit plays it on GitHub
def test_a_cancelled_job_is_run_again(forge, team):
    _, merge = merged(forge, team, "first", local("raw"), local("nas"))
    told(forge.pushed(merge))
    ids = team.ids()
    swapped = {"raw": ids["nas"], "nas": ids["raw"]}
    places = {"raw": "/data/nas", "nas": "/data/raw"}
    entries = [local(name, id=swapped[name], default_url=places[name]) for name in swapped]
    _, merge = merged(forge, team, "swap", *entries)
    began = threading.Event()

    def decide(request):
        if request.method != "PATCH" or began.is_set():
            return PASS
        began.set()
        return HANG_AFTER

    team.proxy.decide = decide
    team.shell.as_users_do = True
    when = Cancelling(lambda: began.wait(30), (0.3, 0.5), signal.SIGTERM)
    team.shell.cancelling = ("reconciler apply", when)
    assert told(forge.pushed(merge)).status == "cancelled"
    assert {*ids} != {*team.ids()}
    assert told(forge.pushed(merge)).status == "success"
    assert team.ids() == swapped


def test_drift_opens_one_issue_and_closes_it(forge, team):
    _, merge = merged(forge, team, "first", local("raw"))
    told(forge.pushed(merge))
    for label, is_open, versions in (("Mine", True, 1), ("Mine", True, 2), ("raw", False, 3)):
        team.by_hand(lambda writer, label=label: relabel(writer, "raw", label))
        told(forge.nightly())
        (issue,) = forge.hosting.issues
        assert (issue.open, issue.versions) == (is_open, versions)
    assert issue.title == "Drift: production differs from its manifest"
    assert "Mine" in issue.body


def relabel(writer, name, label):
    (storage,) = writer.find(name=name)
    if storage.label != label:
        writer.update(storage, name=None, label=label)


def test_the_component_passes_the_schema_and_shellcheck(tmp_path):
    jobs = component(package="reconciler")
    pipeline = tmp_path / "pipeline.yml"
    pipeline.write_text(yaml.safe_dump(jobs))
    schema("vendor.gitlab-ci", [pipeline, ROOT / "examples/gitops/gitlab/.gitlab-ci.yml"])
    scripts = []
    for name, job in jobs.items():
        script = tmp_path / f"{name}.sh"
        script.write_text("\n".join(["#!/bin/sh", *job["before_script"], *job["script"]]) + "\n")
        scripts.append(script)
        # What inputs say reaches the shell as variables alone.
        assert "inputs." not in "".join([*job["before_script"], *job["script"]])
    shells(scripts, "--exclude=SC2317,SC2329")
    apply = jobs["storages-apply-production"]
    assert (apply["resource_group"], apply["interruptible"]) == ("storages-production", False)
    text = (ROOT / "templates" / "gitops.yml").read_text(encoding="utf-8")
    lines = re.findall(r"script:\n(.*?)(?=^\S|^  \w)", text, re.DOTALL | re.MULTILINE)
    assert len(lines) == 4
    assert "$[[" not in "".join(lines)
