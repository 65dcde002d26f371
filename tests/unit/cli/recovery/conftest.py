"""A platform with three storages, whose snapshot is rebuilt onto others."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recovery import rebuilding, snapshots
from support.recovery.rebuilding import NAMES, Ended, Rebuild
from support.values.memory_platform import MemoryPlatform


@pytest.fixture
def was() -> MemoryPlatform:
    return snapshots.platform(*NAMES, spaces={"id-a": ("atlas", "brain"), "id-b": ("atlas",)})


@pytest.fixture
def rebuild(tmp_path: Path, was: MemoryPlatform) -> Rebuild:
    """Take a snapshot, and give what rebuilds from it."""

    def run(platform: MemoryPlatform, *arguments: str, id: str = "", **more: object) -> Ended:
        if not (tmp_path / "repository").exists():
            snapshots.taken(was, snapshots.repository(tmp_path))
        return rebuilding.run(platform, tmp_path / f"repository{id}", *arguments, **more)

    return run
