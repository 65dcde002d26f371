"""Which bytes a file had first, as rows of scans tell, where no finding does."""

from __future__ import annotations

from msgspec import Struct

from reconciler.recovery import rows
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding


class FirstBytes(Struct):
    """Which bytes a file had first, told by its rows: the oldest first.

    That is asked of what is found otherwise than it `was`, where no finding tells.
    """

    was: Content
    now: Content
    #: Whether its bytes of now were there first, under the time that `was` has.
    is_first: bool = False
    #: Whether nothing that is heard makes it so any more.
    is_over: bool = False

    @property
    def is_written(self) -> bool:
        """Whether its time of now is a later one."""
        was, now = self.was.mtime_ns, self.now.mtime_ns
        return was is not None and now is not None and now > was

    def hear(self, row: Content, *, is_remembered: bool) -> None:
        """Take one row; what is `remembered` counts only where nothing older is known."""
        was = self.was
        if self.is_over or row.proof not in rows.PROVEN or (is_remembered and self.is_first):
            return
        if (row.mtime_ns, row.version) != (was.mtime_ns, was.version):
            # Somebody wrote it: which of what came before and after is right, nobody can say.
            self.is_over, self.is_first = self.is_first, False
        elif row.sha256 == self.now.sha256:
            self.is_first = True
        elif not self.is_first:
            self.is_over = True


def asked_first(finding: FileFinding) -> FirstBytes | None:
    """Return what hears the rows of a file that has other bytes, such as may have come first."""
    was, now = finding.was, finding.now
    if was is None or now is None or finding.about or was.mtime_ns is None:
        return None
    if now.proof not in rows.PROVEN or (now.proved_at or 0) < (was.proved_at or 0):
        return None
    if None in (was.sha256, now.sha256) or was.sha256 == now.sha256:
        return None
    return FirstBytes(was, now)
