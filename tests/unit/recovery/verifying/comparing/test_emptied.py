"""Folders of which nothing is left, and those of which nobody may say so."""

from __future__ import annotations

import pytest

from reconciler.recovery import values
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing import emptied as module
from reconciler.recovery.verifying.comparing.emptied import emptied
from reconciler.recovery.verifying.results import Emptied


def gone(folder, number=6, what=values.MISSING):
    return [FileFinding(what, "nas", "p", b"%s%d" % (folder, n)) for n in range(number)]


def told(findings, *, there=(), accepted=()):
    def holds(folder):
        return any(path.startswith(folder) for path in there)

    return emptied(findings, accepted, holds)


def test_the_uppermost_folder_is_told_once():
    found = [*gone(b"a/run 7/"), *gone(b"a/run 7/deep/"), *gone(b"b/run 8/", 5)]
    there = [b"a/x", b"a/run 70", b"b"]
    assert told(found, there=there) == (
        Emptied(b"a/run 7/", values.MISSING, 12),
        Emptied(b"b/", values.MISSING, 5),
    )


@pytest.mark.parametrize(
    ("findings", "more"),
    [
        (gone(b"a/", 4), {}),  # few are told one by one
        (gone(b"a/"), {"there": [b"a/rest"]}),
        (gone(b"a/"), {"accepted": {b"a/3"}}),
        ([*gone(b"a/"), *gone(b"a/moved", 1, values.MOVED)], {}),
        ([*gone(b"a/"), *gone(b"a/d", 1, values.DELETED)], {}),
        (gone(b"a/", what=values.DAMAGED), {}),
        (gone(b""), {}),  # an empty storage is told otherwise
    ],
)
def test_no_folder_is_told_of_which_not_all_is_gone_alike(findings, more):
    assert told(findings, **more) == ()


def test_where_too_many_folders_would_have_to_be_looked_for_none_is(monkeypatch):
    monkeypatch.setattr(module, "_LOOKS", 3)
    found = [finding for n in range(9) for finding in gone(b"%d/" % n)]
    there = [b"%d/rest" % n for n in range(3)]
    assert told(found, there=there) == ()
    monkeypatch.setattr(module, "_MOST", 8)
    assert told(found) == ()
