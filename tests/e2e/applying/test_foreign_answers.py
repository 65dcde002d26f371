"""Something on the way answers in place of the server: nothing of that is taken for its word."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from subprocess import PIPE

import pytest

from support.faults.fault_proxy import PASS, Fault, FaultProxy, Request, refused, replaced
from support.server.state_server import StateServer

BEFORE = """\
version: 1
storages:
  - {name: renamed, label: A, type: local, default_url: /data/renamed}
  - {name: gone, label: B, type: local, default_url: /data/gone}
"""
AFTER = """\
version: 1
storages:
  - {name: new, label: C, type: local, default_url: /data/new}
  - {name: by-now, label: D, type: local, default_url: /data/renamed, renamed_from: [renamed]}
removed: [{name: gone}]
"""
WRITES = ("POST", "PATCH", "DELETE")


class Meddler:
    """Does something with the first write of each kind, or with each one; the rest passes."""

    def __init__(self, fault: Fault, *, always: bool = False) -> None:
        self._fault = fault
        self._always = always
        self.met: list[str] = []

    def __call__(self, request: Request) -> Fault:
        writes = request.method in WRITES and request.target.startswith("/v1/storages")
        if not writes or (request.method in self.met and not self._always):
            return PASS
        self.met.append(request.method)
        return self._fault


@pytest.fixture
def server(folder, tmp_path: Path):
    with StateServer(f"sqlite:///{tmp_path}/server.db") as server:
        folder.write(BEFORE)
        folder("apply", "-y", "-q", "--platform", server.url)
        folder.write(AFTER)
        yield server


def apply(folder, proxy: FaultProxy, code: int) -> dict[str, dict]:
    """Apply through a proxy; give how each operation ended, by its action."""
    line = ("apply", "-y", "-q", "--events", "events.jsonl", "--platform", proxy.url)
    folder(*line, code=code)
    told = [json.loads(line) for line in folder.read("events.jsonl").splitlines()]
    ends = [e for e in told if e["event"] in ("operation_done", "operation_failed")]
    return {event["action"]: event for event in ends}


@pytest.mark.parametrize(
    "fault",
    [
        replaced(503),
        replaced(302, Location="https://login.example/"),
        replaced(404, **{"Reconciler-Version": "9", "Content-Type": "application/problem+json"}),
    ],
    ids=lambda fault: str(fault.instead[0]),
)
def test_what_was_done_behind_a_foreign_answer_is_told_as_done(
    folder, server: StateServer, fault: Fault
) -> None:
    meddler = Meddler(fault)
    with FaultProxy(server.port, meddler) as proxy:
        ended = apply(folder, proxy, 0)
    assert sorted(meddler.met) == sorted(WRITES)
    # Each was written by us, and once: no end says that it was so already.
    assert {action: event.get("writes") for action, event in ended.items()} == {
        "create": 1, "update": 1, "remove": 1,
    }  # fmt: skip
    folder("plan", "--detailed-exitcode", "--platform", server.url)


def test_a_lease_that_is_never_let_through_is_not_waited_for(folder, server: StateServer) -> None:
    def meddle(request: Request) -> Fault:
        return refused(403) if (request.method, request.target) == ("POST", "/v1/lock") else PASS

    with FaultProxy(server.port, meddle) as proxy:
        told = folder("apply", "-y", "--platform", proxy.url, code=1).stderr
        asked = [request for request, fault in proxy.log.requests if fault != PASS]
    assert "HTTP 403" in told
    assert len(asked) == 1


def test_the_password_of_a_proxy_is_never_shown(folder) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))  # nobody listens
        for proxy in (
            f"http://me:hunter2@127.0.0.1:{dead.getsockname()[1]}",
            f"socks5://me:hunter2@127.0.0.1:{dead.getsockname()[1]}",
            "http://me:hunter2/x@127.0.0.1:1",
            "ftp://me:hunter2@127.0.0.1:1",
            "http://me:hunter2@[::1",
        ):
            line = ("list", "--debug", "-v", "--timeout", "0s", "--platform", "https://h.example")
            variables = {"HTTPS_PROXY": proxy, "NO_PROXY": ""}
            process = folder.start(*line, env=variables, stdout=PIPE, stderr=PIPE)
            told = b"".join(process.communicate(timeout=60)).decode()
            assert process.returncode in (1, 64)
            assert "hunter2" not in told
            assert "HTTPS_PROXY" in told
            assert "Traceback" in told  # as --debug asks for


def test_a_request_that_never_came_through_is_made_again(folder, server: StateServer) -> None:
    meddler = Meddler(refused(503))
    with FaultProxy(server.port, meddler) as proxy:
        ended = apply(folder, proxy, 0)
    assert {event["event"] for event in ended.values()} == {"operation_done"}
    assert len(meddler.met) == 3
    folder("plan", "--detailed-exitcode", "--platform", server.url)


def test_what_is_never_let_through_is_given_up_soon_and_said_to_be_unknown(
    folder, server: StateServer
) -> None:
    meddler = Meddler(refused(403), always=True)
    with FaultProxy(server.port, meddler) as proxy:
        ended = apply(folder, proxy, 5)
    assert {event["status"] for event in ended.values()} == {"unknown"}
    assert all("HTTP 403" in event["error"] for event in ended.values())
    assert all(meddler.met.count(method) == 6 for method in WRITES)
