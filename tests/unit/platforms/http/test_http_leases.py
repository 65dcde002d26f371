"""The lease of a state server."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import (
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Holder, Lease, locked_by
from support.faults.scripted_server import Reply, problem, reply, scripted
from support.platforms.http_opening import locking

LEASE = {
    "fence": 17,
    "owner": "ci",
    "host": "runner-3",
    "job_url": "https://me:hunter3@ci/job/1",
    "reason": "apply\n",
    "acquired_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-01T00:01:00Z",
}
HOLDER = Holder("ci", "runner-3", "https://me:hunter3@ci/job/1", "apply\n")
OURS = Lease(17, HOLDER, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")
GET, POST, PUT, DELETE = (f"{method} /v1/lock" for method in ("GET", "POST", "PUT", "DELETE"))
LOST = problem("lease-lost", 409)


def test_taking_the_lease() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(POST, reply(LEASE, 201))
        assert lock.acquire(HOLDER, 60) == OURS
        assert json.loads(server.asked[-1].body) == {
            "owner": "ci",
            "host": "runner-3",
            "job_url": "https://me:hunter3@ci/job/1",
            "reason": "apply\n",
            "seconds": 60,
        }


def test_whoever_holds_it_is_named() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(POST, problem("locked", 409, "whatever", lease=LEASE))
        with pytest.raises(PlatformBusyError) as caught:
            lock.acquire(HOLDER, 60)
        assert str(caught.value) == locked_by(OURS)
        assert "hunter3" not in str(caught.value)
        assert caught.value.transient
        bare = {
            k: v for k, v in LEASE.items() if k in ("fence", "owner", "acquired_at", "expires_at")
        }
        server.on(POST, problem("locked", 409, lease=bare))
        with pytest.raises(PlatformBusyError, match="locked by 'ci' since"):
            lock.acquire(HOLDER, 60)


def test_renewing_and_losing_it() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(PUT, reply({**LEASE, "expires_at": "later"}), LOST)
        assert lock.renew(OURS, 60.0).expires_at == "later"
        assert json.loads(server.asked[-1].body) == {"fence": 17, "seconds": 60}
        server.on(GET, reply({**LEASE, "owner": "bob"}), reply(status=204))
        with pytest.raises(LeaseLostError, match="away; it is now that of 'bob' on"):
            lock.renew(OURS, 60.0)
        with pytest.raises(LeaseLostError, match=r"taken away$"):
            lock.renew(OURS, 60.0)


def test_who_holds_it() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(GET, reply(LEASE), reply(status=204), reply({"fence": 1}))
        assert lock.current() == OURS
        assert lock.current() is None
        with pytest.raises(PlatformError, match="contract"):
            lock.current()


def test_giving_it_up() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(DELETE, reply(status=204), LOST)
        lock.release(OURS)
        lock.release(OURS)  # nothing happens if it is ours no longer
        assert server.targets() == [f"{DELETE}?fence=17"] * 2
        server.on(DELETE, problem("unavailable", 503))
        with pytest.raises(UnavailableError):
            lock.release(OURS)


def test_taking_it_away() -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(DELETE, reply(status=204), LOST, problem("forbidden", 403))
        assert lock.break_lease(OURS)
        assert not lock.break_lease(OURS)
        with pytest.raises(PlatformError, match="admin"):
            lock.break_lease(OURS)
        assert server.targets() == [f"{DELETE}?fence=17&break=true"] * 3


def test_a_lost_answer() -> None:
    """Renewing and releasing again does no harm; a second lease would be another one."""
    with scripted() as server, locking(server.url) as lock:
        for request in (GET, POST, PUT, DELETE):
            server.on(request, Reply(b"", "close"))
        with pytest.raises(UnknownOutcomeError):
            lock.acquire(HOLDER, 60)
        for again in (lambda: lock.renew(OURS, 60), lambda: lock.release(OURS), lock.current):
            with pytest.raises(UnavailableError):
                again()


FOREIGN = reply(b"<html>", 503, media_type="text/html", ours=False)


@pytest.mark.parametrize(
    ("now", "released"),
    [(reply(status=204), True), (reply({**LEASE, "fence": 18, "owner": "bob"}), False)],
)
def test_taking_it_away_behind_a_foreign_answer(now: Reply, released: bool) -> None:
    with scripted() as server, locking(server.url) as lock:
        server.on(DELETE, FOREIGN)
        server.on(GET, now)
        assert lock.break_lease(OURS) is released


def test_a_foreign_answer_proves_nothing_of_a_lease() -> None:
    refused = reply(b"<html>", 409, media_type="text/html", ours=False)
    with scripted() as server, locking(server.url) as lock:
        server.on(DELETE, FOREIGN)
        server.on(GET, reply(LEASE))
        with pytest.raises(UnknownOutcomeError, match="whether the change was made is not known"):
            lock.break_lease(OURS)
        server.on(POST, FOREIGN, refused)
        for _ in range(2):
            with pytest.raises(UnknownOutcomeError):
                lock.acquire(HOLDER, 60)
        server.on(PUT, refused)
        with pytest.raises(PlatformError) as caught:
            lock.renew(OURS, 60)
        assert type(caught.value) is PlatformError
