"""A state server with an empty database, and a client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from reconciler.server.store import session
from reconciler.server.store.opening import open_store
from reconciler.server.store.store import Store
from support.server.serving import Serving, serving


@pytest.fixture(autouse=True)
def steps_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fences and revisions, which grow at random, be counted: so tests can say which it is."""
    monkeypatch.setattr(session, "LARGEST_STEP", 1)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """Give the store of an empty database."""
    with closing(open_store(f"sqlite:///{tmp_path / 'server.db'}")) as store:
        yield store


@pytest.fixture
def server(kept: Store) -> Iterator[Serving]:
    """Give a server without tokens."""
    with serving(kept) as running:
        yield running


@pytest.fixture
def client(server: Serving) -> Iterator[httpx.Client]:
    """Give a client of that server."""
    with server.client() as made:
        yield made
