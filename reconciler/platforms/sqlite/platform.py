"""A SQLite file as a platform: what opens it for reading, for writing, and its lease."""

from __future__ import annotations

from pathlib import Path

from reconciler.lease.contract import Lease
from reconciler.platform import Lost
from reconciler.platforms.sqlite.lock import SqliteLock
from reconciler.platforms.sqlite.reader import SqliteReader
from reconciler.platforms.sqlite.writer import SqliteWriter


class SqlitePlatform:
    """A platform in one file. The file need not exist; only a writer makes it."""

    def __init__(self, path: Path) -> None:
        """Take an absolute path; nothing is looked at yet."""
        self._path = path

    @property
    def address(self) -> str:
        """The address with the absolute path."""
        return f"sqlite:///{self._path.as_posix()}"

    def reader(self) -> SqliteReader:
        """Open for reading; raises `PlatformError` if what is there is no platform."""
        return SqliteReader(self._path)

    def writer(
        self,
        *,
        wait: float,
        lease: Lease | None = None,
        lost: Lost = lambda: None,  # noqa: ARG002 - each write checks the lease in the file
    ) -> SqliteWriter:
        """Open for writing, and make the file if there is none.

        Writes wait `wait` seconds for those of other processes, then raise `PlatformBusyError`.
        """
        return SqliteWriter(self._path, wait, lease)

    def lock(self) -> SqliteLock:
        """Return what keeps the lease, in the same file; nothing is opened or made yet."""
        return SqliteLock(self._path)
