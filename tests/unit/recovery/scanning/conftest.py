"""A repository for scans."""

from pathlib import Path

import pytest

from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "repository"), make=True)
