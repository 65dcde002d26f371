"""Matches, and gives what a test of matching wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from reconciler.diff import Diff, compare
from reconciler.errors import MatchingError
from reconciler.model import Desired, Problem, Storage


def problems(wanted: Desired, live: Sequence[Storage], **more: Any) -> list[Problem]:
    with pytest.raises(MatchingError) as caught:
        compare(wanted, live, **more)
    assert caught.value.exit_code == 65
    return list(caught.value.problems)


def problem(
    wanted: Desired, live: Sequence[Storage], **more: Any
) -> tuple[tuple[str | int, ...], str]:
    (found,) = problems(wanted, live, **more)
    assert found.file == "storages.yaml"
    return found.path, found.message


def renames(diff: Diff) -> dict[str, str]:
    return {pair.live.name: pair.entry.name for pair in diff.updates if pair.renames}


def consents(diff: Diff) -> list[str]:
    return [item.live.id for item in diff.removed]
