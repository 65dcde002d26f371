"""Two applies at once through two servers on one PostgreSQL: one waits or exits 6."""

from __future__ import annotations

from contextlib import closing

from reconciler.platforms import open_platform
from support.faults.churning import Churn
from support.faults.two_at_once import two_at_once
from support.server.postgres import Postgres
from support.server.state_server import servers

#: How many times, in a long run and for each commit.
LONG, SHORT = 50, 8


def test_two_applies_at_once_again_and_again(folder, postgres: Postgres, long: bool) -> None:
    codes: list[int] = []
    with servers(postgres.database(), 2) as both:
        churn = Churn(folder.path, both[0].url)
        env = tuple({"RECONCILER_PLATFORM": server.url} for server in both)
        for number in range(LONG if long else SHORT):
            round = churn.next(3)
            codes += two_at_once(folder, wait=number % 2 == 1, env=env)
            churn.check(round)
        with closing(open_platform(both[1].url, base=None, environ={}).lock()) as lock:
            assert lock.current() is None
    # Otherwise none of them ever met another.
    assert 6 in codes
