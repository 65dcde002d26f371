"""Since when a remembered file is not seen as it should be, and where else it lies: its detail.

That is what the detail of a remembered row is; the row is otherwise what the file should be.
"""

from __future__ import annotations

from typing import NamedTuple

_MOVED, _MAYBE = b"moved", b"maybe"


class Away(NamedTuple):
    """What is known of a file that is gone, or is otherwise than it should be."""

    #: RFC 3339, UTC.
    since: bytes
    #: Whether it was moved: when it went, its bytes lay at a path where nobody had known them.
    is_moved: bool = False
    #: The path at which a file of its size and time lies that nobody has read yet: it may be that.
    maybe: bytes = b""

    @property
    def detail(self) -> bytes:
        """As it is kept."""
        if self.is_moved:
            return b"%s %s" % (self.since, _MOVED)
        return b"%s %s %s" % (self.since, _MAYBE, self.maybe) if self.maybe else self.since


def away(detail: bytes | None) -> Away:
    """Return what the detail of a remembered row says."""
    since, _, more = (detail or b"").partition(b" ")
    what, _, path = more.partition(b" ")
    return Away(since, what == _MOVED, path if what == _MAYBE else b"")
