"""What a forge keeps of one repository: a bare Git repository, and what people and bots wrote."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

MAIN = "main"
#: Nobody's own settings count.
_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Anna",
    "GIT_AUTHOR_EMAIL": "anna@example.org",
    "GIT_COMMITTER_NAME": "Anna",
    "GIT_COMMITTER_EMAIL": "anna@example.org",
}


def git_environment(path: str) -> dict[str, str]:
    """Give the environment for Git in tests."""
    return {**_GIT, "PATH": path, "HOME": "/nonexistent"}


@dataclass
class Text:
    """A comment, note or issue."""

    id: int
    author: str
    body: str
    title: str = ""
    open: bool = True
    #: How often it was written, and when last.
    versions: int = 1
    at: str = ""


@dataclass
class Pull:
    """A pull or merge request."""

    number: int
    branch: str
    #: The project that the branch is in; ours, or a fork.
    home: str
    texts: list[Text] = field(default_factory=list)
    merged_as: str | None = None
    merged_at: str = ""
    author: str = "anna"


@dataclass(frozen=True)
class Grant:
    """What a token may do, and as whom."""

    account: str
    #: Names of permissions with `read` or `write`.
    permissions: dict[str, str]


class Hosting:
    """One repository on a forge."""

    def __init__(self, folder: Path, name: str = "lab/storages") -> None:
        """Make it, empty."""
        self.name = name
        self.bare = folder / "forge.git"
        self._checkouts = folder / "checkouts"
        self._checkouts.mkdir()
        self.numbers, self._seconds = itertools.count(1), itertools.count()
        self.pulls: dict[int, Pull] = {}
        self.issues: list[Text] = []
        self.grants: dict[str, Grant] = {}
        #: What runs have kept, by run and name.
        self.artifacts: dict[tuple[str, str], Path] = {}
        #: What was asked over HTTP, and answered: method, path, status.
        self.asked: list[tuple[str, str, int]] = []
        self.git("init", "-q", "--bare", "-b", MAIN, str(self.bare), at=folder)

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run Git and give what it prints."""
        done = subprocess.run(
            ["git", *words],
            cwd=at or self.bare,
            env=git_environment("/usr/bin:/bin:/usr/local/bin"),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"git {words}: {done.stderr}"
        return done.stdout.strip()

    def head(self, branch: str = MAIN) -> str:
        """Tell which commit a branch is at."""
        return self.git("rev-parse", f"refs/heads/{branch}")

    def open_pull(self, branch: str, home: str | None = None) -> Pull:
        """Do what the button on the page does."""
        number = next(self.numbers)
        self.pulls[number] = Pull(number, branch, home or self.name)
        return self.pulls[number]

    def merged(self, branch: str, into: str = MAIN) -> str:
        """Return the commit that merging a branch would make; no branch moves."""
        tree = self.git("merge-tree", "--write-tree", into, branch)
        parents = ("-p", self.head(into), "-p", self.head(branch))
        return self.git("commit-tree", tree, *parents, "-m", f"Merge {branch}")

    def merge(self, pull: Pull) -> str:
        """Do what the button on the page does."""
        pull.merged_as, pull.merged_at = self.merged(pull.branch), self.moment()
        self.git("update-ref", f"refs/heads/{MAIN}", pull.merged_as)
        return pull.merged_as

    def check_out(self, commit: str, where: Path) -> None:
        """Lay a commit into a folder, as a job finds it."""
        shutil.rmtree(where, ignore_errors=True)
        self.git("clone", "-q", "--no-checkout", str(self.bare), str(where), at=self._checkouts)
        self.git("fetch", "-q", "origin", commit, at=where)
        self.git("checkout", "-q", "--detach", commit, at=where)

    def write(self, texts: list[Text], author: str, body: str, title: str = "") -> Text:
        """Add a text."""
        text = Text(next(self.numbers), author, body, title, at=self.moment())
        texts.append(text)
        return text

    def moment(self) -> str:
        """Give the next second of our time."""
        return f"{datetime(2026, 1, 1) + timedelta(seconds=next(self._seconds)):%Y-%m-%dT%H:%M:%SZ}"

    def text(self, number: int) -> Text:
        """Find any comment, note or issue."""
        everywhere = [*self.issues, *(t for pull in self.pulls.values() for t in pull.texts)]
        return next(text for text in everywhere if text.id == number)
