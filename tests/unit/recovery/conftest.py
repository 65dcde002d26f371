"""Servers that tests of recovery share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.recovery.moto import Moto


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """Give the second S3 server; started when the first test wants it."""
    from support.recovery.moto import serving  # noqa: PLC0415 - moto is slow to import

    with serving() as server:
        yield server


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """Give that server with credentials for it."""
    from support.recovery.moto import CREDENTIALS  # noqa: PLC0415

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return moto_server
