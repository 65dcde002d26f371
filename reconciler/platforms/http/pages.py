"""The whole list, page by page, at one moment: the next page is asked for while one is decoded."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.model import Storage
from reconciler.platforms.http.answers import LONGEST_PAGE, Page, UntrustedError, decode_storages
from reconciler.platforms.http.call import Call

if TYPE_CHECKING:
    from reconciler.platforms.http.connection import Answer, Connection

#: Storages in a page, the most that a server gives.
LIMIT = 10_000
#: A list of more pages is taken for one that never ends.
MOST_PAGES = 1_000


def read_pages(connection: Connection) -> list[Storage] | None:
    """Read all storages; None if something was written between two pages.

    Raises `PlatformError` for a list that can't be trusted.
    """
    storages: list[Storage] = []
    cursors: set[str] = set()
    revision: int | None = None
    answer: Answer | None = _ask(connection, None)
    while answer is not None:
        page = answer.read(Page)
        if revision not in (None, page.revision):
            return None
        revision = page.revision
        ahead = _ahead(connection, _next(answer, page, cursors))
        storages += _storages(answer, page)
        answer = ahead.result() if ahead else None
    return storages


def _next(answer: Answer, page: Page, cursors: set[str]) -> str | None:
    """Return the cursor of the next page, and make sure that there is an end."""
    if page.next is None:
        return None
    if page.next in cursors or len(cursors) >= MOST_PAGES or bytes(page.storages) == b"[]":
        raise answer.untrusted("its list of storages has no end")
    cursors.add(page.next)
    return page.next


def _storages(answer: Answer, page: Page) -> list[Storage]:
    try:
        return decode_storages(page.storages)
    except UntrustedError as error:
        raise answer.untrusted(str(error)) from None


def _ahead(connection: Connection, cursor: str | None) -> Future[Answer] | None:
    """Ask for a page on a thread of its own, which nobody has to wait for."""
    if cursor is None:
        return None
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(_ask(connection, cursor))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="next page", daemon=True).start()
    return future


def _ask(connection: Connection, cursor: str | None) -> Answer:
    path = f"/v1/storages?limit={LIMIT}"
    if cursor is not None:
        path += f"&cursor={quote(cursor, safe='')}"
    return connection.ask(Call("GET", path, longest=LONGEST_PAGE, is_long=True))
