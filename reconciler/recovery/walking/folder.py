"""The source of a local storage: a folder of this machine, or one that is mounted here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.errors import UnreachableError
from reconciler.recovery.paths import shown
from reconciler.recovery.roots.folder import folder_of, prove, unreachable
from reconciler.recovery.rows import Rows
from reconciler.recovery.source import Pace
from reconciler.recovery.values import LeftOut, Root, Target
from reconciler.recovery.walking.exclusions import Exclusions
from reconciler.recovery.walking.held import Held
from reconciler.recovery.walking.listing import Listing
from reconciler.recovery.walking.reading import Reading


class FolderSource:
    """The files below a folder: see `Source`.

    No link is followed below it, and nothing entered that is mounted there: such a folder is
    `UNREADABLE` with `EXDEV`, for if it is not mounted one day, its files are not missing.
    """

    def __init__(self, target: Target, excluded: Sequence[str]) -> None:
        """Take note of what is to be read. Raises `UsageError`, `UnreachableError`."""
        self._url = target.url
        self._exclusions = Exclusions(excluded)
        self._held = Held(folder_of(target.url))

    def prove(self, known: Root | None) -> Root:
        """Prove that the root is there, and is the one that is known, and the one that is read."""
        root = prove(self._held.path, self._url, known)
        self._check()
        return root

    def listing(self) -> Iterator[Rows]:
        """Yield what lies below it."""
        self._exclusions = Exclusions(self._exclusions.globs)  # which counts from nothing again
        try:
            yield from Listing(self._held, self._exclusions).batches()
        except OSError as error:
            raise unreachable(self._held.path, error) from error
        self._check()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What the last listing left out."""
        return self._exclusions.left_out

    def read(self, files: Rows, pace: Pace) -> Rows:
        """Read files."""
        return Reading(self._held, files, pace).read()

    def unlisted(self, known: Rows) -> Rows:  # noqa: ARG002 - as in `Source`
        """Return nothing: a folder that could be listed has what was listed."""
        return Rows()

    def close(self) -> None:
        """Let go of the root."""
        self._held.close()

    def _check(self) -> None:
        if not self._held.there():
            raise UnreachableError(
                f"{shown(self._held.path)} is not the folder any more that it was when its reading "
                "began: mount it, and scan once more",
                reason="other folder",
            )
