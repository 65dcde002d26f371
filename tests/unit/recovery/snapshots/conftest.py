"""A repository in a folder, of which tests may change every file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import Kept
from support.recovery import snapshots


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return snapshots.repository(tmp_path)


@pytest.fixture
def place(repository: Repository, tmp_path: Path) -> Path:
    """Name the folder in which it lies."""
    return tmp_path / "repository"


@pytest.fixture
def three(repository: Repository) -> list[Kept]:
    """Take three snapshots, a day apart, of which the last is not complete."""
    complete = iter([True, True, False])
    return [
        snapshots.taken(
            snapshots.platform("nas", complete=next(complete)),
            repository,
            at=snapshots.NOW + number * 24 * 3600,
        )
        for number in range(3)
    ]
