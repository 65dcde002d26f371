"""Clients that take nothing of what is sent to them, and a server that is to end although."""

import logging
import re

import pytest
from msgspec.structs import replace

from reconciler.server.run import GRACE, REST
from reconciler.server.wire import client_lag
from support.repository import DEPLOY
from support.server.serving import everything, serving
from support.server.storing import create_with, local

UNIT = DEPLOY / "reconciler.service"
#: Longer than what the system itself keeps for a client that takes nothing.
MANY, LABEL = 120, "x" * 60_000
LIST = b"GET /v1/storages HTTP/1.1\r\nHost: localhost\r\n"
#: What a server waits for: that it may send the next answer, or that it may close.
ASKED = {
    "many answers": (LIST + b"\r\n") * 3,
    "one answer": LIST + b"Connection: close\r\n\r\n",
    "one answer, and a connection that stays": LIST + b"\r\n",
}


@pytest.fixture
def full(kept):
    """Give a store whose list does not fit between a server and a client that takes nothing."""
    for number in range(MANY):
        create_with(kept, replace(local(f"n{number}"), label=LABEL))
    return kept


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_client_that_takes_nothing_is_cut_off(full, monkeypatch, caplog, asked):
    monkeypatch.setattr(client_lag, "TAKING", 0.2)
    monkeypatch.setattr(client_lag, "LOOK", 0.05)
    with serving(full, grace=3600) as server, server.taking_nothing(asked):
        server.stop()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_takes_little_at_a_time_gets_all(full, monkeypatch):
    monkeypatch.setattr(client_lag, "TAKING", 3.0)
    monkeypatch.setattr(client_lag, "LOOK", 0.01)
    with serving(full) as server, server.taking_nothing(ASKED["one answer"]) as line:
        assert len(everything(line)) > MANY * len(LABEL)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_server_that_is_to_end_waits_for_a_while_only(full, caplog, asked):
    with serving(full, grace=0.2) as server, server.taking_nothing(asked):
        server.stop()
    told = [record.getMessage() for record in caplog.records if "cut off" in record.getMessage()]
    assert told == ["connections cut off, for they came to no end: 1"]


def test_a_request_that_stays_half_is_not_waited_for_either(kept):
    head = b"POST /v1/storages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serving(kept, grace=0.2) as server, server.connected() as line:
        line.sendall(head + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")  # now it waits for the content
        server.stop()


def test_it_ends_before_systemd_kills_it():
    (most,) = re.findall(r"^TimeoutStopSec=([0-9]+)$", UNIT.read_text(encoding="utf-8"), re.M)
    assert int(most) > GRACE + REST
