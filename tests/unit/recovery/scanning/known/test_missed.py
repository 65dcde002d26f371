"""All records of a storage's scans are gone: a snapshot still tells that there were some."""

from __future__ import annotations

import shutil

import pytest

from reconciler.errors import SnapshotError
from reconciler.recovery.scanning.known.missed import require_none
from reconciler.recovery.snapshots.checking.check import check
from support.recovery import snapshots
from support.recovery.snapshots import platform, scanned, taken

PLACE = "local:file:///data/nas"


@pytest.fixture
def repository(tmp_path):
    made = snapshots.repository(tmp_path)
    live = platform("nas", "archive")
    scanned(made, live.by_name["nas"], [b"a.tif"])
    taken(live, made)
    return made


def test_what_a_snapshot_names_was_scanned(repository, tmp_path):
    assert check(repository).problems == ()
    for folder in ("scans", "finished"):
        shutil.rmtree(tmp_path / "repository" / folder, ignore_errors=True)
    with pytest.raises(SnapshotError, match=r"all scans .* are missing .* --accept-loss NAME"):
        require_none(repository, PLACE)
    require_none(repository, "local:file:///data/archive")
    (problem,) = check(repository).problems
    assert "is missing: it is the last of its storage" in problem.message


def test_a_damaged_snapshot_tells_nothing(repository, tmp_path):
    (file,) = (tmp_path / "repository" / "snapshots").glob("*/snapshot.json")
    file.write_bytes(b"{")
    require_none(repository, PLACE)
