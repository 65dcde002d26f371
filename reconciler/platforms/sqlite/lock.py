"""The lease of the embedded platform: a row in its own file, by the wall clock of the machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.disk.sqlite_replaced import stamp
from reconciler.environment.timestamps import timestamp
from reconciler.errors import LeaseLostError, PlatformBusyError, PlatformError, UnknownOutcomeError
from reconciler.lease.contract import Holder, Lease, locked_by
from reconciler.platforms.sqlite import process
from reconciler.platforms.sqlite.file import create, exists, explained, open_to_write
from reconciler.platforms.sqlite.reader import SqliteReader
from reconciler.platforms.sqlite.schema import THIS_LEASE, lease_key
from reconciler.platforms.sqlite.transactions import Transaction
from reconciler.printable import quoted

#: Seconds to wait for the write lock of the file, which a write holds for milliseconds: little
#: for who will ask again anyway, more where a lease depends on it.
_WAIT_TO_ACQUIRE, _WAIT = 0.2, 5.0
_COLUMNS = "fence, owner, host, job_url, reason, process, acquired_at, expires_at"
_READ = f"SELECT {_COLUMNS} FROM lease WHERE NOT released AND expires_at > ?"  # noqa: S608
_LAST_FENCE = "SELECT max(fence) FROM lease"
_TAKE = "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
#: Never to an earlier moment: a clock that was set back must not end the lease for others.
_RENEW = f"UPDATE lease SET expires_at = max(expires_at, ?) WHERE {THIS_LEASE}"  # noqa: S608
_UNTIL = "SELECT expires_at FROM lease"
_END = f"UPDATE lease SET released = 1 WHERE {THIS_LEASE}"  # noqa: S608
_HAS_LEASES = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'lease')"


def _now() -> datetime:
    return datetime.now(UTC)


class SqliteLock:
    """Keeps the lease of a platform in one file. Each call opens the file anew.

    The wall clock decides when a lease has run out; that of a process which is seen to be gone
    ends with it. If the clock is set back by an hour, a lease that
    its holder never gave up lasts an hour longer, unless somebody breaks it.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now) -> None:
        """Take the file's absolute path; `clock` gives the time in UTC."""
        self._path = Path(os.path.realpath(path))
        self._clock = clock
        #: The file that our lease is in.
        self._place: tuple[int, int] | None = None

    def acquire(self, holder: Holder, seconds: float) -> Lease:
        """Take the lease, and make the file if there is none; busy while another holds it."""
        if not exists(self._path):
            create(self._path)
        with self._writing(_WAIT_TO_ACQUIRE) as db:
            now = self._clock()
            current = _lease(db, now)
            if current is not None:
                raise PlatformBusyError(locked_by(current))
            fence = (db.execute(_LAST_FENCE).fetchone()[0] or 0) + 1
            times = _text(now), _text(now + timedelta(seconds=seconds))
            who = holder.owner, holder.host, holder.job_url, holder.reason
            db.execute(_TAKE, (fence, *who, process.mark(), *times))
            self._place = self._found()
        return Lease(fence, holder, *times)

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """Make the lease run on, also one that has run out and that nobody else has taken."""
        expires_at = _text(self._clock() + timedelta(seconds=seconds))
        with self._writing() as db:
            if not db.execute(_RENEW, (expires_at, *lease_key(lease))).rowcount:
                raise LeaseLostError(
                    f"our lease of platform {quoted(str(self._path))} was taken away, or ran out "
                    "and is somebody else's now"
                )
            (expires_at,) = db.execute(_UNTIL).fetchone()
        return Lease(lease.fence, lease.holder, lease.acquired_at, expires_at)

    def release(self, lease: Lease) -> None:
        self.break_lease(lease)

    def current(self) -> Lease | None:
        """Return who holds the lease; makes and changes nothing."""
        with closing(_LeaseReader(self._path)) as reader:
            return reader.lease(self._clock())

    def break_lease(self, lease: Lease) -> bool:
        """Take the lease away; writes of its holder are refused from now on."""
        if not exists(self._path):
            return False
        with self._writing() as db:
            return db.execute(_END, lease_key(lease)).rowcount == 1

    def close(self) -> None:
        """Do nothing: no call leaves anything open."""

    def _found(self) -> tuple[int, int]:
        with explained(self._path):
            return stamp(self._path)

    @contextmanager
    def _writing(self, wait: float = _WAIT) -> Iterator[sqlite3.Connection]:
        # To open another file beside the log of ours would mix the two.
        if self._place not in (None, self._found()):
            raise LeaseLostError(
                f"platform {quoted(str(self._path))}: the file with our lease was replaced"
            )
        try:
            with (
                closing(open_to_write(self._path, wait)) as db,
                explained(self._path),
                Transaction(db),
            ):
                yield db
        except UnknownOutcomeError as error:
            # A lease that was taken nevertheless ends with this process.
            raise PlatformError(str(error)) from None


class _LeaseReader(SqliteReader):
    def lease(self, now: datetime) -> Lease | None:
        def question(db: sqlite3.Connection) -> Lease | None:
            # A file of format 1 has no leases.
            return _lease(db, now) if db.execute(_HAS_LEASES).fetchone()[0] else None

        return self._ask(question)


def _lease(db: sqlite3.Connection, now: datetime) -> Lease | None:
    row = db.execute(_READ, (_text(now),)).fetchone()
    if row is None:
        return None
    fence, owner, host, job_url, reason, mark, *times = row
    if process.is_gone(mark):
        return None
    return Lease(fence, Holder(owner, host, job_url, reason), *times)


def _text(moment: datetime) -> str:
    """Write a moment so that two of them compare as text."""
    return timestamp(moment, "microseconds")
