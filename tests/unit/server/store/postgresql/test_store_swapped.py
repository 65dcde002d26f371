"""Another database that lies where the one of a running server was: it is not taken for that."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql import database
from reconciler.server.store.refusals import StoreUnavailableError
from support.server.postgres import Postgres
from support.server.storing import create, names


def swap(postgres: Postgres, one: str, other: str) -> None:
    """Have two databases change their names, as whoever restores one beside the other does."""
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        for name in (one, other):
            # First: a server that connects anew would be in the way of the change.
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        for old, new in ((one, f"{one}x"), (other, one), (f"{one}x", other)):
            admin.execute(f"ALTER DATABASE {old} RENAME TO {new}")
        for name in (one, other):
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_server_answers_for_no_other_database(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT", 0.5)
    ours, theirs = postgres.database(), postgres.database()
    with psycopg.connect(ours) as one, psycopg.connect(theirs) as other:
        named = [one.info.dbname, other.info.dbname]
    with closing(open_store(theirs)) as store:
        create(store, "other")
    with closing(open_store(ours)) as store:
        create(store, "nas")
        swap(postgres, *named)
        with pytest.raises(StoreUnavailableError):
            names(store)
        with pytest.raises(StoreUnavailableError):
            create(store, "more")
        swap(postgres, *named)
    with closing(open_store(theirs)) as store:
        assert names(store) == {"other"}
    with closing(open_store(ours)) as store:
        assert names(store) == {"nas"}
