"""What only GitHub has: forks, outputs and annotations, nights with scans, our action's commit."""

import json
import os
import re

import pytest

from tests.e2e.gitops.conftest import FILES, LIVES, job, local, text_of

pytestmark = LIVES
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def test_a_run_gives_outputs_and_its_page_the_plan(github, team):
    team.branch("first", local("raw"))
    pull = github.hosting.open_pull("first")
    for _ in range(120):  # what is ours then stands on the second page
        github.hosting.write(pull.texts, "otto", "Is that so?")
    planned, outside = None, team.folder / "outside"
    (team.clone / ".reconciler").symlink_to(outside)
    team.branch("first", local("raw"))
    for versions in (1, 2):
        jobs = github.planned(pull, only="")
        assert job(jobs, "validate").outputs["status"] == "valid"
        planned = job(jobs, "plan production")
        assert (planned.status, planned.outputs["status"]) == ("success", "changes")
        assert json.loads(planned.outputs["counts"])["create"] == 1
        assert planned.outputs["digest"] in planned.summary
        assert planned.outputs["digest"] in text_of(github, pull, "plan").splitlines()[0]
        assert pull.texts[-1].versions == versions

    jobs = github.pushed(github.hosting.merge(pull))
    confirmed, applied = (job(jobs, f"{name} production") for name in ("confirm", "apply"))
    assert (confirmed.outputs["status"], applied.outputs["status"]) == ("changes", "applied")
    digests = {one.outputs["digest"] for one in (planned, confirmed, applied)}
    assert len(digests) == 1
    assert f"pull request #{pull.number}" in confirmed.summary
    assert "applied to production" in applied.summary
    assert not outside.exists(), "the repository has led the journal elsewhere"
    (journal,) = [
        kept for _, kept in github.hosting.artifacts if kept.startswith("storages-journal-")
    ]
    assert journal == "storages-journal-production-1"

    # Where nothing is to be done, nobody's review is wanted, and nobody is asked to agree.
    (team.clone / "README.md").write_text("Read me.\n")
    team.branch("main", local("raw"))
    jobs = github.pushed(github.hosting.head())
    assert job(jobs, "confirm production").outputs["status"] == "no_changes"
    assert job(jobs, "apply production").status == "skipped"

    # And what no pull request has led to is not applied.
    team.branch("main", local("raw"), local("nas"))
    stopped = job(github.pushed(github.hosting.head()), "confirm production")
    assert (stopped.status, stopped.outputs["status"]) == ("failure", "stopped")
    assert "1 to create" in stopped.summary
    assert set(team.live()) == {"raw"}


def test_a_fork_gets_no_token_and_a_wrong_manifest_its_lines(github, team):
    team.branch("fork", local("raw"))
    fork = github.hosting.open_pull("fork", home="mallory/storages")
    jobs = github.planned(fork, only="")
    assert job(jobs, "validate").status == "success"
    assert job(jobs, "plan production").status == "skipped"
    fork.home, fork.author = github.hosting.name, "dependabot[bot]"
    assert job(github.planned(fork), "plan production").status == "skipped"
    assert fork.texts == []

    team.branch("wrong", "  - {name: raw, typ: local, default_url: /data/raw}")
    pull = github.hosting.open_pull("wrong")
    jobs = github.planned(pull, only="")
    assert job(jobs, "validate").status == "failure"
    planned = job(jobs, "plan production")
    assert (planned.status, planned.outputs["status"]) == ("failure", "invalid")
    assert "file=storages.yaml,line=5," in planned.log


def test_without_a_token_the_job_says_what_to_set(github, team):
    github.secrets.clear()
    team.branch("first", local("raw"))
    pull = github.hosting.open_pull("first")
    planned = job(github.planned(pull), "plan production")
    assert planned.status == "failure"
    assert "RECONCILER_TOKEN" in planned.log
    assert "RECONCILER_TOKEN" in text_of(github, pull, "plan")


def test_files_that_nobody_has_filled_in_run_nothing(github, team):
    github.files = FILES
    team.branch("first", local("raw"))
    pull = github.hosting.open_pull("first")
    jobs = github.planned(pull, only="")
    assert {one.status for one in jobs.values()} == {"failure"}
    for one in jobs.values():
        assert (
            one.log
            == f"Unable to resolve action `OWNER/reconciler@{'0' * 40}`, repository not found"
        )
    assert pull.texts == []


def test_nights_scan_and_take_a_snapshot(github, team):
    storage = team.folder / "raw"
    storage.mkdir()
    for name in ("1.tif", "2.tif"):
        (storage / name).write_bytes(b"measured")
        os.utime(storage / name, (0, 0))
    proofs = team.folder / "proofs"
    team.policy = "{}\nproof: {every: 30d}"
    team.begin(local("raw", default_url=str(storage)))
    team.command("scan", "--into", str(proofs), "-o", "json")
    github.variables["production-plan"] = {
        "RECONCILER_PLATFORM": team.proxy.url,
        "RECONCILER_REPOSITORY": str(proofs),
    }
    night = job(github.nightly("snapshot"), "snapshot production")
    assert night.status == "success", night.log
    assert DIGEST.fullmatch(night.outputs["digest"])
    (storage / "1.tif").unlink()
    night = job(github.nightly("snapshot"), "snapshot production")
    assert night.status == "failure"
    assert "1.tif" in night.summary
    assert DIGEST.fullmatch(night.outputs["digest"])


@pytest.mark.long
def test_the_action_installs_the_program_from_its_own_commit(github, team):
    team.shell.really = True
    for name in ("venv", "pip", "json"):  # a job runs nothing of the repository
        (team.clone / f"{name}.py").write_text("raise SystemExit('imported')\n")
    team.branch("first", local("raw"))
    pull = github.hosting.open_pull("first")
    assert job(github.planned(pull), "plan production").status == "success"
    assert "Plan: 1 to create" in text_of(github, pull, "plan")
