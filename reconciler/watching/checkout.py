"""The checkout in which a manifest lies, brought up to date by fast-forward alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from reconciler.disk.links import followed, links_below
from reconciler.errors import UsageError
from reconciler.printable import listed, quoted
from reconciler.watching.conditions import NOT_PULLED, Condition
from reconciler.watching.deeds import Pulled
from reconciler.watching.git import Git, Said

#: Why a checkout is not brought up to date: the remote can't be read; what it has does not follow
#: what is here; nobody vouches for it; the manifest was changed here; the checkout is not in order.
UNREACHABLE, NOT_FORWARD, UNSIGNED, CHANGED_HERE, UNUSABLE = (
    "unreachable",
    "not_forward",
    "unsigned",
    "changed_here",
    "unusable",
)
#: Seconds that one call of git may take.
PATIENCE = 60.0
#: What was fetched, by a name that nobody else uses.
_FETCHED = "refs/reconciler/fetched"
_MANIFESTS = (".yaml", ".yml")
#: What Git does not have, and what it is told not to look at.
_FOREIGN = ("??", "!!")
#: With what Git marks a file that it skips; small letters mark those that it never looks at.
_SKIPPED = "S"
#: The mode of what is another checkout.
_SUBMODULE = "160000"
#: The folder of journals, and of what a watch knows.
_OWN = ".reconciler"


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """The checkout stays as it is."""

    def __init__(self, code: str, why: str) -> None:
        self.condition = Condition(NOT_PULLED, "", code, why)


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
        self._paths = [str(Path.cwd() / path) for path in paths]  # links stay
        self._variables = [str(Path.cwd() / path) for path in variables]
        self._git = Git(self._top, environ, patience)
        self._signed = signed

    def pull(self) -> Pulled:
        """Fetch, and go forward to what was fetched, if nothing speaks against it."""
        head = ""
        try:
            self._keep_to_our_settings()
            head = self._read("rev-parse", "--verify", "HEAD^{commit}")
            self._check_unchanged()
            fetched = self._fetch()
            if self._signed:
                self._check_signature(fetched)
            if fetched != head:
                self._check_forward(head, fetched)
                self._forward(fetched)
                head = fetched
            self._check_whole()
        except _Refused as refused:
            return Pulled(head, refused.condition)
        except OSError as error:  # no memory, or no room for another process
            why = f"git can't be run ({error.strerror})"
            return Pulled(head, Condition(NOT_PULLED, "", UNUSABLE, why))
        return Pulled(head)

    def _keep_to_our_settings(self) -> None:
        """Refuse settings that come from files of the checkout, and filters wherever from."""
        told = self._read("config", "--list", "--null", "--show-origin").split("\0")
        inside = Path(os.path.realpath(self._top))
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
            if file.is_relative_to(inside) and not any(map(file.is_relative_to, private)):
                raise _Refused(
                    UNUSABLE,
                    f"git takes settings from {quoted(str(file))}, which is a file of the "
                    "checkout: whoever can push could have commands run here",
                )
        self._git.without_filters(sorted(drivers))

    def _check_unchanged(self) -> None:
        """Refuse a manifest that is another one than what was committed.

        A file of variables may be one that Git does not have: it is of this machine then.
        """
        astray = [path for path in self._paths if not self._inside(path)]
        if astray:
            raise _Refused(UNUSABLE, f"lies in this checkout no more: {listed(astray)}")

        manifest, variables = self._meant(self._paths), self._meant(self._variables)
        named = frozenset(manifest)
        changed = [
            path
            for mark, path in self._status(manifest)
            if mark not in _FOREIGN or self._is_ours(path, named)
        ]
        changed += [path for mark, path in self._status(variables) if mark not in _FOREIGN]
        changed += self._put_in_place_of_links([*manifest, *variables])
        if changed:
            self._check_nobody_writes()
            told = listed(list(dict.fromkeys(changed)))
            raise _Refused(CHANGED_HERE, f"changed here, and not committed: {told}")

        hidden = [path for path in self._hidden(manifest) if self._is_ours(path, named)]
        hidden += self._hidden(variables)
        if hidden:
            raise _Refused(
                CHANGED_HERE,
                f"git was told not to look whether it is as committed: {listed(hidden)}; "
                "`git update-index --no-skip-worktree --no-assume-unchanged` has it look again",
            )

    def _check_nobody_writes(self) -> None:
        """Refuse to take for changed here what git is writing, such as one that we have left."""
        lock = self._top / self._read("rev-parse", "--git-path", "index.lock")
        if lock.exists():
            raise _Refused(
                UNUSABLE,
                f"git is writing in the checkout, or was killed: {quoted(str(lock))} is there; if "
                "no git runs, remove that file, and have `git status` say what is left to mend",
            )

    def _check_whole(self) -> None:
        """Refuse a manifest of which a part lies in another checkout, which nobody pulls."""
        apart = [
            path for _, mode, path in self._files(self._meant(self._paths)) if mode == _SUBMODULE
        ]
        if apart:
            raise _Refused(UNUSABLE, f"is a submodule, which is not pulled: {listed(apart)}")

    def _meant(self, paths: Sequence[str]) -> list[str]:
        """Return what decides in this checkout what is read at some paths.

        That is each link on the way, and where that way ends; of a folder also all this for the
        links below it. They are looked up anew each time, for one may be turned at any time.
        """
        found, left = dict[str, None](), list(paths)
        while left:
            new = [one for one in self._inside(left.pop()) if one not in found]
            found.update(dict.fromkeys(new))
            left += [link for one in new for link in links_below(one)]
        return list(found)

    def _inside(self, path: str) -> list[str]:
        """Return of the links that a path goes through, and of its end, those in this checkout."""
        links, end = followed(path)
        return [one for one in (*links, end) if Path(one).is_relative_to(self._top)]

    def _put_in_place_of_links(self, paths: Sequence[str]) -> list[str]:
        """Return the folders on the way to paths that were committed as something else.

        Of what lies in one, Git says no more than that it does not have it.
        """
        parents = {parent for path in paths for parent in Path(path).relative_to(self._top).parents}
        folders = sorted(parent.as_posix() for parent in parents if parent.parts)
        if not folders:
            return []
        told = self._read("ls-tree", "-z", "--full-tree", "HEAD", "--", *folders)
        entries = [line.partition("\t") for line in told.split("\0") if line]
        # It looks into folders, too, where another one below was asked for.
        return [path for facts, _, path in entries if " blob " in facts and path in folders]

    def _hidden(self, paths: Sequence[str]) -> list[str]:
        """Return the files at which Git was told not to look."""
        files = self._files(paths)
        return [path for mark, _, path in files if mark == _SKIPPED or mark.islower()]

    def _files(self, paths: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return of what Git has its mark, its mode and its path."""
        if not paths:
            return []
        told = self._read("ls-files", "-v", "--stage", "-z", "--", *paths)
        entries = [line.partition("\t") for line in told.split("\0") if line]
        return [(facts[0], facts.split()[1], path) for facts, _, path in entries]

    def _status(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Return what Git says of each path that is not as it was committed."""
        if not paths:
            return []
        command = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignored=matching")
        told = self._read(*command, "--untracked-files=all", "--", *paths)
        return [(line[:2], line[3:]) for line in told.split("\0") if line]

    def _is_ours(self, path: str, named: frozenset[str]) -> bool:
        """Return whether what Git does not have may be of the manifest.

        That is what was named, files that look so, and folders that Git does not look into; but
        not where we keep what we know.
        """
        if path.endswith("/"):
            return Path(path).name != _OWN
        return path.lower().endswith(_MANIFESTS) or str(self._top / path) in named

    def _fetch(self) -> str:
        """Fetch what the branch follows, and return its commit."""
        branch = self._git("symbolic-ref", "--quiet", "HEAD")
        if branch.code:
            raise _Refused(UNUSABLE, "no branch is checked out: `git switch` to one")
        form = "--format=%(upstream:remotename)%00%(upstream:remoteref)"
        told = self._read("for-each-ref", form, branch.out.removesuffix("\n"))
        remote, _, ref = told.partition("\0")
        if not remote or not ref:
            raise _Refused(
                UNUSABLE, "the branch follows no remote one: `git branch --set-upstream-to`"
            )
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        said = self._git("fetch", *options, "--refmap=", "--", remote, f"+{ref}:{_FETCHED}")
        if said.code:
            raise _Refused(UNREACHABLE, f"the remote can't be read: {said.reason}")
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
            raise _Refused(UNSIGNED, f"nobody vouches for the commit {commit}: {why}")

    def _check_forward(self, head: str, fetched: str) -> None:
        if self._git("merge-base", "--is-ancestor", head, fetched).code == 0:
            return
        behind = self._git("merge-base", "--is-ancestor", fetched, head).code == 0
        why = "was set back, or commits made here were not pushed" if behind else "has diverged"
        raise _Refused(
            NOT_FORWARD,
            f"the remote branch {why}: it is at {fetched}, and {head} is checked out; nothing is "
            "thrown away here",
        )

    def _forward(self, commit: str) -> None:
        said = self._git.write("merge", "--ff-only", "--quiet", "--no-stat", commit)
        if said.code or self._read("rev-parse", "--verify", "HEAD^{commit}") != commit:
            _unusable(said)

    def _read(self, *arguments: str) -> str:
        said = self._git(*arguments)
        if said.code:
            _unusable(said)
        return said.out.removesuffix("\n")


def _folder(path: str) -> Path:
    """Return the folder that a path means, or that it would lie in: a commit may take it away."""
    there = Path(path)
    return next(one for one in (there, *there.parents) if one.is_dir())


def _unusable(said: Said) -> NoReturn:
    raise _Refused(UNUSABLE, said.reason)
