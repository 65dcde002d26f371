"""Which of several versions is the file."""

from __future__ import annotations

import pytest

from reconciler.recovery.versions import NULL, Version, fitting, heard, told

EVERY = [Version("v3", 7, 30), Version("v2", 5, 20), Version("v1", 7, 10), Version(NULL, 7, 5)]


def test_what_is_told_is_heard() -> None:
    assert heard(told(EVERY)) == EVERY


@pytest.mark.parametrize(
    ("good", "found"),
    [
        (None, None),
        (Version("v1", 7, 10), "v1"),
        (Version("v2", 5, None), "v2"),
        (Version("gone", 7, 10), None),
        (Version("", 7, 5), NULL),
        (Version("", 7, 6), "v3"),
        (Version("", 5, 6), "v2"),
        (Version("", 6, 6), None),
    ],
)
def test_the_version_that_a_file_was(good: Version | None, found: str | None) -> None:
    chosen = fitting(EVERY, good)
    assert (chosen.id if chosen else None) == found
