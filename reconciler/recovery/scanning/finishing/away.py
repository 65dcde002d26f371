"""Since when a remembered file is not seen as it should be, and where else it lies: its detail.

That is what the detail of a remembered row is; the row is otherwise what the file should be.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

#: Size and time of a file.
Stamp: TypeAlias = tuple[int, int]

_MOVED, _MAYBE, _WRITTEN, _LOST, _GONE = b"moved", b"maybe", b"written", b"lost", b"gone"
#: One of these stands in the detail of whatever is missed.
MISSED = (b" " + _MAYBE + b" ", b" " + _GONE)


class Away(NamedTuple):
    """What is known of a file that is gone, or is otherwise than it should be."""

    #: RFC 3339, UTC.
    since: bytes
    #: Whether it was moved: its bytes were read at a path where they had not lain.
    is_moved: bool = False
    #: The path at which a file of its size and time lies that nobody has read yet: it may be that.
    maybe: bytes = b""
    #: Size and time of what somebody had written there, and nobody had read, before it went.
    written: Stamp | None = None
    #: Whether that is another file, and what matters once it is gone: what lay there before had
    #: gone when it came, or lies elsewhere.
    is_written_lost: bool = False
    #: Whether a scan that could see its path has found it gone, and nothing that may be it.
    is_gone: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether a scan that could see its path has found it gone, and none has found it since."""
        return not self.is_moved and (self.is_gone or bool(self.maybe))

    @property
    def detail(self) -> bytes:
        """As it is kept."""
        said = [self.since]
        if self.written is not None:
            said += [_LOST if self.is_written_lost else _WRITTEN, b"%d" % self.written[0]]
            said += [b"%d" % self.written[1]]
        if self.is_gone:
            said.append(_GONE)
        if self.is_moved:
            said.append(_MOVED)
        if self.maybe:
            said += [_MAYBE, self.maybe]
        return b" ".join(said)


def away(detail: bytes | None) -> Away:
    """Return what the detail of a remembered row says."""
    since, _, more = (detail or b"").partition(b" ")
    written, is_lost = None, False
    if more.startswith((_WRITTEN, _LOST)):
        how, size, time, *rest = more.split(b" ", 3)
        written, is_lost, more = (int(size), int(time)), how == _LOST, b"".join(rest)
    what, _, path = more.partition(b" ")
    if is_gone := what == _GONE:
        what, _, path = path.partition(b" ")
    maybe = path if what == _MAYBE else b""
    return Away(since, what == _MOVED, maybe, written, is_lost, is_gone)
