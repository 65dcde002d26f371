"""The audit of a state server, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from reconciler.platform import Change
from reconciler.platforms.http.answers import LONGEST_PAGE
from reconciler.platforms.http.call import Call

if TYPE_CHECKING:
    from reconciler.platforms.http.connection import Connection

#: Changes in a page, the most that a server gives.
_LIMIT = 10_000
#: By how much a server's revision grows with a write, on average: it does so at random. Where it
#: once grew by less, more writes are after a revision.
_STEP = 2**23


class _Changes(Struct, frozen=True):
    """One page; `next` is the revision to go on after."""

    changes: tuple[Change, ...]
    next: int | None


def recent(revision: int, writes: int) -> int:
    """Return after which revision, of a server that is at one, there are about so many writes."""
    return max(0, revision - writes * _STEP)


def read_changes(connection: Connection, name: str | None, start: int) -> Iterator[Change]:
    """Yield every write after `start`, oldest first.

    Raises `PlatformError` for an audit that has no end.
    """
    after: int | None = start
    while after is not None:
        path = f"/v1/audit?limit={_LIMIT}&after={after}"
        if name is not None:
            path += f"&name={quote(name, safe='')}"
        answer = connection.ask(Call("GET", path, longest=LONGEST_PAGE, is_long=True))
        page = answer.read(_Changes)
        yield from page.changes
        if page.next is not None and page.next <= after:
            raise answer.untrusted("its audit has no end")
        after = page.next
