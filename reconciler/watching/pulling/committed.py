"""Whether what is read as a manifest is what was committed, whatever links lead to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.disk.links import followed, links_below
from reconciler.printable import listed
from reconciler.watching.pulling.refused import CHANGED_HERE, UNUSABLE, Refused
from reconciler.watching.pulling.worktree import FOREIGN, Worktree

_MANIFESTS = (".yaml", ".yml")
#: With what Git marks a file that it skips; small letters mark those that it never looks at.
_SKIPPED = "S"
#: The mode of what is another checkout.
_SUBMODULE = "160000"
#: The folder of journals, and of what a watch knows.
_OWN = ".reconciler"


class Committed:
    """Asks of a manifest, and of files of variables, whether they are as committed."""

    def __init__(
        self, worktree: Worktree, paths: Sequence[str], variables: Sequence[str] = ()
    ) -> None:
        """Take paths as they were given: where links lead is looked up at each question."""
        self._worktree = worktree
        self._paths = [str(Path.cwd() / path) for path in paths]
        self._variables = [str(Path.cwd() / path) for path in variables]

    def check(self) -> None:
        """Refuse a manifest that is another one than what was committed.

        A file of variables may be one that Git does not have: it is of this machine then.
        """
        astray = [path for path in self._paths if not self._inside(path)]
        if astray:
            raise Refused(UNUSABLE, f"lies in this checkout no more: {listed(astray)}")
        manifest, variables = self._meant(self._paths), self._meant(self._variables)
        named, worktree = frozenset(manifest), self._worktree

        changed = [
            path
            for mark, path in worktree.status(manifest)
            if mark not in FOREIGN or self._is_ours(path, named)
        ]
        changed += [path for mark, path in worktree.status(variables) if mark not in FOREIGN]
        # Of what lies in a folder that is a link in Git it would say that it does not have it.
        changed += worktree.committed_as_files(self._above([*manifest, *variables]))
        if changed:
            worktree.check_nobody_writes()
            told = listed(list(dict.fromkeys(changed)))
            raise Refused(CHANGED_HERE, f"changed here, and not committed: {told}")

        hidden = [path for path in self._hidden(manifest) if self._is_ours(path, named)]
        hidden += self._hidden(variables)
        if hidden:
            raise Refused(
                CHANGED_HERE,
                f"git was told not to look whether it is as committed: {listed(hidden)}; "
                "`git update-index --no-skip-worktree --no-assume-unchanged` has it look again",
            )

    def check_whole(self) -> None:
        """Refuse a manifest of which a part lies in another checkout, which nobody pulls."""
        entries = self._worktree.entries(self._meant(self._paths))
        apart = [entry.path for entry in entries if entry.mode == _SUBMODULE]
        if apart:
            raise Refused(UNUSABLE, f"is a submodule, which is not pulled: {listed(apart)}")

    def _meant(self, paths: Sequence[str]) -> list[str]:
        """Return what decides in this checkout what is read at some paths.

        That is each link on the way, and where that way ends; of a folder also all this for the
        links below it.
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
        return [one for one in (*links, end) if Path(one).is_relative_to(self._worktree.top)]

    def _above(self, paths: Sequence[str]) -> list[str]:
        """Return the folders of this checkout in which some paths lie, as Git names them."""
        inside = (Path(path).relative_to(self._worktree.top) for path in paths)
        parents = {parent for path in inside for parent in path.parents}
        return sorted(parent.as_posix() for parent in parents if parent.parts)

    def _hidden(self, paths: Sequence[str]) -> list[str]:
        """Return the files at which Git was told not to look."""
        entries = self._worktree.entries(paths)
        return [one.path for one in entries if one.mark == _SKIPPED or one.mark.islower()]

    def _is_ours(self, path: str, named: frozenset[str]) -> bool:
        """Return whether what Git does not have may be of the manifest.

        That is what was named, files that look so, and folders that Git does not look into; but
        not where we keep what we know.
        """
        if path.endswith("/"):
            return Path(path).name != _OWN
        return path.lower().endswith(_MANIFESTS) or str(self._worktree.top / path) in named
