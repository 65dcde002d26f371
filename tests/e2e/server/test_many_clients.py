"""Many clients at once: no name twice, no write lost, no error of the server, a true audit."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.sampling import CAMPAIGN
from support.server.many_clients import Tally, get_all, run_clients
from support.server.state_server import StateServer

#: Turns of each client, in a long run and in one of each commit.
CLIENTS, NAMES, LONG, SHORT = 64, 50, 1000, 20


@pytest.fixture(params=["sqlite, one server", "postgresql, two servers"])
def urls(request: pytest.FixtureRequest, tmp_path: Path):
    with ExitStack() as stack:
        if request.param.startswith("sqlite"):
            database, servers = f"sqlite:///{tmp_path / 'server.db'}", 1
        else:
            database, servers = request.getfixturevalue("postgres").database(), 2
        yield [stack.enter_context(StateServer(database)).url for _ in range(servers)]


@CAMPAIGN
def test_the_same_names_are_fought_over(urls: list[str], long: bool) -> None:
    turns = LONG if long else SHORT
    tally = run_clients(urls, clients=CLIENTS, names=NAMES, turns=turns)
    assert tally.wrong == []
    assert not [status for status in tally.statuses if status >= 500], tally.statuses
    assert set(tally.statuses) <= {200, 201, 204, 404, 409, 412}
    done = Counter(told.action for told in tally.told)
    assert min(done[action] for action in ("create", "update", "remove")) > turns, done
    _check_audit(urls, tally)


def _check_audit(urls: list[str], tally: Tally) -> None:
    changes = get_all(urls[0], "/v1/audit", "changes", "after")
    assert changes == get_all(urls[-1], "/v1/audit", "changes", "after")
    revisions = [change["revision"] for change in changes]
    assert revisions == sorted(set(revisions))
    # What the servers said they did, and what they wrote down, are the same.
    written = {
        (change["action"], change["storage_id"], change["revision"])
        for change in changes
        if change["action"] != "remove"
    }
    told = {(t.action, t.id, t.revision) for t in tally.told if t.action != "remove"}
    assert told == written
    removed = [change["storage_id"] for change in changes if change["action"] == "remove"]
    assert sorted(removed) == sorted(t.id for t in tally.told if t.action == "remove")
    labels = {(c["revision"], c["after"]["label"]) for c in changes if c["action"] != "remove"}
    assert labels == {(t.revision, t.label) for t in tally.told if t.revision is not None}
    # Played from the start, the audit ends where live is, and no name is ever taken twice.
    played: dict[str, dict] = {}
    for change in changes:
        if change["action"] == "remove":
            assert played.pop(change["storage_id"])["name"] == change["before"]["name"]
        else:
            was = played.get(change["storage_id"], {})
            assert (change["before"] or {}).items() <= was.items()
            is_now = {**was, **change["after"]}
            taken = {id for id, s in played.items() if s["name"] == is_now["name"]}
            assert taken <= {change["storage_id"]}
            played[change["storage_id"]] = is_now
    for url in urls:
        live = get_all(url, "/v1/storages", "storages", "cursor")
        assert {s["id"]: (s["name"], s["label"]) for s in live} == {
            id: (s["name"], s["label"]) for id, s in played.items()
        }
