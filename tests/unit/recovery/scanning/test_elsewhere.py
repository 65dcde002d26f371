"""Tasks that are read elsewhere, where they can be lost."""

from __future__ import annotations

import functools
from concurrent.futures import Executor, Future

import pytest
from msgspec.structs import replace

from reconciler.errors import ClusterError, UnreachableError
from reconciler.recovery.repository import layout
from reconciler.recovery.scanning.known import record
from reconciler.recovery.scanning.outcome import COMPLETE, NOT_REACHABLE, UNFINISHED, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import TARGET, Storage
from support.recovery.scans import names, scan_once

FILES = 200
MANY = Wish(workers=2)


class Elsewhere(Executor):
    """Does a task at once; the first ones are lost, and those that are `held` never end."""

    def __init__(self, *lost, held=()):
        self.lost, self.held, self.futures = list(lost), held, []

    def submit(self, fn, /, *arguments, **more):
        future = Future()
        self.futures.append(future)
        if len(self.futures) in self.held:
            return future
        if self.lost:
            future.set_exception(self.lost.pop(0))
        else:
            future.set_result(fn(*arguments, **more))
        return future


@pytest.fixture
def storage():
    made = Storage(batch=50)
    for i in range(FILES):
        made.put(b"%03d" % i, b"%d" % i)
    return made


def test_what_others_have_read_is_kept_when_a_task_is_lost(storage, repository):
    lost = ClusterError("the scheduler has gone")
    for _ in range(5):  # of several that end at once, none comes first by chance
        ended = scan_once(storage, repository, wish=MANY, executor=Elsewhere(lost))
        assert (ended.status, ended.reason) == (UNFINISHED, "the scheduler has gone")
        assert [n for n in names(repository, layout.UNFINISHED) if n.endswith(".parquet")]
        again = scan_once(storage, repository)
        assert again.status == COMPLETE
        assert again.files_read < FILES
        repository.remove(names(repository, layout.SCANS)[0])
        repository.remove(names(repository, layout.FINISHED)[0])


def test_damage_that_was_read_is_told_though_another_task_is_lost(storage, repository):
    scan_once(storage, repository)
    storage.files[b"130"].data = b"bad"
    lost = ClusterError("the scheduler has gone")
    wish = Wish(workers=2, full=True)
    ended = scan_once(storage, repository, wish=wish, executor=Elsewhere(lost))
    assert (ended.status, ended.altered, ended.altered_first) == (UNFINISHED, 1, [b"130"])
    assert [now.path for _, now in ended.rotten] == [b"130"]
    assert 0 < ended.files_read < FILES


def test_a_storage_that_a_worker_does_not_reach_is_not_reachable(storage, repository):
    lost = UnreachableError("it is not mounted")
    ended = scan_once(storage, repository, wish=MANY, executor=Elsewhere(lost))
    assert (ended.status, ended.reason) == (NOT_REACHABLE, "it is not mounted")
    assert record.latest(repository, TARGET.place) is None


def test_whoever_wants_an_end_waits_a_while_for_a_task_that_nobody_does(
    storage, repository, monkeypatch
):
    monkeypatch.setattr("reconciler.recovery.scanning.reading.crew._PATIENCE_ELSEWHERE", 0.05)
    monkeypatch.setattr("reconciler.recovery.scanning.reading.crew._LOOK", 0.01)
    pace = Pace()
    elsewhere = Elsewhere(held=(2,))
    storage.on_read = lambda path: pace.stop() if path == b"130" else None
    ended = scan_once(storage, repository, wish=MANY, executor=elsewhere, pace=pace)
    assert ended.status == UNFINISHED
    assert elsewhere.futures[1].cancelled()
    storage.read.clear()
    assert scan_once(storage, repository).status == COMPLETE
    assert 0 < len(storage.read) < FILES


def test_what_is_gone_elsewhere_and_lies_here_is_not_gone(storage, repository):
    at_worker = Storage(batch=50)
    at_worker.files = {path: file for path, file in storage.files.items() if path != b"150"}

    class Apart(Elsewhere):
        def submit(self, fn, /, task):
            return super().submit(functools.partial(fn.func, at_worker.open, *fn.args[1:]), task)

    ended = scan_once(storage, repository, wish=MANY, executor=Apart())
    assert ended.status == NOT_REACHABLE
    assert ended.reason.startswith("150 lies here, and a worker does not see it")
    assert record.latest(repository, TARGET.place) is None
    del storage.files[b"150"]  # it is gone here, too
    assert scan_once(storage, repository, wish=MANY, executor=Apart()).status == COMPLETE


def test_a_worker_that_asks_another_server_does_not_reach_the_storage(storage, repository):
    root = storage.root

    def other(number):  # the first proof is the one of this machine
        storage.root = root if number == 1 else replace(root, server="http://other:9000")

    storage.on_prove = other
    ended = scan_once(storage, repository, wish=MANY, executor=Elsewhere())
    assert ended.status == NOT_REACHABLE
    assert "a worker asks 'http://other:9000' for" in ended.reason
    assert "AWS_ENDPOINT_URL" in ended.reason
