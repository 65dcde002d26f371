"""Databases that go away, hang or are full: said for what it is, and mended by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql import database as postgresql
from reconciler.server.store.refusals import OutcomeUnknownError, StoreUnavailableError
from reconciler.server.store.sqlite import database as sqlite
from reconciler.server.store.store import Store
from support.server.postgres import Postgres, installed, packaged
from support.server.storing import create, everything, inventory, names, record, update

CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def own() -> Iterator[Postgres]:
    """Give a server that this test alone may stop."""
    server = Postgres(installed() or packaged())
    yield server
    server.close()


def cut_off(url: str) -> None:
    """End every other connection to a database, as an administrator can."""
    with psycopg.connect(url, autocommit=True) as connection:
        # Until they are ended: the next statement could still reach one that ends just then.
        while connection.execute(CUT_OFF).fetchall():
            pass


def patient(monkeypatch, seconds: float) -> None:
    """Wait less long for others."""
    monkeypatch.setattr(sqlite, "WAIT", seconds)
    monkeypatch.setattr("reconciler.server.store.sqlite.preparing.WAIT", seconds)
    monkeypatch.setattr(postgresql, "_TURN", seconds)


def test_a_database_that_is_busy_for_too_long_is_unavailable(
    monkeypatch, url: str, holding
) -> None:
    patient(monkeypatch, 0.2)
    with closing(open_store(url)) as store, holding():
        with pytest.raises(StoreUnavailableError):
            create(store)
        assert everything(store) == []
    with closing(open_store(url)) as store:
        assert store.revision() == 0
        create(store)


def test_connections_that_were_cut_off_are_replaced_unnoticed(postgres: Postgres) -> None:
    url = postgres.database()
    with closing(open_store(url)) as store:
        id = create(store).storage.id
        for number in range(3):
            cut_off(url)
            update(store, id, label=str(number))
            cut_off(url)
            assert store.get(id).storage.label == str(number)
            cut_off(url)
            assert record(store, id, [(str(number), "c", "d")]).files == number + 1
            cut_off(url)
            assert len(inventory(store, id)) == number + 1


def test_a_restart_is_got_over(own: Postgres) -> None:
    with closing(open_store(own.database())) as store:
        create(store, "before")
        own.restart()
        create(store, "after")
        assert names(store) == {"before", "after"}


def test_a_database_that_is_down_is_unavailable_until_it_is_back(
    monkeypatch, own: Postgres
) -> None:
    monkeypatch.setattr(postgresql, "_WAIT", 0.5)
    with closing(open_store(own.database())) as store:
        create(store, "before")
        own.stop()
        for call in (store.ready, lambda: create(store, "during"), store.lease, store.has_tokens):
            with pytest.raises(StoreUnavailableError):
                call()
        own.start()
        until_ready(store)
        create(store, "after")
        assert names(store) == {"before", "after"}


def test_that_a_database_is_down_is_said_soon(monkeypatch, own: Postgres) -> None:
    assert postgresql._READY <= 2
    monkeypatch.setattr(postgresql, "_READY", 0.25)
    with closing(open_store(own.database())) as store:
        own.stop()
        for _ in range(2):
            with pytest.raises(StoreUnavailableError) as refused:
                store.ready()
            assert "0.25 sec" in str(refused.value.__cause__)


def until_ready(store: Store) -> None:
    """Try as a load balancer does; each try waits for a while by itself."""
    for _ in range(100):
        try:
            store.ready()
        except StoreUnavailableError:
            continue
        return
    pytest.fail("the store does not recover")


def test_a_connection_lost_over_the_rows_writes_nothing(postgres: Postgres) -> None:
    url = postgres.database()
    with closing(open_store(url)) as store:
        id = create(store).storage.id

        def rows():
            yield ("u", "c", "d")
            cut_off(url)
            for number in range(100_000):
                yield (str(number), "c" * 100, "d")

        with pytest.raises(StoreUnavailableError):
            record(store, id, rows())
        assert inventory(store, id) == []


def test_a_connection_lost_while_rows_go_out_is_an_error_not_an_end(postgres: Postgres) -> None:
    url = postgres.database()
    with closing(open_store(url)) as store:
        id = create(store).storage.id
        record(store, id, [(str(number), "c", "d") for number in range(20_000)])
        with store.inventory(id) as found:
            next(found.rows)
            cut_off(url)
            with pytest.raises(StoreUnavailableError):
                list(found.rows)
        assert len(inventory(store, id)) == 20_000


def test_a_connection_lost_over_the_commit_leaves_the_outcome_unknown(
    monkeypatch, postgres: Postgres
) -> None:
    url = postgres.database()
    with closing(open_store(url)) as store:
        real = psycopg.Connection.execute

        def execute(connection, query, *rest, **more):
            if query == "COMMIT":
                cut_off_others(url)
            return real(connection, query, *rest, **more)

        def cut_off_others(url: str) -> None:
            with monkeypatch.context() as undone:
                undone.setattr(psycopg.Connection, "execute", real)
                cut_off(url)

        monkeypatch.setattr(psycopg.Connection, "execute", execute)
        with pytest.raises(OutcomeUnknownError):
            create(store)
        monkeypatch.setattr(psycopg.Connection, "execute", real)
        assert len(everything(store)) == store.revision()


class Failing:
    """A connection whose commits fail."""

    def __init__(self, db: sqlite3.Connection, code: int) -> None:
        self._db, self._code = db, code

    def __getattr__(self, name: str):
        return getattr(self._db, name)

    def execute(self, sql: str, *rest):
        if sql == "COMMIT":
            error = sqlite3.OperationalError("failed")
            error.sqlite_errorcode = self._code
            raise error
        return self._db.execute(sql, *rest)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailableError),
        (sqlite3.SQLITE_BUSY, StoreUnavailableError),
        (sqlite3.SQLITE_IOERR_FSYNC, OutcomeUnknownError),
    ],
)
def test_a_commit_that_fails_on_disk(tmp_path: Path, code: int, expected: type) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'server.db'}")) as store:
        real = store._database._writer
        store._database._writer = Failing(real, code)
        with pytest.raises(expected):
            create(store)
        store._database._writer = real
        assert everything(store) == []
        create(store)
        assert store.revision() == 1


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    with closing(open_store(f"sqlite:///{path}")) as store:
        for number in range(200):
            create(store, f"storage {number}")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with closing(open_store_of_damaged(path)) as store, pytest.raises(StoreUnavailableError):
        everything(store)


def open_store_of_damaged(path: Path):
    """Open a store as a server has it that was running when the file was damaged."""
    damaged = path.read_bytes()
    path.unlink()
    store = open_store(f"sqlite:///{path}")
    path.write_bytes(damaged)
    return store
