"""One fixture, `platform`: a new, empty platform of every kind that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.platform import Platform, Reader, Writer
from reconciler.platforms import open_platform
from support.memory_platform import MemoryPlatform


def _sqlite(folder: Path) -> Platform:
    return open_platform("sqlite:///platform.db", base=folder)


#: What makes a platform in an empty folder, by kind. A new platform joins the suite here.
#: `memory` is the one that other tests inject faults into; it must behave like the real ones.
KINDS: dict[str, Callable[[Path], Platform]] = {
    "sqlite": _sqlite,
    "memory": lambda _: MemoryPlatform(),
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    return request.param(tmp_path)


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
