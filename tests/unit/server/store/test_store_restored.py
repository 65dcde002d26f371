"""Another platform's database that is restored into the one that a server has open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from reconciler.server.store.opening import open_store
from reconciler.server.store.refusals import StoreUnavailableError
from reconciler.server.store.store import Store
from support.server.storing import ANN, create, names

ANOTHER = "another-platform"
SAYS = "not that of the platform for which this server was started"


@pytest.fixture
def restored(store: Store, sql: Callable[..., list[tuple[object, ...]]]) -> Store:
    """Give a store whose tables have become those of another platform, on the same connections."""
    row = create(store, "theirs")
    assert names(store) == {"theirs"}
    with store.inventory(row.storage.id):
        pass
    sql("UPDATE platform SET id = ?", ANOTHER)
    return store


@pytest.mark.parametrize(
    "asks",
    [
        lambda store: store.listing(after="", limit=10),
        lambda store: store.revision(),
        lambda store: store.count(),
        lambda store: store.ready(),
        lambda store: store.lease(),
        lambda store: store.changes(after=0, limit=10),
        lambda store: store.token("x"),
        lambda store: create(store, "more"),
        lambda store: store.renew(1, 60, ANN.account),
    ],
)
def test_no_answer_is_that_of_another_platform(
    restored: Store, url: str, asks: Callable[[Store], object]
) -> None:
    with pytest.raises(StoreUnavailableError, match=SAYS):
        asks(restored)
    with closing(open_store(url)) as anew:
        assert (anew.platform_id(), names(anew)) == (ANOTHER, {"theirs"})
        assert anew.lease() is None


def test_no_list_of_files_is_that_of_another_platform(restored: Store, url: str) -> None:
    with closing(open_store(url)) as anew:
        (found,) = anew.listing(after="", limit=10).storages
    with pytest.raises(StoreUnavailableError, match=SAYS), restored.inventory(found.id):
        pass


def test_who_has_its_own_back_goes_on(
    restored: Store, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    with pytest.raises(StoreUnavailableError, match=SAYS):
        names(restored)
    sql("UPDATE platform SET id = ?", restored.platform_id())
    create(restored, "more")
    assert names(restored) == {"theirs", "more"}
