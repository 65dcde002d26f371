"""A repository's life: real Git, real processes, a real state server, on GitHub and on GitLab.

The lines that run are those of the shipped files: action.yml, deploy/github, examples/gitops/github
and templates/gitops.yml.
"""

import re
import signal
import subprocess
import threading
from datetime import timedelta

import pytest

from reconciler.environment.timestamps import utc_now
from reconciler.server.store.sqlite import session
from support.faults.fault_proxy import HANG_AFTER, PASS, refused
from support.forge.shells import Cancelling
from support.repository import ROOT
from tests.e2e.gitops.conftest import LIVES, job, local, text_of

pytestmark = LIVES
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TO_START = re.compile(rf"(?:with the digest|STORAGES_DIGEST,) ({DIGEST.pattern})")
SUCCESS, FAILURE, SKIPPED = "success", "failure", "skipped"


@pytest.fixture(params=["github", "gitlab"])
def forge(request):
    """Give a repository on a forge."""
    return request.getfixturevalue(request.param)


def planned(forge, team, branch, *entries, removed=""):
    """Open a pull request whose plan is in its comment."""
    team.branch(branch, *entries, removed=removed)
    pull = forge.hosting.open_pull(branch)
    assert job(forge.planned(pull), "plan production").status == SUCCESS
    return pull


def ended(jobs):
    """Give what became of the two jobs after a merge."""
    return tuple(job(jobs, f"{name} production").status for name in ("confirm", "apply"))


def merged(forge, pull):
    """Merge a pull request whose plan is then applied."""
    commit = forge.hosting.merge(pull)
    assert ended(forge.pushed(commit)) == (SUCCESS, SUCCESS)
    return commit


def test_a_change_is_planned_merged_and_applied(forge, team):
    pull = planned(forge, team, "first", local("raw"))
    (comment,) = pull.texts
    assert "Plan: 1 to create, 0 to update, 0 to remove." in text_of(forge, pull, "plan")
    # A second push: the same comment, with what is planned now, of which commit.
    team.branch("first", local("raw"), local("nas"))
    assert job(forge.planned(pull), "plan production").status == SUCCESS
    assert pull.texts == [comment]
    assert "Plan: 2 to create" in comment.body
    assert f"Commit {forge.hosting.head('first')[:12]}, " in comment.body

    commit = merged(forge, pull)
    assert team.live() == {"raw": "raw", "nas": "nas"}
    assert "it is as planned" in text_of(forge, pull, "apply")
    assert len(pull.texts) == 2
    (run,) = team.command("history", "--name", "nas", "-o", "json")["runs"]
    assert (run["actor"], run["commit"]) == ("anna as operator-token", commit)
    assert run["job_url"].startswith(("https://github.example/", "https://gitlab.example/"))


def test_what_another_merge_has_brought_stops_the_apply_until_somebody_looked(forge, team):
    ours = planned(forge, team, "ours", local("ours"))
    theirs = planned(forge, team, "theirs", local("theirs"))
    # Theirs is merged first, and ours before their apply has begun; somebody mends the conflict.
    first = forge.hosting.merge(theirs)
    team.branch("ours", local("theirs"), local("ours"))
    second = forge.hosting.merge(ours)

    assert ended(forge.pushed(first)) == (FAILURE, SKIPPED)
    told = text_of(forge, theirs, "apply")
    assert f"Nothing was applied: main has moved on to {second[:12]}" in told

    assert ended(forge.pushed(second)) == (FAILURE, SKIPPED)
    assert team.live() == {}
    told = text_of(forge, ours, "apply")
    assert re.search(r"does not:\n[^#]*create of `theirs`", told), told
    assert "Plan: 2 to create" in told

    for wrong in ("sha256:" + "0" * 64, "storages.yaml"):
        assert ended(forge.started(wrong)) == (FAILURE, SKIPPED)
    assert team.live() == {}
    # As people copy it.
    assert ended(forge.started(f" {TO_START.search(told)[1]}\n")) == (SUCCESS, SUCCESS)
    assert team.live() == {"theirs": "theirs", "ours": "ours"}


def test_what_nobody_reviewed_is_not_applied(forge, team):
    pull = planned(forge, team, "first", local("raw"))
    (comment,) = pull.texts
    # What a stranger wrote into the pull request counts for nothing.
    comment.author = "mallory"
    commit = forge.hosting.merge(pull)
    assert ended(forge.pushed(commit)) == (FAILURE, SKIPPED)
    assert "nobody has reviewed a plan for this commit" in text_of(forge, pull, "apply")
    assert team.live() == {}

    # Nor does what a job that is run again writes there after the merge.
    comment.author = forge.bot
    seen, comment.at = comment.at, forge.hosting.moment()
    assert ended(forge.pushed(commit)) == (FAILURE, SKIPPED)
    assert "nobody has reviewed a plan for this commit" in text_of(forge, pull, "apply")
    comment.at = seen

    # A comment with another digest than the plan has that was kept.
    true = DIGEST.search(comment.body)[0]
    comment.body = comment.body.replace(true, "sha256:" + "1" * 64)
    assert ended(forge.pushed(commit)) == (FAILURE, SKIPPED)
    assert "the saved plan is not the one in the" in text_of(forge, pull, "apply")

    # The plan itself was not kept: its digest is enough.
    comment.body = comment.body.replace("sha256:" + "1" * 64, true)
    forge.hosting.artifacts.clear()
    assert ended(forge.pushed(commit)) == (SUCCESS, SUCCESS)
    assert team.live() == {"raw": "raw"}


def test_whoever_agrees_reads_the_plan_itself_and_not_what_a_comment_says_of_it(forge, team):
    team.begin(local("raw"), local("nas"))
    pull = planned(forge, team, "gone", local("raw"), removed="  - {name: nas}")
    # Who may push a branch can have a workflow of theirs write as our account does.
    (comment,) = pull.texts
    comment.body = f"{comment.body.splitlines()[0]}\nNo changes. Live matches the manifest.\n"
    read = []
    forge.agrees = lambda shown: read.append(shown) or False
    commit = forge.hosting.merge(pull)
    assert ended(forge.pushed(commit)) == (SUCCESS, FAILURE)
    assert "1 to remove" in read[0]
    assert "nas" in read[0]
    assert set(team.live()) == {"raw", "nas"}

    # What has changed since they read it is not applied either.
    def agrees_late(_):
        team.relabel("nas", "Somebody's")
        return True

    forge.agrees = agrees_late
    assert ended(forge.pushed(commit, run="77")) == (SUCCESS, FAILURE)
    assert set(team.live()) == {"raw", "nas"}
    assert "again" in text_of(forge, pull, "apply")

    # Nor anything of a commit that is not the newest any more.
    team.commit("Another")
    team.push("main")
    forge.agrees = lambda _: True
    assert ended(forge.pushed(commit, run="77", only="apply")) == (SUCCESS, FAILURE)
    assert "main has moved on" in text_of(forge, pull, "apply")
    assert set(team.live()) == {"raw", "nas"}


@pytest.fixture
def swap(forge, team):
    """Give two storages, and the pull request that swaps their names, in several steps."""
    team.begin(local("raw"), local("nas"))
    ids = team.ids()
    swapped = {"raw": ids["nas"], "nas": ids["raw"]}
    places = {"raw": "/data/nas", "nas": "/data/raw"}
    entries = (local(n, id=swapped[n], default_url=places[n]) for n in swapped)
    return planned(forge, team, "swap", *entries), ids, swapped


def cancelled(forge, team, pull, patience, decide, doomed=None):
    """Cancel the apply of a merge once its first step was done and has no answer."""
    began = threading.Event()

    def first_hangs(request):
        if request.method == "PATCH" and not began.is_set():
            began.set()
            return HANG_AFTER
        return decide(request)

    def renaming():
        assert began.wait(30), "no operation began"

    def agrees(_):
        team.shell.as_users_do = True  # what waits for its turn does not end by a kill
        return True

    team.proxy.decide = first_hangs
    word, first = {
        "GitHub": ("apply.sh", signal.SIGINT),
        "GitLab": ("reconciler apply", signal.SIGTERM),
    }[type(forge).__name__]
    team.shell.cancelling = (word, Cancelling(renaming, patience, doomed, first))
    forge.agrees = agrees
    assert ended(forge.pushed(forge.hosting.merge(pull), run="77")) == (SUCCESS, "cancelled")
    team.shell.as_users_do = False
    forge.agrees = lambda _: True


@pytest.mark.parametrize(
    "patience",
    [None, pytest.param((7.5, 2.5), marks=pytest.mark.long)],
    ids=["at once", "as GitHub does"],
)
def test_a_cancelled_job_is_run_again(forge, team, swap, patience):
    pull, ids, swapped = swap
    cancelled(forge, team, pull, patience, lambda _: PASS)
    assert {*ids} != {*team.ids()}, "nothing was done"
    assert "half" in text_of(forge, pull, "apply") or "unknown" in text_of(forge, pull, "apply")

    again = forge.pushed(forge.hosting.head(), run="77", only="apply")
    assert ended(again) == (SUCCESS, SUCCESS)
    assert team.ids() == swapped
    assert "it is as planned" in text_of(forge, pull, "apply")


@pytest.mark.parametrize(
    "patience",
    [None, pytest.param((7.5, 2.5), marks=pytest.mark.long)],
    ids=["at once", "as GitHub does"],
)
def test_a_killed_job_leaves_the_lease_and_is_run_again(forge, team, swap, patience, monkeypatch):
    """What was left hold of the lease: the next run waits until it has run out."""
    pull, _, swapped = swap
    still_there = threading.Event()

    def never_given_up(request):
        if request.method == "DELETE" and request.target.startswith("/v1/lock"):
            still_there.set()
            return refused(503)
        return PASS

    cancelled(forge, team, pull, patience, never_given_up, lambda: still_there.wait(30))
    assert still_there.is_set()
    later = [timedelta(0)]
    monkeypatch.setattr(session, "utc_now", lambda: utc_now() + later[0])
    asked = []

    def time_passes(request):
        if request.method == "POST" and request.target.startswith("/v1/lock"):
            asked.append(request)
            later[0] = timedelta(seconds=0 if len(asked) < 3 else 61)
        return PASS

    team.proxy.decide = time_passes
    again = forge.pushed(forge.hosting.head(), run="77", only="apply")
    assert ended(again) == (SUCCESS, SUCCESS)
    assert len(asked) == 3, "the lease was not held"
    assert team.ids() == swapped
    assert "it is as planned" in text_of(forge, pull, "apply")


def test_drift_opens_one_issue_and_closes_it(forge, team):
    team.begin(local("raw"))
    forge.hosting.write(
        forge.hosting.issues, "mallory", "<!-- reconciler drift production -->", "Not ours"
    )
    for label, status, is_open, versions in (
        ("Mine", FAILURE, True, 1),
        ("Mine", FAILURE, True, 2),
        (None, FAILURE, True, 2),  # what could not be read leaves the issue as it is
        ("raw", SUCCESS, False, 3),
        ("raw", SUCCESS, False, 3),
    ):
        if label:
            team.relabel("raw", label)
        forge.secrets["production-plan"] = {
            "RECONCILER_TOKEN": team.reader if label else "rct_0000"
        }
        assert job(forge.nightly(), "drift production").status == status
        (issue,) = [issue for issue in forge.hosting.issues if issue.author == forge.bot]
        assert (issue.open, issue.versions) == (is_open, versions)
    assert issue.title == "Drift: production differs from its manifest"
    assert "Mine" in issue.body
    assert f"Commit {forge.hosting.head()[:12]}, " in issue.body
    assert [issue.open for issue in forge.hosting.issues if issue.author == "mallory"] == [True]


def test_a_merge_is_taken_back_by_a_revert(forge, team):
    team.begin(local("raw"))
    merged(forge, planned(forge, team, "label", local("raw", "Frames")))
    assert team.live() == {"raw": "Frames"}
    team.git("fetch", "-q", "origin")
    team.git("checkout", "-q", "-B", "back", "origin/main")
    team.git("revert", "--no-edit", "-m", "1", "HEAD")
    team.push("back")
    pull = forge.hosting.open_pull("back")
    forge.planned(pull)
    merged(forge, pull)
    assert team.live() == {"raw": "raw"}


def test_a_storage_that_holds_files_is_removed_with_the_consent_that_its_comment_asks(forge, team):
    folder = team.folder / "nas"
    folder.mkdir()
    (folder / "1.tif").write_bytes(b"measured")
    team.begin(local("raw"), local("nas", default_url=str(folder)))
    team.command("scan", "nas", "-o", "json", token=team.operator)

    # Neither an entry that is gone nor the name alone is consent; the comment says what is.
    pull = None
    for removed in ("", "  - {name: nas}"):
        team.branch("gone", local("raw"), removed=removed)
        pull = pull or forge.hosting.open_pull("gone")
        assert job(forge.planned(pull), "plan production").status == FAILURE
        assert "BLOCKED" in text_of(forge, pull, "plan").upper()
    consent = re.search(r'- {name: "nas", id: "?\w+"?, holds_files: true}', pull.texts[0].body)[0]
    team.branch("gone", local("raw"), removed=f"  {consent}")
    assert job(forge.planned(pull), "plan production").status == SUCCESS
    assert "1 to remove" in text_of(forge, pull, "plan")
    assert "HOLDS FILES" in text_of(forge, pull, "plan")
    commit = merged(forge, pull)
    assert set(team.live()) == {"raw"}
    assert (folder / "1.tif").exists()

    runs = team.command("history", "--name", "nas", "-o", "json")["runs"]
    assert (runs[0]["actor"], runs[0]["commit"]) == ("anna as operator-token", commit)
    assert runs[0]["started_at"] > runs[-1]["started_at"]


def test_a_wrong_manifest_has_its_lines_in_the_comment_and_nothing_to_apply(forge, team):
    team.branch("wrong", "  - {name: raw, typ: local, default_url: /data/raw}")
    pull = forge.hosting.open_pull("wrong")
    assert job(forge.planned(pull), "plan production").status == FAILURE
    told = text_of(forge, pull, "plan")
    assert "storages.yaml:5:" in told
    assert "digest=" not in told
    assert ended(forge.pushed(forge.hosting.merge(pull))) == (FAILURE, SKIPPED)
    assert team.live() == {}


def test_two_environments_have_a_comment_and_a_queue_each(forge, team):
    """As the pages say: a second set of jobs, and where their variables are."""
    for name in ("staging", "staging-plan"):
        forge.variables[name] = forge.variables["production"]
        forge.secrets[name] = forge.secrets[name.replace("staging", "production")]
    {"GitHub": two_on_github, "GitLab": two_on_gitlab}[type(forge).__name__](forge, team)
    for name in ("staging", "production"):
        (team.clone / f"{name}.env").write_text(f"STAGE={name}\n")
    team.commit("Two environments")
    team.push("main")
    team.policy = "{undeclared: ignore}"
    team.branch("first", local("raw-${STAGE}"))
    pull = forge.hosting.open_pull("first")
    jobs = forge.planned(pull, only="")
    assert {job(jobs, name).status for name in jobs} == {SUCCESS}
    for name in ("staging", "production"):
        assert f"plan {name}" in jobs
        assert f"`raw-{name}`" in text_of(forge, pull, "plan", name)
    jobs = forge.pushed(forge.hosting.merge(pull))
    assert {name: job(jobs, name).status for name in jobs} == {
        f"{kind} {name}": SUCCESS
        for kind in ("confirm", "apply")
        for name in ("staging", "production")
    }
    assert set(team.live()) == {"raw-staging", "raw-production"}
    assert len(pull.texts) == 4


def two_on_github(forge, team):
    page = (ROOT / "docs" / "gitops.md").read_text(encoding="utf-8")
    (copy,) = re.findall(r"^\$ (sed 's/production/staging/' .*)$", page, re.MULTILINE)
    subprocess.run(["sh", "-c", copy], cwd=team.clone, check=True)
    workflows = team.clone / ".github" / "workflows"
    for file in workflows.glob("*.yml"):
        text = file.read_text().replace("[production]", "[staging, production]")
        text = text.replace(
            "command: validate", "command: validate\n          env-file: staging.env"
        )
        inputs = re.compile(r"^( {10})environment: (.*)$", re.MULTILINE)
        file.write_text(inputs.sub(r"\g<0>\n\1env-file: \2.env", text))


def two_on_gitlab(forge, _):
    forge.jobs.clear()
    for name in ("staging", "production"):
        forge.include(environment=name, **{"env-file": f"{name}.env"})
