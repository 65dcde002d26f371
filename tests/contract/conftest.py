"""A new, empty platform of every kind that there is, and the back doors that tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.client import Client
from reconciler.platform import Platform, Reader, Writer
from support.platforms.homes import Home, Plant, jetraw_home, memory_home, module_home, sqlite_home
from support.server import server_homes
from support.server.postgres import Postgres
from support.server.server_homes import http_postgresql_home, http_sqlite_home
from support.server.state_server import StateServer

#: What makes a platform, by kind. A new platform joins the suite here: a function that is given
#: pytest's request (for other fixtures, such as a server) and an empty folder.
#: `memory` is the one that other tests inject faults into; it must behave like the real ones.
KINDS: dict[str, Callable[[pytest.FixtureRequest, Path], Home]] = {
    "sqlite": sqlite_home,
    "memory": memory_home,
    "jetraw": jetraw_home,
    "module": module_home,
    "http-sqlite": http_sqlite_home,
    "http-postgresql": http_postgresql_home,
}


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateServer]:
    with server_homes.sqlite_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_servers(postgres_server: Postgres) -> Iterator[list[StateServer]]:
    with server_homes.postgresql_servers(postgres_server) as both:
        yield both


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return request.param(request, tmp_path)


@pytest.fixture
def platform(home: Home) -> Platform:
    return home.platform


@pytest.fixture
def plant(home: Home) -> Plant:
    return home.plant


@pytest.fixture
def writer(platform: Platform) -> Iterator[Writer]:
    opened = platform.writer(wait=5)
    yield opened
    opened.close()


@pytest.fixture
def reader(platform: Platform, writer: Writer) -> Iterator[Reader]:
    """A reader beside the writer, each with a connection of its own."""
    opened = platform.reader()
    yield opened
    opened.close()


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    """What the functions of `reconciler.storages` take."""
    with Client(platform) as opened:
        yield opened
