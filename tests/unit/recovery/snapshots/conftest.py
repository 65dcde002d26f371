"""A repository in a folder, of which tests may change every file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.recovery.repository.contract import Repository
from support.recovery import snapshots


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return snapshots.repository(tmp_path)


@pytest.fixture
def place(repository: Repository, tmp_path: Path) -> Path:
    """Name the folder in which it lies."""
    return tmp_path / "repository"
