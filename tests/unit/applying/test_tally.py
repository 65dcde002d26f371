"""What is told of a run that a signal ended before it had a result."""

from reconciler.applying.tally import Tally
from reconciler.executor import Outcome
from reconciler.executor.events import Done, Failed, Retried, Started
from support.values.building import desired, entry, plan_for
from support.values.memory_platform import MemoryPlatform


def test_every_operation_has_the_end_that_was_told():
    names = "done", "failed", "half", "open", "retried", "waits"
    plan = plan_for(MemoryPlatform(), desired(*map(entry, names)))
    tally = Tally(plan)
    for name in names[:-1]:
        tally.observe(Started(f"create:{name}", "create", name))
    tally.observe(Retried("create:retried", "create", "retried", 1, 0.1, "503"))
    tally.observe(Done("create:done", "create", "done", "7", 1))
    tally.observe(Failed("create:failed", "create", "failed", "failed", "no", stale=True))
    tally.observe(Failed("create:half", "create", "half", "half_done", "then no", stale=False))
    result = tally.result()
    assert result.interrupted
    found = {outcome.name: outcome for outcome in result.outcomes}
    assert list(found) == sorted(names)
    assert found["done"] == Outcome("create:done", "create", "done", "done", "7", writes=1)
    assert (found["failed"].error, found["failed"].stale) == ("no", True)
    assert found["half"].status == "half_done"
    assert [found[name].status for name in names[3:]] == ["unknown", "unknown", "not_started"]
    assert all("interrupted" in found[name].error for name in names[3:])


def test_a_run_that_had_not_begun_has_none():
    plan = plan_for(MemoryPlatform(), desired(entry("a")))
    assert Tally(plan).result() is None
