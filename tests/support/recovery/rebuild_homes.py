"""New platforms of each kind that a user rebuilds on, each with what a test may see of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.platform import Platform
from reconciler.platforms import open_platform
from support.platforms.organisation import Organisation
from support.server.state_server import StateServer


class Home(NamedTuple):
    """A platform on which nothing is yet, or which is not even there."""

    address: str
    #: What a command needs to reach it.
    environment: dict[str, str]
    #: Give what is there, ids apart.
    held: Callable[[], dict[str, Any]]
    #: Take a killed holder's lease away, instead of waiting until it runs out.
    let_go: Callable[[], None]


@contextmanager
def embedded(folder: Path, name: str) -> Iterator[Home]:
    path = folder / f"{name}.db"
    address = f"sqlite:///{path}"

    def let_go() -> None:
        if path.exists():
            _let_go(_opened(address))

    yield Home(address, {}, lambda: _held(_opened(address)), let_go)


@contextmanager
def server(folder: Path, name: str) -> Iterator[Home]:
    with StateServer(f"sqlite:///{folder}/{name}-server.db") as started:
        platform = _opened(started.url)
        yield Home(started.url, {}, lambda: _held(platform), lambda: _let_go(platform))


@contextmanager
def vendor(folder: Path, name: str) -> Iterator[Home]:
    """Give the stand-in SDK, which has no lease and takes no records of files."""
    (folder / name).mkdir()
    organisation = Organisation(folder / name / "organisation.db")

    def held() -> dict[str, Any]:
        fields = ("label", "type", "default_url")
        return {
            name: tuple(record[field] for field in fields)
            for name, record in organisation.records().items()
        }

    yield Home(organisation.address, organisation.environ, held, lambda: None)


#: By the names that users have for them.
HOMES = {"sqlite": embedded, "http": server, "jetraw": vendor}


def _opened(address: str) -> Platform:
    return open_platform(address, base=None, environ=os.environ)


def _held(platform: Platform) -> dict[str, Any]:
    with closing(platform.reader()) as reader:
        return {
            each.name: (each.label, each.default_url, sorted(reader.inventory(each.id)))
            for each in reader.read().storages
        }


def _let_go(platform: Platform) -> None:
    with closing(platform.lock()) as lock:
        if lease := lock.current():
            assert lock.break_lease(lease)
