"""A deleted object tells of the version that is the file, wherever that lies under the marker."""

from __future__ import annotations

import pytest

from reconciler.recovery import rows
from reconciler.recovery.repository import layout
from reconciler.recovery.versions import Version, told
from support.recovery.memory import LONG_AGO, TARGET
from support.recovery.nights import GOOD, Nights
from support.recovery.scans import rows as rows_of
from support.recovery.scans import table

BAD, OTHER, OLD = Version("v3", 3, 30), Version("v2", 4, 20), Version("v1", 4, LONG_AGO)


@pytest.fixture
def nights(repository, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _file: None)
    return Nights(repository)


def delete(nights, *versions):
    detail = told(versions)
    newest = versions[0].id
    nights.storage.put("f/a", kind=rows.DELETED, version=newest, detail=detail)


def row(nights, scan):
    return table(rows_of(nights.repository, scan))[b"f/a"]


@pytest.mark.parametrize(("was", "named"), [("v1", "v1"), ("v2", "v2"), (None, "v2")])
def test_the_version_that_is_the_file_is_named_night_after_night(nights, was, named):
    nights.storage.put("f/a", GOOD, version=was)
    nights.scan()
    delete(nights, BAD, OTHER, OLD)
    for _ in range(3):
        ended = nights.scan()
        assert ended.deleted_first == [b"f/a"]
        found = row(nights, ended.scan)
        assert (found["version"], found["size"], found["detail"]) == (named, 4, None)
    assert nights.known() == [("deleted", b"f/a", False)]


def test_a_version_that_is_not_there_any_more_is_not_named(nights):
    nights.storage.put("f/a", GOOD, version="v0")
    nights.scan()
    delete(nights, BAD, OTHER, OLD)
    ended = nights.scan()
    assert ended.missing_first == [b"f/a"]
    found = row(nights, ended.scan)
    assert (found["version"], found["detail"]) == ("v3", None)


def test_of_what_nobody_knows_the_newest_is_named(nights):
    nights.storage.put("new", kind=rows.DELETED, version="v3", detail=told([BAD, OTHER]))
    found = table(rows_of(nights.repository, nights.scan().scan))[b"new"]
    assert (found["version"], found["detail"]) == ("v3", None)


def test_what_was_chosen_once_stays_though_nobody_remembers_why(nights):
    nights.storage.put("f/a", GOOD, version="v1")
    nights.scan()
    delete(nights, BAD, OTHER, OLD)
    last = nights.scan().scan
    nights.repository.remove(layout.part(last.remembered))
    for name in list(nights.repository.names(layout.findings(TARGET.place))):
        nights.repository.remove(name)
    assert row(nights, nights.scan().scan)["version"] == "v1"
