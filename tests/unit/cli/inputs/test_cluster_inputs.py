"""`--on`: what is said while a scheduler is waited for, and for how long that is."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from reconciler.cli.inputs import cluster
from reconciler.retry.limits import TimeLimit


@pytest.mark.parametrize(("limit", "most"), [(None, 10.0), (3600.0, 10.0), (3.0, 3.0), (0.0, 0.1)])
def test_a_scheduler_is_waited_for_as_long_as_the_time_allows(monkeypatch, limit, most):
    told, asked = [], []

    @contextmanager
    def connected(address, patience):
        assert len(told) == 1  # before anybody waits
        asked.append(patience)
        yield "there"

    monkeypatch.setattr(cluster, "imported", lambda *_: SimpleNamespace(connected=connected))
    context = SimpleNamespace(limit=TimeLimit(limit), note=told.append)
    with cluster.read_on(
        context, SimpleNamespace(on="tcp://nobody:8786", limit_rate=None)
    ) as there:
        assert there == "there"
    assert asked == [pytest.approx(most, abs=0.5)]
    assert told[0].startswith("Asking the scheduler at 'tcp://nobody:8786', for ")
