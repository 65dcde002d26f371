"""A state server, a repository of Git, and a forge whose jobs are those of the shipped files."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.model import Storage
from reconciler.platforms import open_platform
from reconciler.server.store.opening import open_store
from support.commands.starting import warm
from support.faults.fault_proxy import FaultProxy
from support.forge.github import GitHub
from support.forge.gitlab import GitLab
from support.forge.hosting import MAIN, Hosting, Pull
from support.forge.jobs import Forge, Job
from support.forge.shells import Shell, has
from support.repository import ROOT
from support.server.serving import make_token, serving
from tests.e2e.conftest import Folder

FILES = ROOT / "examples" / "gitops" / "github"
#: Each costs some three seconds of CPU, in which dozens of processes run.
LIVES = pytest.mark.sampled(2, of="lives of repositories")


def local(name: str, label: str = "", **more: object) -> str:
    """Write an entry."""
    kept = {"name": name, "label": label or name, "type": "local", "default_url": f"/data/{name}"}
    return f"  - {json.dumps(kept | more)}"


def job(jobs: dict[str, Job], name: str) -> Job:
    """Give a job, and all that it tells if the test fails."""
    print(f"--- {name}: {jobs[name].status}", jobs[name].log, jobs[name].summary, sep="\n")
    return jobs[name]


def text_of(forge: Forge, pull: Pull, kind: str, environment: str = "production") -> str:
    """Give what stands in the one comment or note of a kind that is ours."""
    sign = f"<!-- reconciler {kind} {environment} "
    (text,) = [t for t in pull.texts if t.body.startswith(sign) and t.author == forge.bot]
    return text.body


@dataclass
class Team:
    """Whoever writes manifests, and the platform."""

    #: Where the platform answers, through a proxy that does what it is told.
    proxy: FaultProxy
    reader: str
    operator: str
    shell: Shell
    folder: Path
    hosting: Hosting | None = None
    #: What the manifest says beside its storages.
    policy: str = "{}"

    @property
    def clone(self) -> Path:
        """Where the manifest is written."""
        return self.folder / "clone"

    def begin(self, *entries: str) -> None:
        """Have storages declared on the main branch, and live, before anything is played."""
        self.branch(MAIN, *entries)
        self.command("apply", "-y", "-o", "json", token=self.operator)

    def branch(self, name: str, *entries: str, removed: str = "") -> None:
        """Write a manifest on a new branch off main, and push it."""
        self.git("fetch", "-q", "origin")
        self.git("checkout", "-q", "-B", name, f"origin/{MAIN}")
        lines = ["version: 1", f"platform: {self.proxy.url}", f"policy: {self.policy}"]
        lines += ["storages:", *entries]
        lines += ["removed:", removed] if removed else []
        (self.clone / "storages.yaml").write_text("\n".join(lines) + "\n")
        self.commit(f"Change {name}")
        self.push(name)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def push(self, branch: str) -> None:
        self.git("push", "-q", "-f", "origin", branch)

    def git(self, *words: str) -> str:
        assert self.hosting is not None
        return self.hosting.git(*words, at=self.clone)

    def live(self) -> dict[str, str | None]:
        """Read names and labels of what is live."""
        return {storage.name: storage.label for storage in self._storages()}

    def ids(self) -> dict[str, str]:
        """Read names and ids of what is live."""
        return {storage.name: storage.id for storage in self._storages()}

    def _storages(self) -> tuple[Storage, ...]:
        environ = {"RECONCILER_TOKEN": self.reader}
        with closing(open_platform(self.proxy.url, base=None, environ=environ).reader()) as reader:
            return tuple(reader.read().storages)

    def command(self, *words: str, token: str = "") -> Any:
        """Run a command of somebody who may read, on what is declared; give its JSON."""
        folder = Folder(self.clone, warm())
        return json.loads(folder(*words, env={"RECONCILER_TOKEN": token or self.reader}).stdout)

    def relabel(self, name: str, label: str) -> None:
        """Change live by hand, as somebody does who has a token and no patience."""
        environ = {"RECONCILER_TOKEN": self.operator}
        platform = open_platform(self.proxy.url, base=None, environ=environ)
        with closing(platform.writer(wait=0)) as writer:
            (storage,) = writer.find(name=name)
            if storage.label != label:
                writer.update(storage, name=None, label=label)


@pytest.fixture
def team(tmp_path) -> Iterator[Team]:
    missing = [name for name in ("bash", "curl", "git") if not has(name)]
    if missing or sys.platform == "win32":
        pytest.skip(f"jobs need bash, curl and git; missing: {missing}")
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(f"sqlite:///{tmp_path / 'server.db'}")))
        running = stack.enter_context(serving(store))
        proxy = stack.enter_context(FaultProxy(running.port))
        tokens = (make_token(store, role, f"{role}-token") for role in ("reader", "operator"))
        yield Team(proxy, *tokens, Shell(), tmp_path)


def started(team: Team, forge: Forge) -> Forge:
    """Give the team a repository on a forge, with the tokens that docs/gitops.md tells to set."""
    team.hosting = forge.hosting
    for name, token in (("production-plan", team.reader), ("production", team.operator)):
        forge.secrets[name] = {"RECONCILER_TOKEN": token}
        forge.variables[name] = {"RECONCILER_PLATFORM": team.proxy.url}
    team.git("init", "-q", "-b", "main")
    team.git("remote", "add", "origin", str(forge.hosting.bare))
    team.commit("Begin")
    team.push("main")
    return forge


@pytest.fixture
def github(team) -> Iterator[GitHub]:
    shutil.copytree(FILES, team.clone)
    for file in (team.clone / ".github" / "workflows").iterdir():
        text = re.sub("OWNER/reconciler@0*", f"lab/reconciler@{'a1' * 20}", file.read_text())
        file.write_text(text)
    made = GitHub(team.folder, team.shell, team.clone)
    started(team, made)
    with made.running():
        yield made


@pytest.fixture
def gitlab(team) -> Iterator[GitLab]:
    team.clone.mkdir()
    made = GitLab(team.folder, team.shell)
    made.include()
    started(team, made)
    with made.running():
        yield made
