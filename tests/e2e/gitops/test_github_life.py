"""A repository's life on GitHub: real Git, real processes, a real state server.

The lines that run are those of action.yml, deploy/github and examples/gitops/github.
"""

import json
import os
import re
import shutil
import threading

import pytest

from support.faults.fault_proxy import HANG_AFTER, PASS
from support.forge.github import BOT, GitHub
from support.forge.shells import Cancelling
from support.repository import ROOT

FILES = ROOT / "examples" / "gitops" / "github"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def local(name, label="", **more):
    """Write an entry."""
    kept = {"name": name, "label": label or name, "type": "local", "default_url": f"/data/{name}"}
    return f"  - {json.dumps(kept | more)}"


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
    jobs = forge.planned(pull, only="")
    assert job(jobs, "validate").outputs["status"] == "valid"
    planned = job(jobs, "plan production")
    assert (planned.status, planned.outputs["status"]) == ("success", "changes")
    assert json.loads(planned.outputs["counts"])["create"] == 1
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


def test_what_another_merge_has_brought_stops_the_apply_until_somebody_looked(forge, team):
    team.branch("ours", local("ours"))
    ours = forge.hosting.open_pull("ours")
    forge.planned(ours)
    team.branch("theirs", local("theirs"))
    theirs = forge.hosting.open_pull("theirs")
    forge.planned(theirs)
    # Theirs is merged first, and ours before their apply has begun; somebody mends the conflict.
    first = forge.hosting.merge(theirs)
    team.branch("ours", local("theirs"), local("ours"))
    second = forge.hosting.merge(ours)

    stopped = job(forge.pushed(first), "apply production")
    assert stopped.status == "failure"
    assert f"main has moved on to {second[:12]}" in stopped.log
    assert "Nothing was applied" in theirs.texts[-1].body

    stopped = job(forge.pushed(second), "apply production")
    assert stopped.status == "failure"
    assert team.live() == {}
    told = ours.texts[-1].body
    assert "apply to production stopped" in told
    assert re.search(r"does not:\n[^#]*create of `theirs`", told), told
    now = stopped.outputs["digest"]
    assert now in told

    wrong = job(
        forge.started(environment="production", digest="sha256:" + "0" * 64), "apply production"
    )
    assert wrong.status == "failure"
    assert team.live() == {}
    done = job(forge.started(environment="production", digest=now), "apply production")
    assert done.status == "success"
    assert team.live() == {"theirs": "theirs", "ours": "ours"}


def test_what_nobody_reviewed_is_not_applied(forge, team):
    team.branch("main", local("raw"))
    stopped = job(forge.pushed(forge.hosting.head()), "apply production")
    assert stopped.status == "failure"
    assert "nobody has reviewed a plan for this commit" in stopped.log
    assert "1 to create" in stopped.summary
    assert team.live() == {}

    # Neither what a stranger wrote into the pull request, nor a plan that was taken away.
    team.branch("next", local("raw"), local("nas"))
    pull = forge.hosting.open_pull("next")
    digest = job(forge.planned(pull), "plan production").outputs["digest"]
    body = plan_comment(pull).body
    pull.texts.clear()
    forge.hosting.write(pull.texts, "mallory", body)
    merge = forge.hosting.merge(pull)
    stopped = job(forge.pushed(merge), "apply production")
    assert "nobody has reviewed a plan for this commit" in stopped.log
    assert team.live() == {}

    # The plan itself was not kept: its digest is enough.
    forge.hosting.write(pull.texts, BOT, body)
    forge.hosting.artifacts.clear()
    assert digest in body
    assert job(forge.pushed(merge), "apply production").status == "success"
    assert team.live() == {"raw": "raw", "nas": "nas"}

    # Where nothing is to be done, nobody's review is wanted.
    (team.clone / "README.md").write_text("Read me.\n")
    team.branch("main", local("raw"), local("nas"))
    assert job(forge.pushed(forge.hosting.head()), "apply production").status == "success"


def test_a_plan_that_is_not_the_one_in_the_comment_is_not_applied(forge, team):
    team.branch("first", local("raw"))
    pull = forge.hosting.open_pull("first")
    for _ in range(120):  # what is ours then stands on the second page
        forge.hosting.write(pull.texts, "otto", "Is that so?")
    forge.planned(pull)
    forge.planned(pull)
    comment = plan_comment(pull)
    assert comment.versions == 2
    comment.body = DIGEST.sub("sha256:" + "1" * 64, comment.body)
    stopped = job(forge.pushed(forge.hosting.merge(pull)), "apply production")
    assert stopped.status == "failure"
    assert "the saved plan is not the one in the comment" in stopped.log
    assert team.live() == {}


@pytest.mark.parametrize(
    "patience",
    [(0.3, 0.5), pytest.param((7.5, 2.5), marks=pytest.mark.long)],
    ids=["compressed", "as GitHub does"],
)
def test_a_cancelled_job_is_run_again(forge, team, patience):
    merged(forge, team, "first", local("raw"), local("nas"))
    ids = team.ids()
    swapped = {"raw": ids["nas"], "nas": ids["raw"]}
    places = {"raw": "/data/nas", "nas": "/data/raw"}
    entries = (local(n, id=swapped[n], default_url=places[n]) for n in swapped)
    team.branch("chain", *entries)
    pull = forge.hosting.open_pull("chain")
    job(forge.planned(pull), "plan production")
    merge = forge.hosting.merge(pull)
    began = threading.Event()

    def decide(request):
        if request.method != "PATCH" or began.is_set():
            return PASS
        began.set()
        return HANG_AFTER

    team.proxy.decide = decide

    def renaming():
        assert began.wait(30), "no operation began"

    team.shell.as_users_do = True
    team.shell.cancelling = ("apply.sh", Cancelling(renaming, patience))
    stopped = job(forge.pushed(merge, run="77"), "apply production")
    assert stopped.status == "cancelled"
    assert {*ids} != {*team.ids()}, "nothing was done"
    assert "run the job again, and it does the rest" in pull.texts[-1].body

    again = job(forge.pushed(merge, run="77", attempt=2), "apply production")
    assert again.status == "success"
    assert team.ids() == swapped
    assert "applied to production" in pull.texts[-1].body


def test_drift_opens_one_issue_and_closes_it(forge, team):
    merged(forge, team, "first", local("raw"))
    assert job(forge.nightly("drift"), "drift production").status == "success"
    assert forge.hosting.issues == []

    team.by_hand(lambda writer: relabel(writer, "raw", "Mine"))
    forge.hosting.write(
        forge.hosting.issues, "mallory", "<!-- reconciler drift production -->", "Not ours"
    )
    for versions in (1, 2):
        found = job(forge.nightly("drift"), "drift production")
        assert (found.status, found.outputs["status"]) == ("failure", "drift")
        (issue,) = [issue for issue in forge.hosting.issues if issue.author == BOT]
        assert issue.versions == versions
    assert issue.title == "Drift: production differs from its manifest"
    assert "Mine" in issue.body

    # What could not be read leaves the issue as it is.
    forge.secrets["production-plan"]["RECONCILER_TOKEN"] = "rct_0000"
    failed = job(forge.nightly("drift"), "drift production")
    assert (failed.status, failed.outputs["status"]) == ("failure", "error")
    assert issue.open

    forge.secrets["production-plan"]["RECONCILER_TOKEN"] = team.reader
    team.by_hand(lambda writer: relabel(writer, "raw", "raw"))
    assert job(forge.nightly("drift"), "drift production").status == "success"
    assert not issue.open
    assert [issue.open for issue in forge.hosting.issues if issue.author == "mallory"] == [True]


def relabel(writer, name, label):
    (storage,) = writer.find(name=name)
    writer.update(storage, name=None, label=label)


def test_a_rollback_a_removal_and_who_did_it(forge, team):
    merged(forge, team, "first", local("raw"), local("nas"))
    _, jobs = merged(forge, team, "label", local("raw", "Frames"), local("nas"))
    assert job(jobs, "apply production").status == "success"
    assert team.live()["raw"] == "Frames"

    # Back, by a revert.
    team.git("fetch", "-q", "origin")
    team.git("checkout", "-q", "-B", "back", "origin/main")
    team.git("revert", "--no-edit", "-m", "1", "HEAD")
    team.push("back")
    pull = forge.hosting.open_pull("back")
    forge.planned(pull)
    assert job(forge.pushed(forge.hosting.merge(pull)), "apply production").status == "success"
    assert team.live()["raw"] == "raw"

    # Taken out of the manifest alone, it blocks the plan, and the comment says how to consent.
    team.branch("gone", local("raw"))
    pull = forge.hosting.open_pull("gone")
    blocked = job(forge.planned(pull), "plan production")
    assert (blocked.status, blocked.outputs["status"]) == ("failure", "blocked")
    assert "BLOCKED" in plan_comment(pull).body.upper()
    assert "nas" in plan_comment(pull).body
    team.branch("gone", local("raw"), removed="  - {name: nas}")
    assert job(forge.planned(pull), "plan production").status == "success"
    merge = forge.hosting.merge(pull)
    assert job(forge.pushed(merge), "apply production").status == "success"
    assert set(team.live()) == {"raw"}

    told = team.command("history", "--name", "nas", "-o", "json")
    runs = told["runs"]
    assert [run["actor"] for run in runs] == ["anna as operator-token"] * 2
    assert runs[0]["commit"] == merge
    assert runs[0]["started_at"] > runs[1]["started_at"]
    assert runs[0]["job_url"].startswith("https://github.example/lab/storages/actions/runs/")


def test_a_fork_gets_no_token_and_a_wrong_manifest_its_lines(forge, team):
    team.branch("fork", local("raw"))
    fork = forge.hosting.open_pull("fork", home="mallory/storages")
    jobs = forge.planned(fork, only="")
    assert job(jobs, "validate").status == "success"
    assert job(jobs, "plan production").status == "skipped"
    assert fork.texts == []

    team.branch("wrong", "  - {name: raw, typ: local, default_url: /data/raw}")
    pull = forge.hosting.open_pull("wrong")
    jobs = forge.planned(pull, only="")
    assert job(jobs, "validate").status == "failure"
    planned = job(jobs, "plan production")
    assert (planned.status, planned.outputs["status"]) == ("failure", "invalid")
    comment = plan_comment(pull)
    assert "storages.yaml:5:" in comment.body
    assert "file=storages.yaml,line=5," in planned.log
    assert "digest=" not in comment.body
    stopped = job(forge.pushed(forge.hosting.merge(pull)), "apply production")
    assert stopped.status == "failure"
    assert team.live() == {}


def test_without_a_token_the_job_says_what_to_set(forge, team):
    forge.secrets.clear()
    team.branch("first", local("raw"))
    pull = forge.hosting.open_pull("first")
    planned = job(forge.planned(pull), "plan production")
    assert planned.status == "failure"
    assert "RECONCILER_TOKEN" in planned.log
    assert "RECONCILER_TOKEN" in plan_comment(pull).body


def test_two_environments_have_a_comment_and_a_queue_each(forge, team):
    """As docs/gitops.md says: both names in each file, and where their variables are."""
    for file in (team.clone / ".github" / "workflows").glob("*.yml"):
        text = file.read_text().replace("[production]", "[staging, production]")
        file.write_text(
            text.replace(
                "          environment: ${{ matrix.environment }}\n",
                "          environment: ${{ matrix.environment }}\n"
                "          env-file: ${{ matrix.environment }}.env\n",
            )
        )
    forge.files = team.clone
    for name in ("staging", "staging-plan"):
        forge.variables[name] = forge.variables["production"]
        forge.secrets[name] = forge.secrets[name.replace("staging", "production")]
    for name in ("staging", "production"):
        (team.clone / f"{name}.env").write_text(f"STAGE={name}\n")
    team.commit("Two environments")
    team.push("main")
    team.policy = "{undeclared: ignore}"
    team.branch("first", local("raw-${STAGE}"))
    pull = forge.hosting.open_pull("first")
    jobs = forge.planned(pull)
    for name in ("staging", "production"):
        assert job(jobs, f"plan {name}").status == "success"
        (told,) = [t.body for t in pull.texts if f"reconciler plan {name} " in t.body]
        assert f"`raw-{name}`" in told
    jobs = forge.pushed(forge.hosting.merge(pull))
    assert {job(jobs, name).status for name in jobs} == {"success"}
    assert set(team.live()) == {"raw-staging", "raw-production"}
    assert len(pull.texts) == 4


def test_nights_scan_and_take_a_snapshot(forge, team):
    storage = team.folder / "raw"
    storage.mkdir()
    for name in ("1.tif", "2.tif"):
        (storage / name).write_bytes(b"measured")
        os.utime(storage / name, (0, 0))
    proofs = team.folder / "proofs"
    team.policy = "{}\nproof: {every: 30d}"
    merged(forge, team, "first", local("raw", default_url=str(storage)))
    team.command("scan", "--into", str(proofs), "-o", "json")
    forge.variables["production-plan"] = {
        "RECONCILER_PLATFORM": team.proxy.url,
        "RECONCILER_REPOSITORY": str(proofs),
    }
    night = job(forge.nightly("snapshot"), "snapshot")
    assert night.status == "success", night.log
    assert DIGEST.fullmatch(night.outputs["digest"])
    (storage / "1.tif").unlink()
    night = job(forge.nightly("snapshot"), "snapshot")
    assert night.status == "failure"
    assert "1.tif" in night.summary


@pytest.mark.long
def test_the_action_installs_the_program_from_its_own_commit(forge, team):
    team.shell.really = True
    team.branch("first", local("raw"))
    pull = forge.hosting.open_pull("first")
    assert job(forge.planned(pull), "plan production").status == "success"
    assert "Plan: 1 to create" in plan_comment(pull).body
