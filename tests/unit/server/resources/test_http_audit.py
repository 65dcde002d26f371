"""`/v1/audit`: who changed what."""

import pytest

from support.platforms.http_values import create, ndjson, problem, record
from support.server.serving import make_token

CLAIMS = {
    "Reconciler-Run": "20261122-180000",
    "Reconciler-Actor": "J%C3%BCrgen%20%F0%9F%90%88",
    "Reconciler-Commit": "28ff3f0",
    "Reconciler-Job-Url": "https://ci.example.com/1?a=b%26c",
}


def test_every_write_is_told_with_who_and_what(server):
    with server.client(make_token(server.store, "operator", "pipeline")) as client:
        id = create(client, "nas", **CLAIMS)["id"]
        client.patch(f"/v1/storages/{id}", json={"label": "B"})
        record(client, id, ndjson([("u", "c", "d")]))
        client.delete(f"/v1/storages/{id}?holds_files=true")
        changes = client.get("/v1/audit").json()["changes"]
    actions = ["token_created", "create", "update", "record_inventory", "remove"]
    assert [change["action"] for change in changes] == actions
    assert [change["revision"] for change in changes] == [1, 2, 3, 4, 5]
    created, updated, _, removed = changes[1:]
    assert {change["account"] for change in changes[1:]} == {"pipeline"}
    assert (created["run"], created["actor"]) == ("20261122-180000", "Jürgen 🐈")
    assert (created["commit"], created["job_url"]) == ("28ff3f0", "https://ci.example.com/1?a=b&c")
    assert (created["before"], created["after"]["name"]) == (None, "nas")
    assert (updated["before"], updated["after"]) == ({"label": "NAS"}, {"label": "B"})
    assert (removed["before"]["name"], removed["after"]) == ("nas", None)


def test_it_comes_in_pages(client):
    for n in range(5):
        create(client, f"n{n}")
    seen, after = [], 0
    while after is not None:
        page = client.get(f"/v1/audit?limit=2&after={after}").json()
        seen += [change["revision"] for change in page["changes"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]
    assert client.get("/v1/audit?limit=5").json()["next"] is None


def test_by_name(client):
    id = create(client, "old")["id"]
    create(client, "other")
    client.patch(f"/v1/storages/{id}", json={"name": "new"})
    found = client.get("/v1/audit", params={"name": "old"}).json()["changes"]
    assert [change["action"] for change in found] == ["create", "update"]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=10001", "from=1"])
def test_queries_are_read_strictly(client, query):
    assert problem(client.get(f"/v1/audit?{query}")) == (400, "malformed")


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_have_a_limit(server, client, name):
    for text in ("x" * 1025, "a b", "ä"):
        refused = client.post(
            "/v1/storages",
            json={"name": "n", "label": "", "type": "local", "default_url": "/x"},
            headers={name: text.encode()},
        )
        assert problem(refused) == (400, "malformed")
    assert server.store.revision() == 0


def test_claims_that_are_no_text_are_kept_as_well_as_possible(client):
    create(client, "n", **{"Reconciler-Actor": "%FF%00%zz"})
    change = client.get("/v1/audit").json()["changes"][0]
    assert change["actor"] == "\ufffd\ufffd%zz"
