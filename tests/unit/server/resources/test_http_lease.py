"""`/v1/lock`, and writes that rely on it."""

import pytest

from support.platforms.http_values import LEASE, NAS, create, ndjson, problem, record
from support.server.serving import make_token
from support.server.storing import ANN

FENCES = ["0", "-1", "x", "1.0", "", "9007199254740992"]


def acquire(client, **changes):
    return client.post("/v1/lock", json={**LEASE, **changes})


def test_a_lease_from_taking_to_giving_up(client):
    assert client.get("/v1/lock").status_code == 204
    taken = acquire(client)
    lease = taken.json()
    assert taken.status_code == 201
    assert {key: lease[key] for key in ("fence", "owner", "host", "job_url", "reason")} == {
        "fence": 1, "owner": "ci", "host": "runner", "job_url": "", "reason": "apply",
    }  # fmt: skip
    assert client.get("/v1/lock").json() == lease
    refused = acquire(client, owner="other")
    assert problem(refused) == (409, "locked")
    assert refused.json()["lease"] == lease
    renewed = client.put("/v1/lock", json={"fence": 1, "seconds": 600}).json()
    assert renewed["expires_at"] > lease["expires_at"]
    assert renewed["acquired_at"] == lease["acquired_at"]
    assert client.delete("/v1/lock?fence=1").status_code == 204
    assert client.delete("/v1/lock?fence=1").status_code == 204
    assert client.get("/v1/lock").status_code == 204
    assert problem(client.put("/v1/lock", json={"fence": 1, "seconds": 60})) == (409, "lease-lost")
    assert acquire(client, owner="other").json()["fence"] == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "RECORD"])
def test_writes_of_a_superseded_lease_are_refused(server, client, method):
    id = create(client)["id"]

    def write(fence):
        headers = {"Reconciler-Fence": fence}
        url = f"/v1/storages/{id}"
        if method == "POST":
            return client.post("/v1/storages", json={**NAS, "name": "n"}, headers=headers)
        if method == "PATCH":
            return client.patch(url, json={"label": f"for {fence}"}, headers=headers)
        if method == "DELETE":
            return client.delete(url, headers=headers)
        return record(client, id, ndjson([("u", "c", "d")]), **headers)

    acquire(client)
    client.delete("/v1/lock?fence=1")
    acquire(client)
    assert problem(write("1")) == (409, "lease-lost")
    for fence in FENCES:
        assert problem(write(fence)) == (400, "malformed")
    assert server.store.revision() == 1
    assert write("2").is_success


def test_only_an_admin_takes_a_lease_away(server):
    with server.client(make_token(server.store, "operator")) as operator:
        acquire(operator)
        refused = operator.delete("/v1/lock?fence=1&break=true")
        assert problem(refused) == (403, "forbidden")
        with server.client(make_token(server.store, "admin", "boss")) as admin:
            assert problem(admin.delete("/v1/lock?fence=7&break=true")) == (409, "lease-lost")
            assert admin.delete("/v1/lock?fence=1&break=true").status_code == 204
            change = admin.get("/v1/audit").json()["changes"][-1]
        assert (change["action"], change["account"]) == ("lease_broken", "boss")
        assert change["before"]["owner"] == "ci"
        late = operator.post("/v1/storages", json=NAS, headers={"Reconciler-Fence": "1"})
        assert problem(late) == (409, "lease-lost")


def test_a_lease_is_that_of_the_account_that_took_it(server):
    with (
        server.client(make_token(server.store, "operator")) as holder,
        server.client(make_token(server.store, "operator", "other")) as other,
    ):
        lease = acquire(holder).json()
        assert problem(other.delete("/v1/lock?fence=1")) == (409, "lease-lost")
        renewal = {"fence": 1, "seconds": 600}
        assert problem(other.put("/v1/lock", json=renewal)) == (409, "lease-lost")
        assert holder.get("/v1/lock").json() == lease
        assert holder.put("/v1/lock", json=renewal).is_success
        assert holder.delete("/v1/lock?fence=1").status_code == 204
        assert holder.get("/v1/lock").status_code == 204


def test_a_later_token_of_the_same_name_breaks_a_lease_or_leaves_it(server):
    first = make_token(server.store, "admin")
    with server.client(first) as holder:
        lease = acquire(holder).json()
    server.store.revoke_token(server.store.tokens()[0].id, ANN)
    with server.client(make_token(server.store, "admin")) as other:
        assert problem(other.delete("/v1/lock?fence=1")) == (409, "lease-lost")
        renewal = {"fence": 1, "seconds": 600}
        assert problem(other.put("/v1/lock", json=renewal)) == (409, "lease-lost")
        assert other.get("/v1/lock").json() == lease
        assert other.delete("/v1/lock?fence=1&break=true").status_code == 204
        told = other.get("/v1/audit").json()["changes"]
    assert [change["action"] for change in told][-1] == "lease_broken"


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 4.9}, {"seconds": 601}, {"seconds": "60"}, {"seconds": True}, {"owner": ""},
        {"owner": "x" * 1025}, {"reason": "x" * 1025}, {"more": 1}, {"host": None},
    ],
)  # fmt: skip
def test_requests_for_a_lease_are_read_strictly(client, change):
    assert problem(acquire(client, **change)) == (400, "malformed")
    assert client.get("/v1/lock").status_code == 204


def test_claims_are_read_strictly_also_where_nothing_is_audited(client):
    acquire(client)
    answer = client.delete("/v1/lock?fence=1", headers={"Reconciler-Run": "a b"})
    assert problem(answer) == (400, "malformed")
    assert client.get("/v1/lock").status_code == 200


@pytest.mark.parametrize("query", ["", "?fence=0", "?fence=x", "?fence=1&break=yes", "?break=true"])
def test_it_must_be_clear_which_lease_is_given_up(client, query):
    acquire(client)
    assert problem(client.delete(f"/v1/lock{query}")) == (400, "malformed")
    assert client.get("/v1/lock").status_code == 200


def test_a_fence_may_be_written_as_other_programs_write_numbers(client):
    acquire(client)
    assert client.put("/v1/lock", json={"fence": 1.0, "seconds": 60}).status_code == 200


@pytest.mark.parametrize("fence", [0, -1, 2**53, "1", 1.5, 1e300])
def test_it_must_be_clear_which_lease_runs_on(client, fence):
    acquire(client)
    answer = client.put("/v1/lock", json={"fence": fence, "seconds": 60})
    assert problem(answer) == (400, "malformed")
