"""`verify --accept`: who says so, and what it refuses before anything is opened."""

from __future__ import annotations

from typing import cast

import pytest

from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.recovery.accepting import _who, run
from reconciler.environment.origin import Origin
from reconciler.errors import UsageError


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


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"repository": "proofs@20261129"}, "leave the snapshot out"),
        ({"repository": "proofs", "rows": "f.csv"}, "--rows and --redact"),
        ({"repository": "proofs", "redact": True}, "--rows and --redact"),
    ],
)
def test_what_means_nothing_with_it_is_refused(options: dict[str, object], told: str) -> None:
    wanted = VerifyOptions(**({"rows": None, "redact": False} | options))
    with pytest.raises(UsageError, match=told):
        run(cast("Context", None), wanted, "nas")
