"""What is said of a cluster, and what becomes of tasks there; real ones are in `tests/e2e`."""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from threading import Event
from types import SimpleNamespace

import pytest

from reconciler.errors import ClusterError, UnreachableError
from reconciler.recovery.scanning.reading.cluster import Cluster, _facts, _Failed
from reconciler.version import __version__

AT = "tcp://scheduler:8786"


class Client:
    """A client whose workers are told, and whose tasks never run."""

    def __init__(self, **workers):
        self.workers = workers
        self.wanted: dict = {}
        self.tasks: list[Future] = []

    def run(self, function, workers=None):
        if isinstance(self.workers.get("error"), Exception):
            raise self.workers["error"]
        return {name: function(self.workers[name]) for name in workers or self.workers}

    def nthreads(self):
        return dict.fromkeys(self.workers, 1)

    def get_executor(self, **wanted):
        self.wanted = wanted
        return self

    def submit(self, *_):
        self.tasks.append(Future())
        return self.tasks[-1]


def worker(threads=1, **resources):
    return SimpleNamespace(state=SimpleNamespace(nthreads=threads, total_resources=resources))


@pytest.fixture
def client():
    return Client(a=worker(4, **{"storage:nas": 2.0}), b=worker(16))


def test_as_many_tasks_are_read_at_once_as_there_are_threads(client):
    assert Cluster(client, AT).threads == 20


@pytest.mark.parametrize(
    ("storage", "resources"), [("nas", {"storage:nas": 1}), ("other", None), ("na", None)]
)
def test_a_storage_is_read_where_it_is_declared_or_else_anywhere(client, storage, resources):
    Cluster(client, AT).executor(storage)
    assert client.wanted.get("resources") == resources


@pytest.mark.parametrize(
    ("workers", "says"),
    [
        ({}, "has no workers: start some, and scan then"),
        ({"error": ModuleNotFoundError("No module named 'reconciler'")}, "'recovery' and 'dask'"),
        ({"error": OSError("gone")}, r"does not answer any more \(OSError: gone\)"),
    ],
)
def test_a_cluster_that_is_of_no_use_is_told(workers, says):
    with pytest.raises(ClusterError, match=says):
        Cluster(Client(**workers), AT)


def test_workers_of_another_release_are_named(client, monkeypatch):
    at = "reconciler.recovery.scanning.reading.cluster"
    monkeypatch.setattr(f"{at}.__version__", "0.0.1")
    old = _facts(worker())
    monkeypatch.setattr(f"{at}.__version__", __version__)
    client.run = lambda _: {"tcp://old:1": old}
    with pytest.raises(ClusterError, match=r"worker tcp://old:1 has release 0\.0\.1, and this is"):
        Cluster(client, AT)


@pytest.fixture
def executor(client) -> Executor:
    return Cluster(client, AT).executor("other")


def test_what_a_task_comes_to_is_handed_over(client, executor):
    ours = executor.submit(len, "abc")
    client.tasks[0].set_result(3)
    assert ours.result(timeout=0) == 3


def test_whoever_cancels_a_task_cancels_it_there(client, executor):
    assert executor.submit(len, "abc").cancel()
    assert client.tasks[0].cancelled()


def test_a_task_that_is_lost_with_the_scheduler_is_told_as_that(client, executor):
    ours = executor.submit(len, "abc")
    client.tasks[0].cancel()
    with pytest.raises(ClusterError, match="what was read is kept: run it again"):
        ours.result(timeout=0)


def test_a_scheduler_that_takes_no_task_is_told(client, executor):
    def submit(*_):
        raise RuntimeError("Client not running")

    client.submit = submit
    with pytest.raises(ClusterError, match="RuntimeError: Client not running"):
        executor.submit(len, "abc")


def test_a_task_whose_workers_were_killed_again_and_again_is_told(client, executor):
    ours = executor.submit(len, "abc")
    client.tasks[0].set_exception(MemoryError("too much"))
    with pytest.raises(ClusterError, match="MemoryError: too much"):
        ours.result(timeout=0)


@pytest.mark.parametrize(("storage", "hint"), [("other", True), ("nas", False)])
def test_a_worker_that_lacks_the_mount_is_named_with_what_helps(client, storage, hint):
    executor = Cluster(client, AT).executor(storage)
    ours = executor.submit(len, "abc")
    error = UnreachableError("'/nas' is not there", reason="ENOENT")
    client.tasks[-1].set_result(_Failed(error, "tcp://b:1"))
    with pytest.raises(UnreachableError) as told:
        ours.result(timeout=0)
    assert told.value.reason == "ENOENT"
    assert ("declare the resource 'storage:other'" in str(told.value)) is hint
    assert "/nas" in str(told.value)


def test_whoever_waits_for_a_task_that_was_cancelled_is_told(client, executor):
    ours = executor.submit(len, "abc")
    ours.cancel()
    done, _ = wait([ours], timeout=1)
    assert done == {ours}


@pytest.mark.parametrize(("storage", "why"), [("nas", "no worker that declares 'storage:nas' is")])
def test_tasks_are_given_up_when_nobody_who_reads_them_has_been_there_for_long(
    client, storage, why
):
    cluster = Cluster(client, AT)
    ours = cluster.executor(storage).submit(len, "abc")
    cluster.look(100)
    del client.workers["a"]
    for now in (150, 210):
        cluster.look(now)
        assert ours.done() is (now == 210)
    with pytest.raises(ClusterError, match=f"{why} there any more.*run it again"):
        ours.result(timeout=0)
    assert client.tasks[0].cancelled()


def test_a_worker_that_comes_back_is_waited_for(client):
    cluster = Cluster(client, AT)
    ours = cluster.executor("nas").submit(len, "abc")
    cluster.look(100)
    gone = client.workers.pop("a")
    cluster.look(150)
    client.workers["again"] = gone
    cluster.look(159)
    del client.workers["again"]
    cluster.look(210)
    assert not ours.done()
    cluster.look(220)
    assert ours.done()


def test_any_worker_will_do_where_none_declares_the_storage(client, executor):
    cluster = Cluster(client, AT)
    ours = cluster.executor("other").submit(len, "abc")
    del client.workers["a"]
    for now in (0, 1000, 2000):
        cluster.look(now)
    assert not ours.done()
    client.workers.clear()
    for now in (3000, 4000):
        cluster.look(now)
    with pytest.raises(ClusterError, match="no worker is there any more"):
        ours.result(timeout=0)


def test_somebody_looks_as_long_as_the_cluster_is_wanted(client, monkeypatch):
    cluster, ended = Cluster(client, AT), Event()
    looks = []

    def look(now):
        looks.append(now)
        if len(looks) == 2:
            ended.set()
        raise OSError("the scheduler has gone")

    monkeypatch.setattr("reconciler.recovery.scanning.reading.cluster._LOOK", 0)
    monkeypatch.setattr(cluster, "look", look)
    cluster.watch(ended)
    assert len(looks) == 2


def test_what_others_say_of_an_address_is_told_without_its_secret():
    client = Client(error=ValueError("invalid address 'bob:SECRET@scheduler:1'"))
    with pytest.raises(ClusterError) as told:
        Cluster(client, AT)
    assert "(ValueError: invalid address '***@scheduler:1')" in str(told.value)
