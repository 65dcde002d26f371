"""An apply through a network that loses, cuts, delays, refuses: nothing doubled, nothing lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL

import pytest

from reconciler.model import Values
from reconciler.platforms import open_platform
from support.faults.churning import Churn
from support.faults.fault_proxy import (
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    PASS,
    Fault,
    FaultProxy,
    Request,
    refused,
    seeded,
)
from support.sampling import CAMPAIGN
from support.server.state_server import StateServer

#: In a long run, and for each commit.
LONG, SHORT = 10_000, 900
#: With few requests each fault comes more often, so that all of them come, and the answer to each
#: kind of write is lost: so many times as often, and in so many of a hundred at least.
OFTENER, RAREST = 2, 0.8
#: What goes wrong, and with how many requests in a hundred.
FAULTS = {
    "delayed": (2.0, Fault(delay=0.01)),
    "connections refused": (0.05, Fault(refuse=0.05)),
    "lost before the server": (1.0, DROP_BEFORE),
    "lost after the server": (2.0, DROP_AFTER),
    "cut": (2.0, CUT),
    "429, wait": (0.1, refused(429, "1")),
    "429": (0.5, refused(429)),
    "503": (0.5, refused(503, "0")),
}
WRITES = ("POST", "PATCH", "DELETE")


class Storm:
    """Rages from the first write of an apply on; reading the plan's storages is not tried again."""

    def __init__(self, seed: int, faults: Iterable[tuple[float, Fault]]) -> None:
        self._weather = seeded(seed, [(share / 100, fault) for share, fault in faults])
        self.rages = False

    def __call__(self, request: Request) -> Fault:
        writes = request.method in WRITES and request.target.startswith("/v1/storages")
        self.rages = self.rages or writes
        return self._weather(request) if self.rages else PASS


def converge(folder, url: str, storm: Storm, churn: Churn) -> Counter[str]:
    """Apply until all is well; count what was said of the calls that were tried again."""
    tried_again: Counter[str] = Counter()
    for _ in range(5):
        storm.rages = False
        events = folder.path / "events.jsonl"
        line = ("apply", "-y", "-q", "--platform", url, "--events", str(events))
        code = folder.start(*line, stdin=DEVNULL, stdout=DEVNULL).wait(timeout=600)
        told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
        events.unlink()
        # What is said to be done, is.
        done = {event["key"] for event in told if event["event"] == "operation_done"}
        assert done & churn.left() == set()
        tried_again.update(
            event["error"].partition("': ")[2]
            for event in told
            if event["event"] == "operation_retried"
        )
        if code == 0:
            return tried_again
        assert code in (1, 5), code
    raise AssertionError("five applies did not do it")


@CAMPAIGN
def test_thousands_of_operations_through_a_network_that_is_no_good(
    folder, tmp_path: Path, long: bool
) -> None:
    wanted, oftener, rarest = (LONG, 1, 0.0) if long else (SHORT, OFTENER, RAREST)
    shares = {kind: (oftener * share, fault) for kind, (share, fault) in FAULTS.items()}
    faults = {kind: (max(share, rarest), fault) for kind, (share, fault) in shares.items()}
    storm = Storm(4, faults.values())
    tried_again: Counter[str] = Counter()
    operations = 0
    with (
        StateServer(f"sqlite:///{tmp_path}/server.db") as server,
        FaultProxy(server.port, storm) as proxy,
    ):
        churn = Churn(folder.path, server.url)
        for creates in (wanted * 2 // 5, wanted // 20, wanted // 20):
            round = churn.next(creates)
            tried_again += converge(folder, proxy.url, storm, churn)
            churn.check(round)
            operations += len(round.plan.operations)
        folder("plan", "--detailed-exitcode", "--platform", server.url)
        requests = proxy.log.requests
    assert operations >= wanted
    for kind, (share, fault) in faults.items():
        happened = sum(found == fault for _, found in requests)
        assert happened > len(requests) * share / 100 / 3, (kind, happened)
    # The client met all of them, and each kind of write lost its answer.
    lost = Counter(r.method for r, fault in requests if fault in (CUT, DROP_AFTER))
    assert all(lost[method] > wanted // 1000 for method in WRITES), lost
    for what in ("nothing listens", "the connection broke", "HTTP 429", "HTTP 503"):
        assert any(what in reason for reason in tried_again), (what, tried_again)


@pytest.mark.parametrize("wrong", ["doubled", "lost"])
def test_the_proof_notices_what_is_wrong(folder, tmp_path: Path, wrong: str) -> None:
    with StateServer(f"sqlite:///{tmp_path}/server.db") as server:
        churn = Churn(folder.path, server.url)
        round = churn.next(3)
        folder("apply", "-y", "-q", "--platform", server.url)
        churn.check(round)
        with closing(open_platform(server.url, base=None, environ={}).writer(wait=0)) as writer:
            storage = writer.read().storages[0]
            writer.remove(storage, holds_files=False)
            if wrong == "doubled":
                writer.create(Values(storage.name, storage.label, "local", storage.default_url))
        with pytest.raises(AssertionError):
            churn.check(round)
