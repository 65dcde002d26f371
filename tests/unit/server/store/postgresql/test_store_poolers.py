"""PostgreSQL behind something else: poolers that change connections, lines that are cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from reconciler.server.store.opening import open_store
from reconciler.server.store.postgresql.session import PostgresSession
from reconciler.server.store.refusals import OutcomeUnknownError
from reconciler.server.store.store import Store
from support.server.postgres import Postgres
from support.server.postgres_proxy import PostgresProxy
from support.server.storing import create, names

#: What psycopg calls the statements that it has prepared.
PREPARED = b"_pg3_"


@contextmanager
def behind(postgres: Postgres, *, pooler: bool = False) -> Iterator[tuple[Store, PostgresProxy]]:
    with psycopg.connect(postgres.database()) as connection:
        name, port = connection.info.dbname, connection.info.port
    proxy = PostgresProxy(str(Path(postgres.folder) / f".s.PGSQL.{port}"), pooler=pooler)
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}?sslmode=disable"
    with closing(proxy), closing(open_store(url)) as store:
        yield store, proxy


@pytest.mark.parametrize("pooler", [True, False])
def test_statements_are_prepared_where_the_connection_stays_the_same(
    postgres: Postgres, pooler: bool
) -> None:
    with behind(postgres, pooler=pooler) as (store, proxy):
        for number in range(10):
            create(store, f"s{number}")
            store.revision()
        assert len(names(store)) == 10
        assert (PREPARED in proxy.sent) is not pooler


@pytest.mark.parametrize(("cut", "there"), [("before", set()), ("after", {"nas"})])
def test_a_commit_whose_line_is_cut_is_unknown_and_not_done_again(
    postgres: Postgres, cut: str, there: set[str]
) -> None:
    with behind(postgres) as (store, proxy):
        proxy.cut = cut
        with pytest.raises(OutcomeUnknownError):
            create(store)
        assert names(store) == there
        create(store, "other")
        assert len(names(store)) == len(there) + 1


class Answering:
    """A connection that stays open, and over which a commit is answered with an error."""

    closed = False

    def __init__(self, error: psycopg.Error) -> None:
        self.error = error

    def execute(self, sql: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.ProtocolViolation("server conn crashed?"),
        psycopg.errors.ConnectionFailure("lost"),
        psycopg.errors.StatementCompletionUnknown("a coordinator"),
        psycopg.errors.IoError("fsync"),
    ],
)
def test_a_pooler_that_lost_the_database_over_a_commit_does_not_know(error: psycopg.Error) -> None:
    with pytest.raises(OutcomeUnknownError):
        PostgresSession(Answering(error)).commit()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [psycopg.errors.SerializationFailure("40001"), psycopg.errors.UniqueViolation("23505")]
)
def test_a_commit_that_the_database_refuses_did_nothing(error: psycopg.Error) -> None:
    with pytest.raises(type(error)):
        PostgresSession(Answering(error)).commit()  # type: ignore[arg-type]
