"""An empty database of each kind, its store, a second store on it, and what goes behind both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.server.store.opening import open_store
from reconciler.server.store.store import Store

Connection = sqlite3.Connection | psycopg.Connection
Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database that is new."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").database()
    return f"sqlite:///{tmp_path / 'server.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Give a store, as one server has it."""
    with closing(open_store(url)) as opened:
        yield opened


@pytest.fixture
def other(store: Store, url: str) -> Iterator[Store]:
    """Give the store of a second server on the same database."""
    with closing(open_store(url)) as opened:
        yield opened


@pytest.fixture
def raw(store: Store, url: str) -> Callable[[], Connection]:
    """Connect to the database behind the store's back, outside of any transaction."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        return lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    return lambda: psycopg.connect(url, autocommit=True)


@pytest.fixture
def sql(raw: Callable[[], Connection]) -> Sql:
    """Run one statement, with `?` for values, behind the store's back."""

    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(raw()) as db:
            if isinstance(db, sqlite3.Connection):
                db.execute("PRAGMA foreign_keys = ON")
                return db.execute(statement, values).fetchall()
            cursor = db.execute(statement.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def holding(raw: Callable[[], Connection]) -> Callable[[], AbstractContextManager[None]]:
    """Be another process that has its turn to write, for as long as the context lasts."""

    @contextmanager
    def held() -> Iterator[None]:
        with closing(raw()) as db:
            db.execute("BEGIN IMMEDIATE" if isinstance(db, sqlite3.Connection) else "BEGIN")
            db.execute("UPDATE platform SET revision = revision + 1")
            yield
            db.execute("ROLLBACK")

    return held
