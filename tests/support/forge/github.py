"""GitHub's REST API, as far as our files use it; and what its runner does with a workflow.

Written after GitHub's documentation and the runner's source. What is `uses:` of GitHub's own
actions is done here in a few lines; `run:` lines of the shipped files are run as they stand.
"""

from __future__ import annotations

import itertools
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from support.forge.answering import Route, paged
from support.forge.expressions import fill, holds
from support.forge.hosting import MAIN, Grant, Hosting, Pull, Text
from support.forge.jobs import Forge, Job
from support.forge.shells import Shell
from support.repository import ROOT

BOT = "github-actions[bot]"
#: Our action, at a commit that there is; and the place in the shipped files that people fill in.
OURS = re.compile(r"(?!OWNER/)[\w-]+/reconciler@(?!0{40})[0-9a-f]{40}")


def routes(hosting: Hosting) -> list[Route]:
    """List what is answered."""
    home = f"/repos/{hosting.name}"

    def text(one: Text) -> dict[str, Any]:
        told = {"id": one.id, "number": one.id, "title": one.title, "body": one.body}
        told["updated_at"] = one.at
        return {**told, "user": {"login": one.author}, "state": "open" if one.open else "closed"}

    def head(found, _query, _content):
        try:
            return 200, {"object": {"sha": hosting.head(found[1])}}
        except AssertionError:
            return 404, {"message": "Not Found"}

    def pulls(found, query, _content):
        made = [p for p in hosting.pulls.values() if p.merged_as == found[1]]
        told = [
            {"number": p.number, "merged_at": p.merged_at, "merge_commit_sha": found[1]}
            for p in made
        ]
        return 200, paged(told, query)

    def comments(found, query, _content):
        return 200, paged([text(t) for t in hosting.pulls[int(found[1])].texts], query)

    def comment(found, _query, content):
        if len(content["body"]) > 65_536:
            return 422, {"message": "Body is too long (maximum is 65536 characters)"}
        texts = hosting.pulls[int(found[1])].texts
        return 201, text(hosting.write(texts, content["account"], content["body"]))

    def rewritten(found, _query, content):
        one = hosting.text(int(found[1]))
        one.body, one.title = content.get("body", one.body), content.get("title", one.title)
        one.open = content.get("state", "open") == "open"
        one.versions, one.at = one.versions + 1, hosting.moment()
        return 200, text(one)

    def issues(_found, query, _content):
        assert query["state"] == "open"
        return 200, paged([text(t) for t in reversed(hosting.issues) if t.open], query)

    def issue(_found, _query, content):
        words = (content["account"], content["body"], content["title"])
        return 201, text(hosting.write(hosting.issues, *words))

    return [
        ("GET", re.compile(rf"{home}/git/ref/heads/(.+)"), "contents:read", head),
        ("GET", re.compile(rf"{home}/commits/([0-9a-f]+)/pulls"), "pull-requests:read", pulls),
        ("GET", re.compile(rf"{home}/issues/(\d+)/comments"), "pull-requests:read", comments),
        ("POST", re.compile(rf"{home}/issues/(\d+)/comments"), "pull-requests:write", comment),
        ("PATCH", re.compile(rf"{home}/issues/comments/(\d+)"), "pull-requests:write", rewritten),
        ("GET", re.compile(rf"{home}/issues"), "issues:read", issues),
        ("POST", re.compile(rf"{home}/issues"), "issues:write", issue),
        ("PATCH", re.compile(rf"{home}/issues/(\d+)"), "issues:write", rewritten),
    ]


class GitHub(Forge):
    """A repository on GitHub whose workflows run here."""

    bot = BOT
    routes = staticmethod(routes)

    def __init__(self, folder: Path, shell: Shell, files: Path) -> None:
        """Take where to work, what runs shells, and where the workflows are."""
        super().__init__(folder, shell)
        self.files = files

    def planned(self, pull: Pull, *, only: str = "plan") -> dict[str, Job]:
        """Run jobs of the workflow for a pull request that was opened or pushed to."""
        head = self.hosting.head(pull.branch)
        event = {"number": pull.number, "head": {"sha": head, "repo": {"full_name": pull.home}}}
        event["user"] = {"login": pull.author}
        told = {"pull_request": event}
        merged = self.hosting.merged(pull.branch)
        file = "storages-plan.yml"
        return self.run(file, "pull_request", merged, told, pull.branch, pull.home, only=only)

    def pushed(self, commit: str, run: str = "", only: str = "") -> dict[str, Job]:
        """Run workflows for a push to the main branch; or again jobs of a run."""
        jobs: dict[str, Job] = {}
        for file in sorted((self.files / ".github/workflows").glob("storages-apply*.yml")):
            jobs |= self.run(file.name, "push", commit, {}, MAIN, run=run, only=only)
        return jobs

    def started(self, digest: str) -> dict[str, Job]:
        """Run the workflow that applies, as somebody who has looked at a plan starts it."""
        commit, inputs = self.hosting.head(), {"digest": digest}
        file = "storages-apply.yml"
        return self.run(file, "workflow_dispatch", commit, {}, MAIN, inputs=inputs)

    def nightly(self, only: str = "drift") -> dict[str, Job]:
        """Run jobs of the workflow of each night."""
        commit = self.hosting.head()
        return self.run("storages-nightly.yml", "schedule", commit, {}, MAIN, only=only)

    def run(
        self,
        file: str,
        name: str,
        commit: str,
        event: Mapping[str, Any],
        branch: str,
        home: str = "",
        *,
        inputs: Mapping[str, str] | None = None,
        run: str = "",
        only: str = "",
    ) -> dict[str, Job]:
        """Run jobs of a workflow, one after the other: all, or those of one name."""
        workflow = parsed((self.files / ".github/workflows" / file).read_text())
        triggers = workflow[True]  # YAML 1.1 reads `on` so
        assert name in triggers, f"{file} is not for {name}"
        run = run or self.number()
        jobs = self.runs.setdefault(run, {})
        github = {
            "event": event,
            "event_name": name,
            "repository": self.hosting.name,
            "ref": f"refs/pull/{event['pull_request']['number']}/merge"
            if event
            else f"refs/heads/{branch}",
            "ref_name": branch,
            "sha": commit,
            "run_id": run,
            "run_attempt": "2" if jobs else "1",
            "actor": "anna",
        }
        forked = home not in ("", self.hosting.name)
        for key, job in workflow["jobs"].items():
            if only not in ("", key):
                continue
            for values in _matrix(job):
                done = _Run(self, key, job, github, values, dict(inputs or {}), forked, jobs).job
                jobs[done.name] = done
        return jobs

    def granted(self, name: str, ref: str) -> tuple[dict[str, str], dict[str, str]]:
        """Give secrets and variables of an environment; the protected one is for main alone."""
        if is_protected(name):
            assert ref == f"refs/heads/{MAIN}", f"{ref} may not use the environment {name}"
        secret = {**self.secrets.get("", {}), **self.secrets.get(name, {})}
        return secret, {**self.variables.get("", {}), **self.variables.get(name, {})}


def is_protected(environment: str) -> bool:
    """Say whether people may have to agree to a job of this environment."""
    return environment != "" and not environment.endswith("-plan")


@cache
def parsed(text: str) -> dict[Any, Any]:
    """Read YAML: nobody writes into what it says."""
    read: dict[Any, Any] = yaml.safe_load(text)
    return read


def _needed(done: Mapping[str, Job], job: Mapping[str, Any], where: str) -> dict[str, Job]:
    needs = job.get("needs", [])
    names = [needs] if isinstance(needs, str) else needs
    return {name: done[_named(name, where)] for name in names}


def _named(key: str, where: str) -> str:
    return f"{key} {where.removesuffix('-plan')}".strip()


def _matrix(job: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    axes = job.get("strategy", {}).get("matrix", {})
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


class _Run:
    """One job."""

    def __init__(self, forge, key, job, github, matrix, inputs, forked, done) -> None:
        self.forge = forge
        self.token = f"ghs_{secrets.token_hex(8)}"
        self.grants = dict(job.get("permissions", {}))
        # GitHub lets forks read, whatever the workflow says.
        grants = dict.fromkeys(self.grants, "read") if forked else self.grants
        forge.hosting.grants[self.token] = Grant(BOT, grants)
        self.contexts: dict[str, Any] = {
            "github": {**github, "token": self.token},
            "matrix": matrix,
            "inputs": inputs,
            "job": {"status": "success"},
        }
        where = fill(job.get("environment", ""), self.contexts)
        self.job = Job(_named(key, where))
        needed = _needed(done, job, where)
        self.contexts["needs"] = {name: {"outputs": one.handed} for name, one in needed.items()}
        if {one.status for one in needed.values()} - {"success"}:
            self.contexts["job"]["status"] = "failure"
        secret, variables = ({}, {}) if forked else forge.granted(where, github["ref"])
        self.contexts |= {"secrets": {**secret, "GITHUB_TOKEN": self.token}, "vars": variables}
        if not holds(job.get("if"), self.contexts):
            self.job.status = "skipped"
            return
        if is_protected(where) and not forge.agrees("".join(j.summary for j in done.values())):
            self.job.status = "failure"
            return
        for name in (step["uses"] for step in job["steps"]):
            if not name.startswith("actions/") and not OURS.fullmatch(name):
                self.job.log = f"Unable to resolve action `{name}`, repository not found"
                self.job.status = "failure"
                return
        self.home = forge.begin("work", "temp")
        self.workspace, self.temporary = self.home / "work", self.home / "temp"
        self.contexts |= {"runner": {"temp": str(self.temporary)}}
        self.summary = self.home / "summary"
        self.summary.touch()
        self.steps(job["steps"], self.contexts, {}, None)
        self.job.handed = {n: fill(v, self.contexts) for n, v in job.get("outputs", {}).items()}
        self.job.summary = self.summary.read_text()
        for secret in self.contexts["secrets"].values():  # as the runner masks them
            self.job.log = self.job.log.replace(secret, "***")

    def steps(self, steps, contexts, around, action: Path | None) -> None:
        """Run steps, of a job or of a composite action."""
        contexts["steps"] = {}
        for step in steps:
            contexts["job"]["status"] = self.job.status
            if not holds(step.get("if"), contexts):
                continue
            given = {k: str(fill(v, contexts)) for k, v in step.get("env", {}).items()}
            outputs: dict[str, str] = {}
            code = self.step(step, contexts, {**around, **given}, action, outputs)
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}
            if code and not step.get("continue-on-error") and self.job.status == "success":
                self.job.status = "cancelled" if code == "cancelled" else "failure"

    def step(self, step, contexts, given, action, outputs) -> int | str:
        """Run one step; return its exit code."""
        if "run" in step:
            return self.script(step, given, action, outputs)
        with_ = {k: str(fill(v, contexts)) for k, v in step.get("with", {}).items()}
        uses = step["uses"]
        if OURS.fullmatch(uses):
            return self.ours(with_, given, outputs)
        name = uses.partition("@")[0].removeprefix("actions/").replace("-", "_")
        return int(getattr(self, name)(**{k.replace("-", "_"): v for k, v in with_.items()}) or 0)

    def ours(self, given: dict[str, str], around: dict[str, str], outputs) -> int:
        """Run action.yml of this repository."""
        action = parsed((ROOT / "action.yml").read_text())
        known = action["inputs"]
        assert set(given) <= set(known), f"unknown inputs: {set(given) - set(known)}"
        inputs = {
            n: fill(given.get(n, v.get("default", "")), self.contexts) for n, v in known.items()
        }
        contexts = {**self.contexts, "inputs": inputs}
        del contexts["secrets"], contexts["vars"]  # an action sees neither
        self.steps(action["runs"]["steps"], contexts, around, ROOT)
        outputs |= {n: fill(v["value"], contexts) for n, v in action["outputs"].items()}
        self.job.outputs |= outputs
        return 0

    def script(self, step, given, action, outputs) -> int | str:
        """Run the `run:` lines of a step in the shell that it names."""
        assert "${{" not in step["run"], "a value is put into a shell's text"
        github = self.contexts["github"]
        told = self.home / "output"
        told.write_text("")
        environ = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_SERVER_URL": "https://github.example",
            **{f"GITHUB_{n.upper()}": github[n] for n in _TOLD},
            "GITHUB_OUTPUT": str(told),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTION_PATH": str(action or ""),
            "RUNNER_TEMP": str(self.temporary),
            **given,
        }
        text = step["run"]
        if step.get("name") == "Install":
            text = self.forge.shell.install(self.temporary, text)
        code, log = self.forge.shell.run(text, self.workspace, environ)
        self.job.log += log
        outputs.update(line.split("=", 1) for line in told.read_text().splitlines())
        return code

    def checkout(self, persist_credentials: str) -> None:
        assert persist_credentials == "False"
        assert self.grants.get("contents") == "read"
        self.forge.hosting.check_out(self.contexts["github"]["sha"], self.workspace)

    def setup_python(self, python_version: str) -> None:
        assert python_version

    def upload_artifact(self, name: str, path: str, **more: str) -> None:
        """Keep a file or folder; one that is not there only where the step allows that."""
        kept = self.forge.kept / f"{self.contexts['github']['run_id']}-{name}"
        shutil.rmtree(kept, ignore_errors=True)
        source = Path(path)
        if not source.exists():
            assert more.get("if_no_files_found") == "ignore", f"{path} is not there"
            return
        kept.mkdir()
        if source.is_dir():
            shutil.copytree(source, kept, dirs_exist_ok=True)
        else:
            shutil.copy(source, kept)
        self.forge.hosting.artifacts[self.contexts["github"]["run_id"], name] = kept

    def download_artifact(
        self, name: str, path: str, run_id: str = "", github_token: str = ""
    ) -> int:
        """Fetch what a run has kept: this one, or with a token another."""
        if run_id:
            grant = self.forge.hosting.grants[github_token]
            assert grant.permissions.get("actions") == "read"
        run = run_id or self.contexts["github"]["run_id"]
        kept = self.forge.hosting.artifacts.get((run, name))
        if kept is None:
            return 1
        shutil.copytree(kept, path)
        return 0


_TOLD = ("repository", "ref", "ref_name", "sha", "run_id", "run_attempt", "actor", "event_name")
