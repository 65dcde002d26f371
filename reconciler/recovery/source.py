"""The protocol of what a scan reads: a folder or a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from reconciler.recovery.rows import Rows
from reconciler.recovery.values import LeftOut, Root

#: At most so many rows in what `listing` yields at a time.
BATCH = 2_000


class SpentError(Exception):
    """Nothing more is to be read. Never reaches a user."""


class Pace(Protocol):
    """Told of all that is read, at once or soon, from any thread.

    What limits and what ends a scan stands behind it.
    """

    def __call__(self, count: int, /) -> None:
        """Take note that `count` bytes were read, of a large file or some small ones.

        Waits where a rate is limited. Raises `SpentError` if nothing more is to be read: the
        source returns what it has read. Lets `KeyboardInterrupt` through.
        """


class Source(Protocol):
    """A storage's files. Made from a `Target`, cheaply: nothing is opened before it is asked."""

    def prove(self, known: Root | None) -> Root:
        """Prove that the root is there, and the one that `known` describes, if any.

        Raises `UnreachableError` if it is not there, can't be read, is on another device, lacks
        the marker or has another one, or is suddenly empty: nothing may be concluded then.
        """

    def listing(self) -> Iterator[Rows]:
        """Yield all that lies in it, in the order of whole paths as bytes, `BATCH` at a time.

        Of a file all columns are set but those that need its bytes (`sha256`, `proof`,
        `proved_at`). A folder that can't be listed is a row of kind `UNREADABLE`. Raises
        `UnreachableError` if the root is lost on the way.
        """

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What the last listing left out, by the globs that it was given."""

    def read(self, files: Rows, pace: Pace) -> Rows:
        """Read the bytes of rows of kind `FILE`, and return them with their hashes.

        Called from several threads at once. What changed since it was listed is told as it was
        when it was read, at one moment; what changes again is `CHANGING`; what is gone is left
        out; what can't be read is `UNREADABLE`. Once the pace is spent, the file that was being
        read and all that follow are left out, too. Never raises for a single file; raises
        `UnreachableError` if the root is lost on the way.
        """

    def unlisted(self, known: Rows) -> Rows:
        """Ask for each of these files by itself: an earlier scan knows them, the listing does not.

        Return those that are there after all, as the listing would have them; `UNREADABLE` is what
        nobody could tell of; what is not there is left out. Where what is listed is all that there
        is, nothing is asked. Called from several threads at once. Raises `UnreachableError` if the
        root is lost on the way.
        """

    def close(self) -> None:
        """Let go of connections and descriptors."""
