from __future__ import annotations

import os

import pytest

from reconciler.recovery.repository.opening import open_repository
from support.recovery.nights import Nights


@pytest.fixture
def nights(tmp_path, monkeypatch):
    # Wait for no disk: what outlasts a power cut is tested elsewhere.
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    return Nights(open_repository(str(tmp_path / "repo"), make=True))
