from __future__ import annotations

import pytest

from reconciler.recovery.repository.opening import open_repository
from support.recovery.nights import Nights


@pytest.fixture
def nights(tmp_path):
    return Nights(open_repository(str(tmp_path / "repo"), make=True))
