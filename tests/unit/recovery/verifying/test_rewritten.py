"""Files that had settled, and have other bytes and another time."""

from __future__ import annotations

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery import rows
from reconciler.recovery.repository import layout
from reconciler.recovery.verifying import rewritten
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from support.recovery.memory import LONG_AGO
from support.recovery.nights import GOOD, ROTTEN

#: The 29th of November 2026, minutes before the scans of tests.
JUST_NOW = 1_795_939_000_000_000_000


def changed(nights, **more):
    ended = nights.scan(**more)
    rewritten.count(nights.repository, ended, SETTLED_NS)
    assert len(ended.changed_first) == ended.changed
    return ended.changed_first


def test_what_was_touched_and_has_other_bytes_is_named_once(nights):
    nights.put(ROTTEN, mtime_ns=LONG_AGO + 1)
    assert changed(nights) == [b"f/a"]
    assert changed(nights) == []


def test_what_became_something_else_is_named(nights):
    nights.storage.put("f/a", kind=rows.LINK, detail=b"b")
    assert changed(nights) == [b"f/a"]


@pytest.mark.parametrize(
    ("data", "mtime_ns"), [(GOOD, LONG_AGO + 1), (ROTTEN, LONG_AGO)], ids=["touched", "damaged"]
)
def test_what_was_only_touched_or_is_damaged_is_not_among_it(nights, data, mtime_ns):
    nights.put(data, mtime_ns=mtime_ns)
    assert changed(nights) == []


def test_what_had_not_settled_is_being_worked_on(nights):
    nights.put(GOOD, mtime_ns=JUST_NOW)
    nights.scan()
    nights.put(ROTTEN, mtime_ns=JUST_NOW + 1)
    assert changed(nights) == []


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_good_again_is_what_it_should_be(nights, kept):
    nights.put(ROTTEN)
    nights.scan()
    nights.put(GOOD, mtime_ns=LONG_AGO + 1)
    assert changed(nights, kept=kept) == []


@pytest.fixture
def written(nights):
    nights.put(ROTTEN, mtime_ns=LONG_AGO + 1)
    return nights.scan()


def test_nothing_is_counted_where_the_scan_before_was_pruned(nights, written):
    before = nights.verified
    nights.repository.remove(f"{layout.scans(before.place)}{before.id}.json")
    nights.repository.remove(layout.part(before.contents))
    rewritten.count(nights.repository, written, SETTLED_NS)
    assert (written.changed, written.notes) == (0, [])


@pytest.mark.parametrize("fails", ["findings", "part"])
def test_that_it_can_not_be_counted_is_told(nights, written, fails, monkeypatch):
    def refuse(_self, _prefix):
        raise RepositoryError("denied")

    if fails == "findings":
        monkeypatch.setattr(type(nights.repository), "names", refuse)
    else:
        nights.repository.remove(layout.part(nights.verified.contents))
    rewritten.count(nights.repository, written, SETTLED_NS)
    (note,) = written.notes
    assert note.startswith("Which files were written could not be found out: ")
    assert written.changed == 0
