"""Platforms behind state servers, which run for a whole session: each test finds them empty."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from reconciler.lease.contract import Lease
from reconciler.platform import InventoryRow, Lock, Lost, Platform, Reader, Writer
from reconciler.platforms import open_platform
from support.platforms.homes import Home
from support.server.postgres import Postgres
from support.server.state_server import StateServer, servers

#: What a test leaves behind. Revision and audit go on, and so does the fencing token.
_CLEAR = (
    "DELETE FROM inventory",
    "DELETE FROM storages",
    "UPDATE audit SET idempotency_key = NULL",
    "UPDATE lease SET ended = 1",
)
_FILE = "sqlite:///"


class TwoServers:
    """Servers on one database: one is written through, the other is read."""

    def __init__(self, written: Platform, read: Platform) -> None:
        self.address = written.address
        self._written = written
        self._read = read

    def reader(self) -> Reader:
        return self._read.reader()

    def writer(
        self, *, wait: float, lease: Lease | None = None, lost: Lost = lambda: None
    ) -> Writer:
        return self._written.writer(wait=wait, lease=lease, lost=lost)

    def lock(self) -> Lock | None:
        return self._read.lock()


@contextmanager
def sqlite_server(folder: Path) -> Iterator[StateServer]:
    with StateServer(f"{_FILE}{folder / 'server.db'}") as server:
        yield server


@contextmanager
def postgresql_servers(postgres: Postgres) -> Iterator[list[StateServer]]:
    with servers(postgres.database(for_good=True), 2) as both:
        yield both


def http_sqlite_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    server = request.getfixturevalue("sqlite_server")
    with closing(sqlite3.connect(server.database.removeprefix(_FILE), timeout=30)) as database:
        for statement in _CLEAR:
            database.execute(statement)
        database.commit()
    return _home(_opened(server))


def http_postgresql_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    written, read = request.getfixturevalue("postgresql_servers")
    with psycopg.connect(written.database) as database:
        for statement in _CLEAR:
            database.execute(statement)
    return _home(TwoServers(_opened(written), _opened(read)))


def _opened(server: StateServer) -> Platform:
    return open_platform(server.url, base=None, environ={})


def _home(platform: Platform) -> Home:
    def plant(id: str, rows: Sequence[InventoryRow]) -> None:
        with closing(platform.writer(wait=5)) as writer:
            writer.record_inventory(id, rows)

    return Home(platform, plant)
