"""The journal of one run: made before the first write, and told of everything after it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from reconciler.disk.durable import sync_folder
from reconciler.disk.json_lines import Lines, stamped
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.errors import ReconcilerError
from reconciler.executor.events import OperationEvent
from reconciler.journal.records import Planned, RunEnded, RunStarted
from reconciler.printable import quoted

SUFFIX = ".jsonl"
#: The name of a journal: the id of its run (`origin.run_id`). Other files are somebody else's.
_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{3}-[0-9a-f]{6}\.jsonl")
#: The newest runs that are kept: so many, and no more bytes than this altogether.
KEEP_RUNS = 200
KEEP_BYTES = 256 * 1024 * 1024


class Journal:
    """The file of one run. Opening it is the check that it can be written.

    Once the run has begun, nothing that happens to the journal stops it: the first failure is
    told in a line, and no more is written.
    """

    def __init__(
        self,
        folder: Path,
        run: str,
        *,
        warn: Callable[[str], None],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Make the file, readable for its owner only, and thin out old ones.

        Raises `ReconcilerError` if it can't be made.
        """
        self.path = folder / f"{run}{SUFFIX}"
        self._warn = warn
        self._clock = clock
        self._lines: Lines | None = None
        try:
            # Only the last folder is private: those above it may have been there for others.
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            flags |= getattr(os, "O_BINARY", 0)  # Windows would write other line ends
            self._lines = Lines(os.open(self.path, flags, 0o600))
        except OSError as error:
            raise self._refusal(error) from None
        _rotate(folder, self.path)

    def begin(self, first: RunStarted, changes: list[Planned]) -> None:
        """Write what the run is, and what it is about to change, and make that last.

        So what a removal removes is on the disk before the first of them is sent. Raises
        `ReconcilerError` if that can't be done.
        """
        lines = self._open_lines()
        try:
            now = self._now()
            lines.write(b"".join(stamped(value, now) for value in (first, *changes)))
            lines.sync()
            sync_folder(self.path.parent)
        except OSError as error:
            raise self._refusal(error) from None

    def observe(self, event: OperationEvent) -> None:
        """Add what happened to an operation."""
        self._add(event, Lines.sync_if_due)

    def end(self, last: RunEnded) -> None:
        """Add how the run ended, and make all of it last."""
        self._add(last, Lines.sync)

    def close(self) -> None:
        """Close the file; one in which nothing stands goes away."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None
        with suppress(OSError):
            if not self.path.stat().st_size:
                self.path.unlink()

    def _add(self, value: OperationEvent | RunEnded, sync: Callable[[Lines], None]) -> None:
        if self._lines is None:
            return
        try:
            self._lines.write(stamped(value, self._now()))
            sync(self._lines)
        except OSError as error:
            self._give_up(error)

    def _open_lines(self) -> Lines:
        if self._lines is None:
            raise ValueError("the journal is closed")
        return self._lines

    def _now(self) -> str:
        return timestamp(self._clock(), "milliseconds")

    def _give_up(self, error: OSError) -> None:
        self._warn(
            f"Warning: the journal {quoted(str(self.path))} can't be written on "
            f"({error.strerror}): the run goes on without it"
        )
        self.close()

    def _refusal(self, error: OSError) -> ReconcilerError:
        self.close()
        return ReconcilerError(
            f"can't write the journal {quoted(str(self.path))} ({error.strerror}), and nothing was "
            "applied: make room for it, or give --journal DIR a folder that can be written"
        )


def journals(folder: Path) -> list[Path]:
    """Find the journals of a folder, newest first; raises `OSError` if it can't be read."""
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        ]
    return [folder / name for name in sorted(names, reverse=True)]


def _rotate(folder: Path, current: Path) -> None:
    """Remove the oldest runs beyond what is kept; never the current one."""
    kept = size = 0
    with suppress(OSError):  # a folder that can be written and not listed is never thinned out
        for path in journals(folder):
            with suppress(OSError):
                size += path.stat().st_size
                kept += 1
                if path != current and (kept > KEEP_RUNS or size > KEEP_BYTES):
                    path.unlink()
