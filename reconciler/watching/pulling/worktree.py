"""What lies in a checkout, as Git tells it; and a merge that is done whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from reconciler.printable import quoted
from reconciler.watching.pulling.git import Git, Said
from reconciler.watching.pulling.refused import UNUSABLE, Refused, unusable

#: What Git does not have, and what it is told not to look at.
FOREIGN = ("??", "!!")
#: Paths in one call: a system bounds how much a command may be given.
_AT_ONCE = 500


class Entry(NamedTuple):
    """What Git has at a path."""

    #: How it looks at it: `H`, `S` for what it skips, small for what it takes to be unchanged.
    mark: str
    mode: str
    path: str


class Worktree:
    """The files of one checkout. Paths that are asked for may be absolute; told are others."""

    def __init__(self, top: Path, git: Git) -> None:
        self.top, self._git = top, git

    def read(self, *arguments: str) -> str:
        """Return what git says; raises `Refused` if it fails."""
        said = self._git(*arguments)
        if said.code:
            unusable(said)
        return said.out.removesuffix("\n")

    def status(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Return mark and path of each that is not as it was committed."""
        command = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignored=matching")
        told = self._of_each(paths, *command, "--untracked-files=all")
        return [(line[:2], line[3:]) for line in told]

    def entries(self, paths: Sequence[str]) -> list[Entry]:
        """Return what Git has at some paths, and below them."""
        lines = (line.partition("\t") for line in self._of_each(paths, "ls-files", "-vsz"))
        return [Entry(facts[0], facts.split()[1], path) for facts, _, path in lines]

    def committed_as_files(self, folders: Sequence[str]) -> list[str]:
        """Return those of these folders that were committed as files, or as links."""
        told = self._of_each(folders, "ls-tree", "-z", "--full-tree", "HEAD")
        lines = (line.partition("\t") for line in told)
        # It looks into folders, too, where another one below was asked for.
        return [path for facts, _, path in lines if " blob " in facts and path in folders]

    def check_nobody_writes(self) -> None:
        """Refuse to go on while git is writing, such as one that was left."""
        lock = self._lock()
        if lock.exists():
            raise Refused(
                UNUSABLE,
                f"git is writing in the checkout, or was killed: {quoted(str(lock))} is there; if "
                "no git runs, remove that file, and have `git status` say what is left to mend",
            )

    def forward(self, commit: str) -> None:
        """Go forward to a commit; if git fails in between, what it had written is taken back."""
        told = self.read("diff-tree", "-r", "-z", "--name-only", "--no-renames", "HEAD", commit)
        touched = [path for path in told.split("\0") if path]
        were_as_committed = not self.status(touched)
        said = self._git.write("merge", "--ff-only", "--quiet", "--no-stat", commit)
        if said.code == 0 and self.read("rev-parse", "--verify", "HEAD^{commit}") == commit:
            return
        # Else somebody has changed them, and git has refused to touch any; or it goes on.
        if said.code > 0 and were_as_committed and not self._lock().exists():
            self._take_back(touched, said)
        unusable(said)

    def _take_back(self, touched: Sequence[str], said: Said) -> None:
        """Have files as they were committed again, which they were a moment ago."""
        changed = list[str]()
        for mark, path in self.status(touched):
            if mark in FOREIGN:  # which makes room for the others
                (self.top / path).unlink()
            else:
                changed.append(path)
        for some in _parts(changed):
            restored = self._git.write("checkout", "--quiet", "--", *some)
            if restored.code:
                raise Refused(
                    UNUSABLE,
                    f"{said.reason}; what git had written of that commit can't be taken back "
                    f"({restored.reason}): once that is mended, `git restore .`",
                )

    def _lock(self) -> Path:
        return self.top / self.read("rev-parse", "--git-path", "index.lock")

    def _of_each(self, paths: Sequence[str], *command: str) -> list[str]:
        told = (self.read(*command, "--", *some) for some in _parts(paths))
        return [line for lines in told for line in lines.split("\0") if line]


def _parts(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[begin : begin + _AT_ONCE] for begin in range(0, len(paths), _AT_ONCE))
