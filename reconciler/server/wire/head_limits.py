"""How much the head of a request may be: fed with sizes, it says what to refuse."""

from __future__ import annotations

from reconciler.server.calls.problems import Problem

LONGEST_URL = 8 * 1024
#: All headers together, in bytes.
LARGEST_HEADERS = 32 * 1024
#: What stands around a header: colon, space, line end.
_AROUND = 4


class HeadLimits:
    """The heads of the requests on one connection, as a parser comes upon what is in them.

    A parser tells of no header before it is complete. So pieces that hold nothing but a part of
    one head are counted too, before anybody knows what is in them.
    """

    #: Whether a head is what comes next, and whether it has begun.
    is_next = True
    has_begun = False
    #: Whether the piece that has just come in holds something else than a part of one head.
    _mixed = False
    #: Bytes of this head: of its URL, in headers that are complete, in pieces of nothing else.
    _url = _headers = _raw = 0

    def piece(self) -> None:
        """Look at a piece that comes in."""
        self._mixed = False

    def begin(self) -> None:
        """Come upon the beginning of a request."""
        self.has_begun = self._mixed = True
        self._url = self._headers = self._raw = 0

    def url(self, size: int) -> Problem | None:
        """Come upon a part of the URL."""
        self._url += size
        if self._url > LONGEST_URL:
            return Problem("uri-too-long", f"a URL may have at most {LONGEST_URL} bytes")
        return None

    def header(self, size: int) -> Problem | None:
        """Come upon a header; those that follow a content count too."""
        self._headers += size + _AROUND
        return _too_large() if self._headers > LARGEST_HEADERS else None

    def complete(self) -> None:
        """Come upon the end of the head."""
        self.is_next = self.has_begun = False

    def end(self) -> None:
        """Come upon the end of the request: the next head may follow in the same piece."""
        self.is_next = self._mixed = True
        self._raw = 0

    def piece_seen(self, size: int) -> Problem | None:
        """Be through with the piece."""
        if not self.is_next or self._mixed:
            return None
        self._raw += size
        return _too_large() if self._raw > LONGEST_URL + LARGEST_HEADERS else None


def _too_large() -> Problem:
    return Problem("headers-too-large", f"headers may have at most {LARGEST_HEADERS} bytes")
