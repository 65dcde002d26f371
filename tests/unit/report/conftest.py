"""What reports are held against, and what is reported."""

import os
from pathlib import Path

import pytest

from support.values.reported import Make

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def make():
    return Make()


@pytest.fixture
def golden():
    """Compare a report with a file in `golden/`.

    The files are written anew, and the test then fails so that this is not done unawares, with
    `WRITE_GOLDEN=1 pytest tests/unit/report`. Read what has changed before you commit it.
    """

    def check(name: str, report: str) -> None:
        path = GOLDEN / name
        if os.environ.get("WRITE_GOLDEN"):
            path.write_bytes(report.encode())
            pytest.fail(f"{name} was written: read it, and run again without WRITE_GOLDEN")
        assert report == path.read_bytes().decode(), (
            f"{name} is out of date: WRITE_GOLDEN=1 pytest tests/unit/report writes it anew"
        )

    return check
