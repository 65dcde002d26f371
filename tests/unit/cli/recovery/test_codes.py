"""What the results of recovery come to: 7 something is wrong, 8 not all is known, 0 neither."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

import reconciler
from reconciler.cli.recovery import codes
from reconciler.model import Objective
from reconciler.recovery.proving.results import Coverage, Much, Proved, StorageProved
from reconciler.recovery.rows import FILE, READ, Content
from reconciler.recovery.scanning.outcome import (
    COMPLETE,
    INCOMPLETE,
    NOT_BEGUN,
    NOT_REACHABLE,
    SHARD_DONE,
    UNFINISHED,
    Scanned,
)
from reconciler.recovery.verifying.results import DEEP, Elsewhere, Side, StorageVerified, Verified
from reconciler.recovery.verifying.stories import NOTHING, SAME, Chapter, Folder, Story


@pytest.mark.parametrize(
    ("results", "code", "interrupted"),
    [
        ([], 8, 8),
        ([Scanned("a"), Scanned("b")], 0, 0),  # the signal came when all was done
        ([Scanned("a"), Scanned("b", SHARD_DONE)], 0, 0),
        ([Scanned("a", COMPLETE), Scanned("b", INCOMPLETE)], 8, 8),
        ([Scanned("a", NOT_REACHABLE)], 8, 8),
        ([Scanned("a", COMPLETE), Scanned("b", UNFINISHED)], 8, 130),
        ([Scanned("a", COMPLETE), Scanned("b", NOT_BEGUN)], 8, 130),
        ([Scanned("a", forgotten=True)], 8, 8),
        ([Scanned("a", missing=1), Scanned("b", NOT_REACHABLE)], 7, 7),
        ([Scanned("a", UNFINISHED, altered=1)], 7, 130),
        ([Scanned("a", deleted=1)], 7, 7),
        ([Scanned("a", changed=1)], 0, 0),  # it is told; whether it was meant nobody knows
    ],
)
def test_scans(results, code, interrupted):
    assert codes.of_scans(results) == code
    assert codes.of_scans(results, interrupted=True) == interrupted


def test_whoever_keeps_something_that_follows_from_being_done_is_told_so():
    assert codes.of_scans([Scanned("nas", COMPLETE)], interrupted=True, follows=True) == 130
    assert codes.of_scans([Scanned("nas", COMPLETE)], follows=True) == 0


@pytest.mark.parametrize(
    ("complete", "scans", "code"),
    [(True, 0, 0), (False, 0, 8), (True, 7, 7), (False, 7, 7), (True, 8, 8), (False, 8, 8)],
)
def test_a_snapshot(complete, scans, code):
    assert codes.of_snapshot(complete=complete, scans=scans) == code


FINE = StorageVerified("nas", 10, 10)
WRONG, PART = replace(FINE, found={"missing": 1}), replace(FINE, not_verified=1)
THERE = Elsewhere("was", "file:///was", {"missing": 1})


@pytest.mark.parametrize(
    ("storages", "elsewhere", "code", "interrupted"),
    [
        ([], [], 8, 8),
        ([FINE], [], 0, 0),
        ([FINE, PART], [], 8, 130),
        ([FINE, WRONG], [], 7, 7),
        ([PART, WRONG], [], 7, 130),
        ([replace(FINE, lasts={"damaged": 1})], [], 7, 7),
        ([replace(FINE, found={"not_reachable": 1})], [], 8, 8),
        ([replace(FINE, forgotten=True)], [], 8, 8),
        ([FINE], [THERE], 7, 7),
        ([FINE], [replace(THERE, lasts={}, problem="it is damaged")], 8, 8),
    ],
)
def test_a_comparison(storages, elsewhere, code, interrupted):
    sides = DEEP, "'proofs'", Side("1", "2026-11-29T02:00:00Z")
    verified = Verified(*sides, tuple(storages), elsewhere=tuple(elsewhere))
    assert codes.of_verified(verified) == code
    assert codes.of_verified(verified, interrupted=True) == interrupted


GOOD = Content(b"a", FILE, 1, 2, b"g" * 32, READ, 3)
SEEN = Chapter("2026-11-29T02:00:00Z", "1", SAME, GOOD)
TOLD = Story("nas", b"a", (SEEN,), GOOD)


@pytest.mark.parametrize(
    ("story", "code"),
    [
        (TOLD, 0),
        (replace(TOLD, lost=("a part is damaged",)), 8),
        (replace(TOLD, chapters=(replace(SEEN, what=NOTHING, content=None),)), 8),
        (replace(TOLD, chapters=(), good=None), 8),
        (replace(TOLD, folder=Folder(SEEN.at, 3, 0, {}, 0)), 0),
        (replace(TOLD, folder=Folder(SEEN.at, 3, 1, {}, 0)), 8),
        (replace(TOLD, folder=Folder(SEEN.at, 3, 0, {"unreadable": 1}, 0)), 8),
        (replace(TOLD, folder=Folder(SEEN.at, 3, 1, {"missing": 1}, 0)), 7),
        (replace(TOLD, wrong_since=SEEN.at), 7),
        (replace(TOLD, wrong_since=SEEN.at, lost=("a part is damaged",)), 7),
    ],
)
def test_a_story(story, code):
    assert codes.of_story(story) == code


ONE = StorageProved("nas", "local:/nas", Objective(), Coverage(Much(1)))


@pytest.mark.parametrize(
    ("storages", "elsewhere", "code"),
    [
        ([], [], 8),
        ([ONE], [], 0),
        ([ONE, replace(ONE, coverage=None)], [], 8),
        ([replace(ONE, problem="a record is damaged")], [], 8),
        ([replace(ONE, coverage=Coverage(Much(1), never=Much(1)))], [], 8),
        ([replace(ONE, wrong={"missing": 1}), replace(ONE, coverage=None)], [], 7),
        ([ONE], [THERE], 7),
    ],
)
def test_an_objective(storages, elsewhere, code):
    proved = Proved("'proofs'", 0, tuple(storages), elsewhere=tuple(elsewhere))
    assert codes.of_proved(proved) == code


def test_no_other_module_decides_that():
    root = Path(reconciler.__path__[0])
    taken = re.compile(r"from reconciler\.errors import (\([^)]*|.*)\b(FINDINGS|UNPROVED)\b")
    using = [file.name for file in root.glob("cli/**/*.py") if taken.search(file.read_text())]
    assert using == ["codes.py"]
