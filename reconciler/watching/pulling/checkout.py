"""The checkout in which a manifest lies, brought up to date by fast-forward alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.printable import quoted
from reconciler.watching.conditions import NOT_PULLED, Condition
from reconciler.watching.deeds import Pulled
from reconciler.watching.pulling.committed import Committed
from reconciler.watching.pulling.git import Git
from reconciler.watching.pulling.refused import (
    NOT_FORWARD,
    UNREACHABLE,
    UNSIGNED,
    UNUSABLE,
    Refused,
)
from reconciler.watching.pulling.worktree import Worktree

#: Seconds that one call of git may take.
PATIENCE = 60.0
#: What was fetched, by a name that nobody else uses.
_FETCHED = "refs/reconciler/fetched"


class Checkout:
    """One checkout. Its files change only as a whole, to a commit that was found in order."""

    def __init__(
        self,
        paths: Sequence[str],
        environ: Mapping[str, str],
        *,
        signed: bool = False,
        patience: float = PATIENCE,
        variables: Sequence[str] = (),
    ) -> None:
        """Find the checkout in which the files and folders of a manifest lie.

        `variables` are the files that it takes values from, wherever they are. `signed`: no commit
        is taken that `git verify-commit` does not vouch for. Raises `UsageError` if the manifest
        does not all lie in one checkout, or if there is no git.
        """
        folders = {_folder(path) for path in paths}
        tops = set[str]()
        for folder in sorted(folders):
            said = Git(folder, environ, patience)("rev-parse", "--show-toplevel")
            if said.code:
                raise UsageError(f"--pull: {quoted(str(folder))}: {said.reason}")
            tops.add(said.out.removesuffix("\n"))
        if len(tops) != 1:
            raise UsageError(f"--pull: the manifest lies in several checkouts: {sorted(tops)}")
        self._top = Path(os.path.realpath(tops.pop()))
        self._git = Git(self._top, environ, patience)
        self._worktree = Worktree(self._top, self._git)
        self._read = self._worktree.read
        self._manifest = Committed(self._worktree, paths, variables)
        self._signed = signed

    def pull(self) -> Pulled:
        """Fetch, and go forward to what was fetched, if nothing speaks against it."""
        head = ""
        try:
            self._keep_to_our_settings()
            head = self._read("rev-parse", "--verify", "HEAD^{commit}")
            self._manifest.check()
            fetched = self._fetch()
            if self._signed:
                self._check_signature(fetched)
            if fetched != head:
                self._check_forward(head, fetched)
                self._worktree.forward(fetched)
                head = fetched
            self._manifest.check_whole()
        except Refused as refused:
            return Pulled(head, refused.condition)
        except OSError as error:  # no memory, or no room for another process
            why = f"git can't be run ({error.strerror})"
            return Pulled(head, Condition(NOT_PULLED, "", UNUSABLE, why))
        return Pulled(head)

    def _keep_to_our_settings(self) -> None:
        """Refuse settings that come from files of the checkout, and filters wherever from."""
        told = self._read("config", "--list", "--null", "--show-origin").split("\0")
        places = ("--absolute-git-dir", "--git-common-dir")
        private = [Path(os.path.realpath(self._top / self._read("rev-parse", p))) for p in places]
        drivers = set[str]()
        # Origin and setting take turns.
        for origin, setting in zip(told[::2], told[1::2], strict=False):
            key = setting.partition("\n")[0]
            if key.startswith("filter.") and key.count(".") > 1:
                drivers.add(key[len("filter.") : key.rindex(".")])
            if not origin.startswith("file:"):
                continue
            file = Path(os.path.realpath(self._top / origin.removeprefix("file:")))
            if file.is_relative_to(self._top) and not any(map(file.is_relative_to, private)):
                raise Refused(
                    UNUSABLE,
                    f"git takes settings from {quoted(str(file))}, which is a file of the "
                    "checkout: whoever can push could have commands run here",
                )
        self._git.without_filters(sorted(drivers))

    def _fetch(self) -> str:
        """Fetch what the branch follows, and return its commit."""
        branch = self._git("symbolic-ref", "--quiet", "HEAD")
        if branch.code:
            raise Refused(UNUSABLE, "no branch is checked out: `git switch` to one")
        form = "--format=%(upstream:remotename)%00%(upstream:remoteref)"
        told = self._read("for-each-ref", form, branch.out.removesuffix("\n"))
        remote, _, ref = told.partition("\0")
        if not remote or not ref:
            raise Refused(
                UNUSABLE, "the branch follows no remote one: `git branch --set-upstream-to`"
            )
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        said = self._git("fetch", *options, "--refmap=", "--", remote, f"+{ref}:{_FETCHED}")
        if said.code:
            raise Refused(UNREACHABLE, f"the remote can't be read: {said.reason}")
        return self._read("rev-parse", "--verify", f"{_FETCHED}^{{commit}}")

    def _check_signature(self, commit: str) -> None:
        said = self._git("verify-commit", commit)
        if said.code:
            why = said.reason if said.error.strip() else "it has no signature"
            if key := said.unknown_key:
                why = (
                    f"it is signed with the {key}, which is not among those of "
                    "gpg.ssh.allowedSignersFile, or that file can't be read"
                )
            raise Refused(UNSIGNED, f"nobody vouches for the commit {commit}: {why}")

    def _check_forward(self, head: str, fetched: str) -> None:
        if self._git("merge-base", "--is-ancestor", head, fetched).code == 0:
            return
        behind = self._git("merge-base", "--is-ancestor", fetched, head).code == 0
        why = "was set back, or commits made here were not pushed" if behind else "has diverged"
        raise Refused(
            NOT_FORWARD,
            f"the remote branch {why}: it is at {fetched}, and {head} is checked out; nothing is "
            "thrown away here",
        )


def _folder(path: str) -> Path:
    """Return the folder that a path means, or that it would lie in: a commit may take it away."""
    there = Path(path)
    return next(one for one in (there, *there.parents) if one.is_dir())
