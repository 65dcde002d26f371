"""Two scans of one storage at once: what is kept is that of one of them after the other."""

from __future__ import annotations

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Wish
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import rows, scan_once, table, ticking

FILES = [b"a", b"b", b"c", b"d"]


class Two:
    """A storage, and two who scan it by one clock."""

    def __init__(self, repository):
        self.repository = repository
        self.storage = Storage(batch=1)
        for path in FILES:
            self.storage.put(path, b"good of " + path)
        self.by = ticking()
        self.others: list = []

    def scan(self, **more):
        return scan_once(self.storage, self.repository, by=self.by, **more)

    def other(self, **more):
        """Have the other one scan all of it, and end."""
        # What it reads is read by another machine.
        storage = Storage(self.storage.files, now=self.storage.now + 1)
        self.others.append(scan_once(storage, self.repository, by=self.by, **more))
        return self.others[-1]

    def once_at(self, path, act):
        """Do something when a file is read for the first time."""

        def on_read(at):
            if at == path:
                self.storage.on_read = lambda _path: None
                act()

        self.storage.on_read = on_read

    def hashes(self, scan):
        return {path: row["sha256"] for path, row in table(rows(self.repository, scan)).items()}


@pytest.fixture(params=["first", "later"])
def two(repository, request):
    both = Two(repository)
    if request.param == "later":
        both.scan()
        both.storage.read.clear()
    return both


def test_what_came_after_the_one_had_listed_is_not_gone_for_the_other(two):
    def meanwhile():
        two.storage.put(b"new", b"new")
        two.other()

    two.once_at(b"d", meanwhile)
    ended = two.scan(wish=Wish(full=True))
    assert (ended.status, ended.scan.remembered) == (COMPLETE, "")
    assert b"new" in two.hashes(ended.scan)
    assert ended.scan.id > two.others[0].scan.id
    assert record.latest(two.repository, TARGET.place) == ended.scan
    # What was read before is not read again.
    assert sorted(two.storage.read) == [*FILES, b"new"]
    assert ended.files_read == len(two.storage.read)
    assert ended.notes == [
        "Another scan of this storage ended meanwhile, so that it was listed once more after that"
    ]


def test_what_went_after_the_one_had_listed_is_what_the_other_says(two):
    def meanwhile():
        del two.storage.files[b"a"]
        two.other()

    two.once_at(b"d", meanwhile)
    ended = two.scan(wish=Wish(full=True))
    assert b"a" not in two.hashes(ended.scan)
    assert ended.scan.remembered  # also where only the one itself had read it, before it was gone


@pytest.mark.parametrize("full", [True, False])
def test_what_the_other_has_read_later_is_believed(two, full):
    def meanwhile():
        two.storage.files[b"a"].data = b"evil of a"
        two.other(wish=Wish(full=True))

    two.once_at(b"d", meanwhile)
    if not full:  # for its own reading to matter, all of it must look new
        for path in FILES:
            two.storage.files[path].inode += 1_000_000
    ended = two.scan(wish=Wish(full=full))
    assert two.hashes(ended.scan) == two.hashes(two.others[0].scan)


def test_one_that_is_overtaken_each_time_ends_and_keeps_nothing(two):
    def on_batch(number):
        if number == 1:
            two.other()

    two.storage.on_batch = on_batch
    ended = two.scan(wish=Wish(full=True))
    assert (ended.status, ended.scan) == (UNFINISHED, None)
    assert ended.reason.startswith("Other scans of this storage ended again and again")
    assert record.latest(two.repository, TARGET.place) == two.others[-1].scan


@pytest.mark.parametrize("may_remove", [True, False])
def test_one_that_ends_at_the_same_moment_is_listed_once_more(two, monkeypatch, may_remove):
    def refuse(_self, _name, **_more):
        raise RepositoryError("denied")

    def both(self, name, data, **more):
        if name.startswith(layout.scans(TARGET.place)):
            monkeypatch.setattr(type(two.repository), "write", write)
            two.storage.put(b"new", b"new")
            two.other(wish=Wish(full=True))
        return write(self, name, data, **more)

    write = type(two.repository).write
    monkeypatch.setattr(type(two.repository), "write", both)
    if not may_remove:
        monkeypatch.setattr(type(two.repository), "remove", refuse)
    ended = two.scan(wish=Wish(full=True))
    assert (ended.status, ended.notes) == (COMPLETE, [reasons.AGAIN])
    assert b"new" in two.hashes(ended.scan)
    assert ended.scan.remembered == ""
    assert record.latest(two.repository, TARGET.place) == ended.scan


def test_what_was_read_before_a_root_was_lost_is_counted(two):
    def lose(number):
        if number == before + 2:
            two.storage.lose()

    before = two.storage.proved
    two.storage.on_prove = lose
    ended = two.scan(wish=Wish(full=True))
    assert (ended.status, ended.files_read) == (NOT_REACHABLE, len(FILES))
