"""An organisation that the stand-in SDK serves, and the platform that its address opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.environment.origin import CI_VARIABLES
from reconciler.platform import Platform, Writer
from reconciler.platforms import open_platform
from support.platforms.organisation import Organisation


@pytest.fixture
def organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Organisation:
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return Organisation(tmp_path / "organisation.db").install(monkeypatch)


@pytest.fixture
def platform(organisation: Organisation) -> Platform:
    return open_platform(organisation.address, base=None)


@pytest.fixture
def writer(platform: Platform) -> Writer:
    return platform.writer(wait=1)
