"""The lock of a state server, for contenders who reach it through any of its servers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.platforms import open_platform
from support.locks.lock_making import Contest, contest
from support.server.server_homes import http_postgresql_home, http_sqlite_home

_TIMES = "SELECT acquired_at, expires_at FROM lease"


def http_sqlite_lock(
    folder: Path, request: pytest.FixtureRequest
) -> AbstractContextManager[Contest]:
    http_sqlite_home(request, folder)
    server = request.getfixturevalue("sqlite_server")
    file = server.database.removeprefix("sqlite:///")
    return _contest(
        [server.url], lambda: closing(sqlite3.connect(file, timeout=30, isolation_level=None)), "?"
    )


def http_postgresql_lock(
    folder: Path, request: pytest.FixtureRequest
) -> AbstractContextManager[Contest]:
    http_postgresql_home(request, folder)
    both = request.getfixturevalue("postgresql_servers")
    return _contest(
        [server.url for server in both], lambda: psycopg.connect(both[0].database), "%s"
    )


def _contest(
    urls: list[str], connect: Callable[[], AbstractContextManager[Any]], mark: str
) -> AbstractContextManager[Contest]:
    """Open locks through one server after the other; time passes by making the lease older."""
    turns = cycle(open_platform(url, base=None, environ={}) for url in urls)

    def advance(seconds: float) -> None:
        with connect() as database:
            times = database.execute(_TIMES).fetchone()
            older = tuple(_older(time, seconds) if time else time for time in times)
            database.execute(f"UPDATE lease SET acquired_at = {mark}, expires_at = {mark}", older)

    return contest(lambda: next(turns).lock(), advance)


def _older(time: str, seconds: float) -> str:
    moment = datetime.fromisoformat(time) - timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
