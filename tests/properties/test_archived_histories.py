"""Whatever becomes of an object in an archive, what is wrong with it is told till its end.

And nothing else is. Nobody can read it there: what was read before, and reports of the cloud, tell.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import Root, Target
from reconciler.recovery.verifying import remembered
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.explaining.explain import explain
from support.recovery.cloud_files import report, succeeded
from support.recovery.memory import LONG_AGO, File, Storage
from support.recovery.scans import here
from support.sampling import examples

TARGET = Target("id", "raw", "S3", "s3:raw", "s3://raw")
GOOD, ROTTEN = b"good", b"evil"
DAY = timedelta(days=1)
TAG = hashlib.md5(GOOD, usedforsecurity=False).hexdigest()


class Object:
    """An object of one version, a repository, and what must be known of it."""

    def __init__(self, folder: Path, *, versioned: bool, marked: bool) -> None:
        """Begin with an object that can be read; `marked`: if it is deleted, a marker says so."""
        self.folder, self.marked = folder, marked
        self.repository = open_repository(str(folder / "proofs"), make=True)
        self.storage = Storage(root=Root("bucket", "s3://raw"))
        self.version = "v" if versioned else None
        self.there = File(GOOD, FILE, LONG_AGO, tag=TAG.encode(), version=self.version)
        self.storage.put("stays")
        self.log: list[str] = []
        self._days = count(1)
        #: Whether any scan has seen it; the bytes that are known, the first ones and the last.
        self.is_known = False
        self.known: list[bytes] = []
        self.restore()

    def freeze(self) -> None:
        self.there.kind, self.there.detail = ARCHIVED, b"GLACIER"

    def thaw(self) -> None:
        self.there.kind, self.there.detail = FILE, None

    def rot(self) -> None:
        self.there.data = ROTTEN

    def mend(self) -> None:
        self.there.data = GOOD

    def delete(self) -> None:
        self.storage.files.pop(b"a", None)
        if self.marked:
            self.storage.put("a", GOOD, kind=DELETED, version=self.version)

    def restore(self) -> None:
        self.storage.files[b"a"] = self.there

    @property
    def is_there(self) -> bool:
        return self.storage.files.get(b"a") is self.there

    def scan(self, *, told: bool) -> None:
        """Scan it, `told` by a report what it is, and check what is said."""
        now = here().now() + DAY * next(self._days)
        self.storage.now = int(now.timestamp())
        sums = self._report(now - DAY / 2) if told and self.is_there else None
        wish = Wish(full=True)
        (ended,) = scan(
            [TARGET], self.repository, wish, here(), open_source=self.storage.open, sums=sums
        )
        remembered.keep(self.repository, ended, here().now)
        if self.is_there and (sums or self.there.kind == FILE):
            self.known.append(self.there.data)
        self.is_known = self.is_known or self.is_there
        is_rotten = self.is_there and self.known and self.known[0] != self.known[-1]
        is_gone = self.is_known and not self.is_there
        gone = ended.missing_first + ended.deleted_first
        assert ended.altered_first == ([b"a"] if is_rotten else []), self.log
        assert gone == ([b"a"] if is_gone else []), self.log
        story = explain(self.repository, "raw", TARGET.place, b"a", SETTLED_NS)
        assert story.is_wrong == bool(is_rotten or is_gone), self.log

    def _report(self, at: datetime) -> Sums:
        line = succeeded("raw", "a", self.there.data, TAG, self.version or "")
        name = f"{at.astimezone(UTC):%Y%m%d}"
        return Sums([report(self.folder / name, [line], at)], self.folder, at)


MOVES = ("freeze", "freeze", "thaw", "rot", "mend", "delete", "restore", "scan", "scan", "told")


def play(moves: list[str], *, versioned: bool, marked: bool) -> None:
    with TemporaryDirectory() as folder:
        thing = Object(Path(folder), versioned=versioned, marked=marked and versioned)
        for move in [*moves, "scan"]:
            thing.log.append(move)
            if move in ("scan", "told"):
                thing.scan(told=move == "told")
            else:
                getattr(thing, move)()


#: What once was told wrong: each failed before it was mended.
HISTORIES = {
    "read, archived, gone, and back": ["scan", "freeze", "scan", "delete", "scan", "restore"],
    "attested damaged, gone, and back": [
        *("freeze", "told", "rot", "told", "delete", "scan", "restore", "scan"),
    ],
}


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("history", HISTORIES)
def test_an_object_in_an_archive_is_told_wrong_till_its_end_and_no_longer(history, versioned):
    play(HISTORIES[history], versioned=versioned, marked=True)


@settings(max_examples=examples(4, 500))
@given(st.lists(st.sampled_from(MOVES), max_size=12), st.booleans(), st.booleans())
def test_so_it_is_in_any_history(moves, versioned, marked):
    play(moves, versioned=versioned, marked=marked)
