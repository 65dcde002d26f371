"""GitLab's REST API, as far as our files use it; and what its runner does with a job.

Written after GitLab's documentation. Of `rules:` only what decides between our jobs is read.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from support.forge.answering import Route, paged
from support.forge.hosting import MAIN, Grant, Hosting, Pull, Text
from support.forge.jobs import Forge, Job
from support.forge.shells import Shell
from support.repository import ROOT

BOT = "project_1_bot"
_INPUT = re.compile(r"\$\[\[ inputs\.([\w-]+) \]\]")


def routes(hosting: Hosting) -> list[Route]:
    """List what is answered."""
    home = "/projects/1"

    def text(one: Text) -> dict[str, Any]:
        told = {"id": one.id, "iid": one.id, "body": one.body, "description": one.body}
        told["updated_at"] = one.at
        return {**told, "author": {"username": one.author}}

    def user(_found, _query, content):
        return 200, {"username": content["account"]}

    def requests(found, query, _content):
        told = [
            {
                "iid": pull.number,
                "state": "merged",
                "target_branch": MAIN,
                "merge_commit_sha": pull.merged_as,
                "merged_at": pull.merged_at,
            }
            for pull in hosting.pulls.values()
            if pull.merged_as == found[1]
        ]
        return 200, paged(told, query)

    def notes(found, query, _content):
        return 200, paged([text(t) for t in hosting.pulls[int(found[1])].texts], query)

    def note(found, _query, content):
        texts = hosting.pulls[int(found[1])].texts
        return 201, text(hosting.write(texts, content["account"], content["body"]))

    def rewritten(found, _query, content):
        one = hosting.text(int(found[found.lastindex]))
        one.body = content.get("body", content.get("description", one.body))
        one.open = content.get("state_event") != "close"
        one.versions, one.at = one.versions + 1, hosting.moment()
        return 200, text(one)

    def artifact(found, _query, _content):
        kept = hosting.artifacts.get((found[1], "job"))
        file = kept / found[2] if kept else None
        if file is None or not file.exists():
            return 404, {"message": "404 Not Found"}
        return 200, file.read_bytes()

    def issues(_found, query, _content):
        return 200, paged([text(t) for t in reversed(hosting.issues) if t.open], query)

    def issue(_found, _query, content):
        words = (content["account"], content["description"], content["title"])
        return 201, text(hosting.write(hosting.issues, *words))

    merge = rf"{home}/merge_requests/(\d+)/notes"
    commits = rf"{home}/repository/commits/([0-9a-f]+)/merge_requests"
    return [
        ("GET", re.compile("/user"), "api:read", user),
        ("GET", re.compile(commits), "api:read", requests),
        ("GET", re.compile(merge), "api:read", notes),
        ("POST", re.compile(merge), "api:write", note),
        ("PUT", re.compile(rf"{merge}/(\d+)"), "api:write", rewritten),
        ("GET", re.compile(rf"{home}/jobs/(\d+)/artifacts/(.+)"), "api:read", artifact),
        ("GET", re.compile(rf"{home}/issues"), "api:read", issues),
        ("POST", re.compile(rf"{home}/issues"), "api:write", issue),
        ("PUT", re.compile(rf"{home}/issues/(\d+)"), "api:write", rewritten),
    ]


def component(**given: str) -> dict[str, Any]:
    """Return the jobs of the component with inputs, `extends:` resolved."""
    head, body = (ROOT / "templates" / "gitops.yml").read_text().split("\n---\n")
    known = yaml.safe_load(head)["spec"]["inputs"]
    assert set(given) <= set(known)
    values = {n: given.get(n, told.get("default")) for n, told in known.items()}
    assert None not in values.values(), "an input that has no default is not given"
    jobs = yaml.safe_load(_INPUT.sub(lambda found: values[found[1]], body))
    return {
        name: {**jobs[job["extends"]], **job}
        for name, job in jobs.items()
        if not name.startswith(".")
    }


class GitLab(Forge):
    """A project on GitLab whose jobs run here."""

    bot = BOT
    routes = staticmethod(routes)

    def __init__(self, folder: Path, shell: Shell) -> None:
        """Take where to work, and what runs shells."""
        super().__init__(folder, shell)
        self.hosting.grants["glpat-notes"] = Grant(BOT, {"api": "write"})
        self.secrets[""] = {"STORAGES_NOTES_TOKEN": "glpat-notes"}
        self.jobs: dict[str, Any] = {}

    def include(self, **inputs: str) -> None:
        """Add the jobs of the component with these inputs."""
        self.jobs |= component(package="reconciler", manifest="storages.yaml", **inputs)

    def planned(self, pull: Pull, *, only: str = "plan") -> dict[str, Job]:
        """Run the jobs of a merge request, of which each plans."""
        told = {"CI_MERGE_REQUEST_IID": str(pull.number), "CI_COMMIT_BRANCH": ""}
        return self.run(only or "plan", self.hosting.head(pull.branch), told)

    def pushed(self, commit: str, run: str = "", only: str = "", **given: str) -> dict[str, Job]:
        """Run the jobs after a push to the main branch; or again one of a pipeline."""
        return self.run(only or "confirm|apply", commit, given, run)

    def started(self, digest: str) -> dict[str, Job]:
        """Run the jobs that apply, as somebody who has looked at a plan starts them."""
        return self.pushed(self.hosting.head(), STORAGES_DIGEST=digest)

    def nightly(self) -> dict[str, Job]:
        """Run the jobs of each night."""
        return self.run("drift", self.hosting.head(), {})

    def run(self, kinds: str, commit: str, given: dict[str, str], run: str = "") -> dict[str, Job]:
        """Run the jobs of some kinds, one after the other."""
        run = run or self.number()
        done = self.runs.setdefault(run, {})
        for name, job in self.jobs.items():
            if re.match(f"storages-({kinds})-", name):
                one = Job(name.removeprefix("storages-").replace("-", " ", 1))
                done[one.name] = one
                self.play(name, job, one, commit, given, run)
        return done

    def play(
        self,
        name: str,
        job: dict[str, Any],
        done: Job,
        commit: str,
        given: dict[str, str],
        run: str,
    ) -> None:
        """Run one job, if those that it needs have ended well, and people agree."""
        before = self.runs[run]
        needed = [n.removeprefix("storages-").replace("-", " ", 1) for n in job.get("needs", ())]
        if {before[n].status for n in needed} - {"success"}:
            done.status = "skipped"
            return
        where = job["environment"]
        read = "".join(before[n].log for n in needed)
        if where.get("action") != "access" and not self.agrees(read):
            done.status = "failure"
            return
        work, tools = self.begin("bin") / "work", self.home / "bin"
        self.hosting.check_out(commit, work)
        for needed_job in job.get("needs", ()):  # hands over what it has kept
            shutil.copytree(self.hosting.artifacts[run, needed_job], work, dirs_exist_ok=True)
        (tools / "reconciler").symlink_to(self.shell.commands / "reconciler")
        # What it would install is there; it is given no secret.
        (tools / "pip").write_text('#!/bin/sh\n[ -z "$RECONCILER_TOKEN$STORAGES_NOTES_TOKEN" ]\n')
        (tools / "pip").chmod(0o755)
        number = self.number()
        environ = {
            "CI": "true",
            "GITLAB_CI": "true",
            "GITLAB_USER_LOGIN": "anna",
            "CI_API_V4_URL": self.url,
            "CI_PROJECT_ID": "1",
            "CI_PROJECT_DIR": str(work),
            "CI_COMMIT_SHA": commit,
            "CI_COMMIT_BRANCH": MAIN,
            "CI_DEFAULT_BRANCH": MAIN,
            "CI_JOB_ID": number,
            "CI_JOB_URL": f"https://gitlab.example/lab/storages/-/jobs/{number}",
            **{k: v for n in ("", where["name"]) for k, v in self.given(n).items()},
            **job["variables"],
            **{k: v for n in needed for k, v in before[n].handed.items()},
            **given,
        }
        environ["TOOLS"] = str(tools)
        lines = ['PATH="$TOOLS:$PATH"', *job["before_script"], *job["script"]]
        code, done.log = self.shell.run("\n".join(lines), work, environ)
        done.status = {0: "success", "cancelled": "cancelled"}.get(code, "failure")
        self.keep(job["artifacts"], number, work)
        kept = self.hosting.artifacts[run, name] = self.hosting.artifacts[number, "job"]
        told = kept / job["artifacts"].get("reports", {}).get("dotenv", "none")
        if told.is_file():
            done.handed = dict(line.split("=", 1) for line in told.read_text().splitlines())

    def given(self, environment: str) -> dict[str, str]:
        """Give the secrets and variables that a job of an environment gets."""
        return {**self.secrets.get(environment, {}), **self.variables.get(environment, {})}

    def keep(self, artifacts: dict[str, Any], number: str, work: Path) -> None:
        """Keep what a job leaves."""
        kept = self.kept / number
        kept.mkdir()
        reports = artifacts.get("reports", {}).values()
        for name in (*artifacts.get("paths", ()), *reports):
            for path in work.glob(name):
                if path.is_file():
                    (kept / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, kept / name)
        self.hosting.artifacts[number, "job"] = kept
