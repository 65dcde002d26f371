"""What `protect` and `scope` say in vain is told."""

from __future__ import annotations

import pytest

from reconciler.diff import compare
from reconciler.model import Desired, Entry, Policy, Removed, Storage

LIVE = Storage("1", "nas-old", "", "local", "file:///data/nas")


def told(**policy: tuple[str, ...]) -> list[str]:
    desired = Desired(
        (Entry("raw-1", "local", "file:///r", renamed_from=("cooked-1",)),),
        (Removed("scratch-1"),),
        Policy(**policy),
    )
    diff = compare(desired, [LIVE])
    return [notice.message for notice in diff.warnings if notice.code == "idle_glob"]


@pytest.mark.parametrize(
    "glob", ["raw-*", "raw-1", "cooked-?", "scratch-*", "nas-*", "*", "[n]as*"]
)
def test_what_means_something_is_no_warning(glob: str) -> None:
    assert told(protect=(glob,)) == []


def test_what_means_nothing_is_a_warning() -> None:
    (message,) = told(protect=("archiv-*", "raw-*", "RAW-1"))
    assert message.startswith("in `policy.protect`, 'archiv-*', 'RAW-1' means no storage, declared")
    everything = ("raw-*", "cooked-*", "scratch-*", "nsa-*")
    (message,) = told(scope=everything)
    assert message.startswith("in `policy.scope`, 'nsa-*' means no storage")


def test_thousands_are_counted() -> None:
    (message,) = told(protect=tuple(f"g{i}-*" for i in range(5_000)))
    assert "'g19-*' and 4,980 more means no storage" in message
