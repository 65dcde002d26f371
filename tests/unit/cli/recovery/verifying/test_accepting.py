"""`verify --accept`: who says so."""

from __future__ import annotations

import pytest

from reconciler.cli.recovery.verifying.accepting import _who
from reconciler.environment.origin import Origin


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (Origin("run", "anna", "scope-2"), "anna@scope-2"),
        (Origin("run", "anna"), "anna"),
        (Origin("run", "anna", "build", job_url="https://ci/7"), "anna@build, https://ci/7"),
    ],
)
def test_who_accepts_is_told_as_in_the_journal(origin: Origin, told: str) -> None:
    assert _who(origin) == told
