"""Server and database go away and come back under a running apply, which does not mind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.faults.churning import Churn, Round
from support.faults.fault_proxy import FaultProxy
from support.faults.following import following
from support.sampling import CAMPAIGN
from support.server.postgres import Postgres, installed, packaged
from support.server.state_server import StateServer

#: How many storages come with each manifest, and how many operations the second one takes; twice
#: as many with `--long`.
FIRST, SECOND, OPERATIONS = 80, 40, 100


@pytest.fixture
def times(long: bool) -> int:
    """Say how many times as much is done."""
    return 2 if long else 1


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL that nobody else uses, to be restarted."""
    with closing(Postgres(installed() or packaged())) as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateServer]:
    """Run a state server on either database."""
    on_file = request.param == "sqlite"
    database = f"sqlite:///{tmp_path}/server.db"
    with StateServer(
        database if on_file else request.getfixturevalue("postgres").database()
    ) as started:
        yield started


def prepared(folder, url: str, times: int) -> tuple[Churn, Round]:
    """Fill a platform, and write a manifest that takes so many operations."""
    churn = Churn(folder.path, url)
    first = churn.next(times * FIRST)
    folder("apply", "-y", "-q", "--platform", url)
    churn.check(first)
    round = churn.next(times * SECOND)
    assert len(round.plan.operations) == times * OPERATIONS
    return churn, round


def disturbed(folder, url: str, times: int, disturb: Callable[[], None], *moments: int) -> None:
    """Apply, and disturb what it relies on once so many operations are done."""
    with following(folder.path, url) as apply:
        for done in moments:
            apply.until(times * done)
            disturb()
        assert apply.end() == 0
        assert apply.done == times * OPERATIONS
    folder("plan", "--detailed-exitcode", "--platform", url)


@CAMPAIGN
def test_the_server_is_killed_and_started_again(folder, server: StateServer, times: int) -> None:
    churn, round = prepared(folder, server.url, times)

    def kill() -> None:
        server.kill()
        server.start()

    disturbed(folder, server.url, times, kill, 10, 30, 60)
    churn.check(round)


@CAMPAIGN
def test_postgresql_is_restarted(folder, own_postgres: Postgres, times: int) -> None:
    with StateServer(own_postgres.database()) as server:
        churn, round = prepared(folder, server.url, times)
        disturbed(folder, server.url, times, own_postgres.restart, 10, 50)
        churn.check(round)


@CAMPAIGN
def test_a_server_that_is_told_to_end_answers_all_that_it_has_written(
    folder, server: StateServer, times: int
) -> None:
    churn, round = prepared(folder, server.url, times)

    def stop() -> None:
        assert server.stop() == 0
        server.start()

    with FaultProxy(server.port) as proxy:
        disturbed(folder, proxy.url, times, stop, 20, 50)
        answered = [
            request
            for request, _ in proxy.log.requests
            if request.method != "GET"
            and request.target.startswith("/v1/storages")
            and proxy.log.answered.get(request.number, 500) < 300
        ]
    churn.check(round)
    assert len(answered) == sum(len(op.steps) for op in round.plan.operations)
