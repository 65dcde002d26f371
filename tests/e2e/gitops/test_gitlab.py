"""What only GitLab has: reports that its pages show, the component, and its schema."""

import json
import re

import yaml

from support.forge.gitlab import component
from support.forge.hosting import Text
from support.forge.linters import schema, shells
from support.repository import ROOT
from tests.e2e.gitops.conftest import LIVES, job, local


@LIVES
def test_a_merge_request_has_its_note_on_any_page_and_reports(gitlab, team):
    # What lies in the repository is not imported by the job's own lines.
    (team.clone / "json.py").write_text("raise SystemExit('imported')\n")
    team.branch("first", local("raw"))
    pull = gitlab.hosting.open_pull("first")
    assert "imported" not in job(gitlab.planned(pull), "plan production").log
    (note,) = pull.texts
    # What others said before stands on the first page, and ours on the second.
    pull.texts[:0] = [Text(-n, "otto", note.body) for n in range(1, 121)]
    team.branch("first", local("raw"), local("nas"))
    job(gitlab.planned(pull), "plan production")
    assert pull.texts[120:] == [note]
    assert "Plan: 2 to create" in note.body
    (number,) = re.findall(r"job=(\d+) ", note.body.splitlines()[0])
    kept = gitlab.hosting.artifacts[number, "job"] / ".storages"
    assert json.loads((kept / "widget.json").read_text()) == {"create": 2, "update": 0, "delete": 0}
    assert json.loads((kept / "quality.json").read_text()) == []
    assert (kept / "plan.xml").read_text().startswith("<?xml")

    team.branch("first", "  - {name: raw, typ: local, default_url: /data/raw}")
    job(gitlab.planned(pull), "plan production")
    number = max(run for run, _ in gitlab.hosting.artifacts)
    quality = json.loads(
        (gitlab.hosting.artifacts[number, "job"] / ".storages/quality.json").read_text()
    )
    assert {found["location"]["path"] for found in quality} == {"storages.yaml"}


@LIVES
def test_files_of_the_repository_are_not_taken_for_those_of_a_job(gitlab, team):
    """Neither for a plan, nor for a report, nor for where to write."""
    team.branch("first", local("raw"))
    pull = gitlab.hosting.open_pull("first")
    job(gitlab.planned(pull), "plan production")
    outside = team.folder / "outside"
    outside.mkdir()
    (number,) = re.findall(r"job=(\d+) ", pull.texts[0].body)
    plan = gitlab.hosting.artifacts[number, "job"] / ".storages" / "plan.json"
    for name in ("plan.json", "plan.md", "reviewed.json", "apply.md"):
        (team.clone / name).write_bytes(plan.read_bytes())
    (team.clone / ".storages").symlink_to(outside)
    (team.clone / ".reconciler").symlink_to(outside)
    (outside / "plan.json").write_bytes(plan.read_bytes())
    team.branch("first", "  - {name: raw, typ: local, default_url: /data/raw}")
    assert job(gitlab.planned(pull), "plan production").status == "failure"
    assert "digest=" not in pull.texts[0].body
    assert "storages.yaml:5:" in pull.texts[0].body

    team.branch("first", local("raw"))
    assert job(gitlab.planned(pull), "plan production").status == "success"
    jobs = gitlab.pushed(gitlab.hosting.merge(pull))
    assert job(jobs, "apply production").status == "success"
    # The runner may have led there what it hands over, but no job of ours writes there.
    assert not {path.name for path in outside.iterdir()} & {"apply.md", "journal", "reviewed.json"}
    assert set(team.live()) == {"raw"}


@LIVES
def test_a_plan_that_is_not_the_one_that_was_shown_is_not_applied(gitlab, team):
    team.branch("first", local("raw"))
    pull = gitlab.hosting.open_pull("first")
    job(gitlab.planned(pull), "plan production")
    team.branch("other", local("raw"), local("nas"))
    other = gitlab.hosting.open_pull("other")
    job(gitlab.planned(other), "plan production")
    plans = [kept / ".storages" / "plan.json" for kept in gitlab.hosting.artifacts.values()]

    def agrees(_):
        (confirmed,) = gitlab.kept.glob("*/.storages/confirmed.env")
        confirmed.with_name("plan.json").write_bytes(plans[-1].read_bytes())
        return True

    gitlab.agrees = agrees
    jobs = gitlab.pushed(gitlab.hosting.merge(pull))
    assert job(jobs, "apply production").status == "failure"
    assert "not the one that was shown" in pull.texts[-1].body
    assert team.live() == {}


@LIVES
def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(gitlab, team):
    team.branch("first", local("raw"))
    pull = gitlab.hosting.open_pull("first")
    job(gitlab.planned(pull), "plan production")
    gitlab.hosting.grants.clear()
    jobs = gitlab.pushed(gitlab.hosting.merge(pull))
    assert job(jobs, "confirm production").status == "failure"
    assert "401" in jobs["confirm production"].log
    assert "nobody has reviewed" not in jobs["confirm production"].log
    assert "glpat-notes" not in jobs["confirm production"].log


def test_the_component_passes_the_schema_and_shellcheck(tmp_path):
    jobs = component(package="reconciler")
    pipeline = tmp_path / "pipeline.yml"
    pipeline.write_text(yaml.safe_dump(jobs))
    schema("gitlab-ci", [pipeline, ROOT / "examples/gitops/gitlab/.gitlab-ci.yml"])
    # All in one, as their beginning is the same; each in a shell of its own, as they are run.
    lines = ["#!/bin/sh", *jobs["storages-apply-production"]["before_script"]]
    for one in jobs.values():
        assert one["before_script"] == lines[1:3]
        lines += ["(", *one["script"], ")"]
    (tmp_path / "jobs.sh").write_text("\n".join(lines) + "\n")
    # Shells that end, and what one has set and another looks at.
    shells([tmp_path / "jobs.sh"], "--exclude=SC2317,SC2329,SC2030,SC2031")
    apply = jobs["storages-apply-production"]
    assert (apply["resource_group"], apply["interruptible"]) == ("storages-production", False)
    assert {rule["when"] for rule in apply["rules"]} == {"on_success"}
    asked = component(package="reconciler", apply="manual")["storages-apply-production"]
    assert {rule["when"] for rule in asked["rules"]} == {"manual"}
    text = (ROOT / "templates" / "gitops.yml").read_text(encoding="utf-8")
    lines = re.findall(r"script:\n(.*?)(?=^\S|^  \w)", text, re.DOTALL | re.MULTILINE)
    assert len(lines) == 5
    assert "$[[" not in "".join(lines)
