"""A Git remote that is pushed to by an author who signs, forgets to, forces, or goes away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
_WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder: Path, *arguments: str) -> str:
    """Run git as an author whose settings are of no account."""
    done = subprocess.run(
        ["git", *_WHO, *arguments],
        cwd=folder,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class Remote:
    """A bare repository, the clone that its author works in, and a key that is known."""

    def __init__(self, folder: Path, manifest: str) -> None:
        self._folder, self._bare, self._author = folder, folder / "remote", folder / "author"
        self._numbers = iter(range(1_000_000))
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")]
        subprocess.run(key, check=True)
        (folder / "signers").write_text(f"ada@example.org {(folder / 'key.pub').read_text()}")
        git(folder, "init", "-q", "--bare", "-b", "main", str(self._bare))
        git(folder, "clone", "-q", str(self._bare), str(self._author))
        git(self._author, "config", "gpg.format", "ssh")
        git(self._author, "config", "user.signingKey", str(folder / "key"))
        self.push(manifest)

    def clone(self, name: str) -> Path:
        """Make a checkout that knows the author's key."""
        here = self._folder / name
        git(self._folder, "clone", "-q", str(self._bare), str(here))
        git(here, "config", "gpg.ssh.allowedSignersFile", str(self._folder / "signers"))
        return here

    def push(self, manifest: str, *, signed: bool = True) -> None:
        """Have another newest commit."""
        (self._author / "storages.yaml").write_text(manifest)
        git(self._author, "add", "-A")
        self._commit("--allow-empty", *(["-S"] if signed else []))
        self._push()

    def sign(self) -> None:
        """Sign the newest commit after all."""
        self._commit("--amend", "-S")
        self._push()

    def force(self, manifest: str) -> None:
        """Put another commit, which is signed too, in the place of the newest one."""
        git(self._author, "tag", "-f", "before")
        git(self._author, "reset", "-q", "--hard", "HEAD~1")
        self.push(manifest)

    def put_back(self) -> None:
        """Have the newest commit again that was forced away."""
        git(self._author, "reset", "-q", "--hard", "before")
        self._push()

    def go_away(self) -> None:
        """Be where nobody finds it."""
        self._bare.rename(self._folder / "away")

    def come_back(self) -> None:
        """Be where it was."""
        (self._folder / "away").rename(self._bare)

    def _commit(self, *options: str) -> None:
        git(self._author, "commit", "-q", "-m", f"{next(self._numbers)}", *options)

    def _push(self) -> None:
        git(self._author, "push", "-q", "--force", "origin", "HEAD:main")
