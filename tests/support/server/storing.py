"""Short ways to call a store, with everything that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model import Values
from reconciler.platform import Change, InventoryRow
from reconciler.server.store.store import Store
from reconciler.server.store.values import Author, Created, StoredStorage, Terms

ANN = Author("ann")
BOB = Author("bob", run="r1", actor="Bob", commit="c0ffee", job_url="https://ci/7")


def author_of(change: Change) -> Author:
    """Return who made a change, as far as the audit keeps it."""
    return Author(change.account, change.run, change.actor, change.commit, change.job_url)


def local(name: str, label: str = "L") -> Values:
    return Values(name, label, "local", f"file:///data/{name}")


def create(
    store: Store,
    name: str = "nas",
    *,
    key: str | None = None,
    author: Author = ANN,
    fence: int | None = None,
) -> StoredStorage:
    return create_with(store, local(name), key=key, author=author, fence=fence).row


def create_with(
    store: Store,
    values: Values,
    *,
    key: str | None = None,
    author: Author = ANN,
    fence: int | None = None,
) -> Created:
    return store.create(values, Terms(author, fence), key=key)


def update(
    store: Store,
    id: str,
    *,
    name: str | None = None,
    label: str | None = None,
    revision: int | None = None,
    author: Author = ANN,
    fence: int | None = None,
) -> StoredStorage:
    return store.update(id, Terms(author, fence, revision), name=name, label=label)


def remove(
    store: Store,
    id: str,
    *,
    holds_files: bool = False,
    revision: int | None = None,
    author: Author = ANN,
    fence: int | None = None,
) -> None:
    store.remove(id, Terms(author, fence, revision), holds_files=holds_files)


def record(
    store: Store,
    id: str,
    rows: Iterable[InventoryRow],
    *,
    revision: int | None = None,
    author: Author = ANN,
    fence: int | None = None,
) -> StoredStorage:
    return store.record(id, Terms(author, fence, revision), rows)


def inventory(store: Store, id: str) -> list[InventoryRow]:
    with store.inventory(id) as found:
        rows = list(found.rows)
        assert found.files == len(rows)
    return rows


def everything(store: Store, limit: int = 1000) -> list[StoredStorage]:
    """Walk the whole list, page by page."""
    rows: list[StoredStorage] = []
    more, after = True, ""
    while more:
        page = store.listing(after=after, limit=limit)
        rows += [store.get(listed.id) for listed in page.storages]
        more, after = page.more, rows[-1].storage.id if rows else ""
    return rows


def names(store: Store) -> set[str]:
    return {row.storage.name for row in everything(store)}
