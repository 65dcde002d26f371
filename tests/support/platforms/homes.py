"""A new, empty platform of each kind, and what a test may do behind its back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from reconciler.platform import InventoryRow, Platform
from reconciler.platforms import open_platform
from support.platforms.organisation import TOKEN, Organisation
from support.values.memory_platform import MemoryPlatform

Plant = Callable[[str, Sequence[InventoryRow]], None]


class Home(NamedTuple):
    """A platform of one kind, and what a test may do behind its back."""

    platform: Platform
    #: Writes files into a storage's inventory, also where the platform itself can't.
    plant: Plant
    #: Lets a space use a storage; None where there are no spaces.
    tie: Callable[[str, str], None] | None = None


def _recorded(platform: Platform) -> Home:
    """Plant by the ordinary way, where there is one."""

    def plant(id: str, rows: Sequence[InventoryRow]) -> None:
        writer = platform.writer(wait=5)
        writer.record_inventory(id, rows)
        writer.close()

    return Home(platform, plant)


def sqlite_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    return _recorded(open_platform("sqlite:///platform.db", base=folder))


def memory_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    return _recorded(MemoryPlatform())


def jetraw_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    organisation = Organisation(folder / "organisation.db")
    organisation.install(request.getfixturevalue("monkeypatch"))
    platform = open_platform(organisation.address, base=folder)
    return Home(platform, organisation.plant, organisation.tie)


def module_home(request: pytest.FixtureRequest, folder: Path) -> Home:
    """Reach the stand-in's module by name, as one that logs in by itself and knows no spaces."""
    organisation = Organisation(folder / "organisation.db")
    organisation.install(request.getfixturevalue("monkeypatch"))
    organisation.quirk("login", {"organization": "my-org", "refresh_token": TOKEN})
    return Home(open_platform("jetraw+module:jetraw.storages", base=folder), organisation.plant)
