"""What PostgreSQL has answered outlives its crash, whatever database and role say."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from reconciler.lease.contract import Holder
from reconciler.server.store.migrations import Migration
from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql.preparing import prepare
from reconciler.server.store.store import Store
from support.server.postgres import Postgres
from support.server.storing import ANN, create, record

#: Writes down what each kind of write waits for.
_SEEN = """CREATE TABLE seen (setting text);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER look AFTER INSERT OR UPDATE ON storages EXECUTE FUNCTION look();
CREATE TRIGGER look AFTER INSERT OR UPDATE ON lease EXECUTE FUNCTION look();
"""
_SETTING = "CREATE TABLE setting AS SELECT current_setting('synchronous_commit')"
_PLATFORM = "CREATE TABLE platform (only_row integer, id text, revision bigint)"


def write_everything(store: Store) -> None:
    row = create(store, "nas")
    record(store, row.storage.id, [("1", "", "")])
    lease = store.acquire(Holder("me"), 60, ANN)
    store.renew(lease.fence, 60, ANN.account)
    store.break_lease(lease.fence, ANN)


@pytest.mark.parametrize(
    ("whose", "set_to", "waits"),
    [
        ("database", "off", "on"),
        ("role", "local", "on"),
        ("database", "remote_write", "on"),
        ("role", "remote_apply", "remote_apply"),
    ],
)
def test_a_commit_waits_for_the_disk(
    postgres: Postgres, whose: str, set_to: str, waits: str
) -> None:
    url = postgres.database()
    open_store(url).close()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(_SEEN)
        name = admin.info.dbname
        of = f"DATABASE {name}" if whose == "database" else f"ROLE postgres IN DATABASE {name}"
        admin.execute(f"ALTER {of} SET synchronous_commit = {set_to}")
        with closing(open_store(url)) as store:
            write_everything(store)
        seen = [setting for (setting,) in admin.execute("SELECT setting FROM seen").fetchall()]
    assert len(seen) >= 5
    assert set(seen) == {waits}


def test_the_tables_are_made_durably(postgres: Postgres) -> None:
    url = postgres.database()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET synchronous_commit = off")
        prepare(url, "test", (Migration(1, _PLATFORM), Migration(2, _SETTING)))
        assert admin.execute("SELECT * FROM setting").fetchall() == [("on",)]
