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
from reconciler.recovery.findings import accepting
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.values import Accepted, Root, Target
from reconciler.recovery.verifying import remembered
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.explaining.explain import explain
from support.recovery.cloud_files import report, succeeded
from support.recovery.memory import LONG_AGO, File, Storage
from support.recovery.scans import here
from support.sampling import examples

TARGET = Target("id", "raw", "S3", "s3:raw", "s3://raw")
GOOD, ROTTEN, GONE = b"good", b"evil", b"gone"
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
        #: As what it was told to be wrong, if it was; and as what somebody has accepted it.
        self.wrong = self.accepted = b""
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

    def accept(self) -> None:
        """Accept it as it was told to be, if that is wrong."""
        if not self.wrong:
            return
        shown = accepting.to_accept(self.repository, TARGET.place, "raw", ["a"])
        said = Accepted("", "me", "known")
        accepting.accept(self.repository, TARGET.place, shown, said, here().now())
        self.accepted = self.wrong

    @property
    def is_there(self) -> bool:
        return self.storage.files.get(b"a") is self.there

    def scan(self, *, told: bool) -> None:
        """Scan it, `told` by a report what it is, and check what is said."""
        ended = self.scanned(age=DAY / 2 if told and self.is_there else None)
        if self.is_there and (told or self.there.kind == FILE):
            self.known.append(self.there.data)
        self.is_known = self.is_known or self.is_there
        is_rotten = self.is_there and self.known and self.known[0] != self.known[-1]
        is_gone = self.is_known and not self.is_there
        self.wrong = GONE if is_gone else self.known[-1] if is_rotten else b""
        # As soon as it is as it should be nothing is accepted any more.
        self.accepted = self.accepted if self.wrong else b""
        counts = self.wrong != self.accepted
        gone = ended.missing_first + ended.deleted_first
        assert ended.altered_first == ([b"a"] if is_rotten and counts else []), self.log
        assert gone == ([b"a"] if is_gone and counts else []), self.log
        assert self.is_wrong == counts, self.log

    def scanned(self, *, age: timedelta | None) -> Scanned:
        """Scan it, told by a report of that age if one is given."""
        now = here().now() + DAY * next(self._days)
        self.storage.now = int(now.timestamp())
        sums = self._report(now - age) if age else None
        wish = Wish(full=True)
        (ended,) = scan(
            [TARGET], self.repository, wish, here(), open_source=self.storage.open, sums=sums
        )
        remembered.keep(self.repository, ended, here().now)
        return ended

    @property
    def is_wrong(self) -> bool:
        """Whether its story says so."""
        return explain(self.repository, "raw", TARGET.place, b"a", SETTLED_NS).is_wrong

    def _report(self, at: datetime) -> Sums:
        line = succeeded("raw", "a", self.there.data, TAG, self.version or "")
        name = f"{at.astimezone(UTC):%Y%m%d}"
        return Sums([report(self.folder / name, [line], at)], self.folder, at)


MOVES = (
    *("freeze", "freeze", "thaw", "rot", "mend", "delete", "restore", "accept"),
    *("scan", "scan", "told"),
)


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
    "attested damaged, accepted, gone, and back": [
        *("freeze", "told", "rot", "told", "accept", "delete", "scan", "restore", "scan", "told"),
    ],
    "accepted as damaged, then as gone, and back": [
        *("freeze", "told", "rot", "told", "accept", "delete", "scan", "accept", "restore"),
    ],
}


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("history", HISTORIES)
def test_an_object_in_an_archive_is_told_wrong_till_its_end_and_no_longer(history, versioned):
    play(HISTORIES[history], versioned=versioned, marked=True)


@pytest.mark.parametrize("versioned", [False, True])
def test_what_was_read_wrong_is_over_with_the_next_report(versioned, tmp_path):
    thing = Object(tmp_path, versioned=versioned, marked=versioned)
    thing.rot()
    thing.scanned(age=None)
    thing.mend()
    thing.freeze()
    assert thing.scanned(age=9 * DAY).altered_first == [b"a"]
    assert thing.is_wrong
    for age in (DAY / 2, None, None):
        assert not thing.scanned(age=age).altered_first
        assert not thing.is_wrong


@settings(max_examples=examples(4, 500))
@given(st.lists(st.sampled_from(MOVES), max_size=12), st.booleans(), st.booleans())
def test_so_it_is_in_any_history(moves, versioned, marked):
    play(moves, versioned=versioned, marked=marked)
