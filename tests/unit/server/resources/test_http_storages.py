"""`/v1/storages`: list, create, get, patch, delete."""

from contextlib import closing
from urllib.parse import urljoin

import pytest

from reconciler import __version__
from reconciler.platforms import open_platform
from reconciler.server.store import session
from support.platforms.http_values import NAS, create, location, ndjson, problem, record


def test_a_storage_from_create_to_remove(client):
    made = client.post("/v1/storages", json=NAS)
    storage = made.json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"storages/{storage['id']}"
    assert storage == {**NAS, "id": storage["id"], "created_at": storage["created_at"], "files": 0}
    assert storage["created_at"].endswith("Z")
    read = client.get(location(made))
    assert read.json() == storage
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'
    changed = client.patch(f"/v1/storages/{storage['id']}", json={"label": "B", "name": "new"})
    assert changed.json() == {**storage, "label": "B", "name": "new"}
    assert changed.headers["ETag"] == '"2"'
    assert client.delete(f"/v1/storages/{storage['id']}").status_code == 204
    assert problem(client.get(f"/v1/storages/{storage['id']}")) == (404, "not-found")
    assert client.get("/v1/storages").json() == {"storages": [], "next": None, "revision": 3}


def test_the_location_is_right_behind_a_proxy_with_a_path_of_its_own(client):
    told = client.post("/v1/storages", json=NAS)
    behind = urljoin("https://host/prefix/v1/storages", told.headers["Location"])
    assert behind == f"https://host/prefix/v1/storages/{told.json()['id']}"


def test_every_answer_names_the_version(client):
    for path in ("/v1/platform", "/v1/storages", "/healthz", "/nowhere", "/v1/storages/x"):
        assert client.get(path).headers["Reconciler-Version"] == __version__


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7])
def test_pages_give_every_storage_once(client, count):
    ids = {create(client, f"n{n}")["id"] for n in range(count)}
    seen, cursor = [], {}
    while True:
        page = client.get("/v1/storages", params={"limit": 2, **cursor}).json()
        assert len(page["storages"]) <= 2
        assert page["revision"] == count
        seen += [storage["id"] for storage in page["storages"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == sorted(ids)


def test_pages_of_large_storages_are_short_and_our_client_reads_them_all(
    server, client, monkeypatch
):
    monkeypatch.setattr(session, "LARGEST_PART", 100_000)
    made = []
    for n in range(12):
        new = {**NAS, "name": f"n{n}", "label": "x" * 30_000}
        made.append(client.post("/v1/storages", json=new).json()["id"])
    first = client.get("/v1/storages").json()
    assert len(first["storages"]) == 3
    assert first["next"] is not None
    with closing(open_platform(server.url, base=None, environ={}).reader()) as reader:
        assert {storage.id for storage in reader.read().storages} == set(made)
    seen, after = [], 0
    while after is not None:
        page = client.get("/v1/audit", params={"after": after}).json()
        assert len(page["changes"]) == 3
        seen += [change["storage_id"] for change in page["changes"]]
        after = page["next"]
    assert seen == made


def test_who_is_there_all_the_time_is_listed_once_whatever_else_changes(client):
    stay = {create(client, f"stay{n}")["id"] for n in range(6)}
    go = [create(client, f"go{n}")["id"] for n in range(6)]
    seen, cursor, pages = [], {}, 0
    while cursor is not None:
        page = client.get("/v1/storages", params={"limit": 3, **cursor}).json()
        seen += [storage["id"] for storage in page["storages"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
        if go:
            client.delete(f"/v1/storages/{go.pop()}")
        pages += 1
        create(client, f"come{pages}")
    assert stay <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_name_is_looked_up(client):
    create(client, "a b+c%")
    create(client, "other")
    found = client.get("/v1/storages", params={"name": "a b+c%"}).json()
    assert [storage["name"] for storage in found["storages"]] == ["a b+c%"]
    assert client.get("/v1/storages", params={"name": "none"}).json()["storages"] == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=10001", "limit=-1", "limit=1.0", "limit=", "limit=%D9%A1", "limit=1_0",
        "limit=1&limit=2", "cursor=", "cursor=!", "cursor=a", "cursor=aaaaa", "cursor=aGk=",
        "limits=1", "name=%FF", "name=%zz", "x",
    ],
)  # fmt: skip
def test_queries_are_read_strictly(client, query):
    assert problem(client.get(f"/v1/storages?{query}")) == (400, "malformed")


def test_a_page_is_sent_once_as_long_as_nothing_changes(client):
    create(client)
    first = client.get("/v1/storages")
    again = {"If-None-Match": first.headers["ETag"]}
    same = client.get("/v1/storages", headers=again)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    assert client.get("/v1/storages?limit=7", headers=again).status_code == 200
    create(client, "more")
    assert client.get("/v1/storages", headers=again).status_code == 200


def test_a_taken_name_is_refused(client):
    create(client, "a")
    other = create(client, "b")
    assert problem(client.post("/v1/storages", json={**NAS, "name": "a"})) == (409, "name-taken")
    refused = client.patch(f"/v1/storages/{other['id']}", json={"name": "a"})
    assert problem(refused) == (409, "name-taken")


@pytest.mark.parametrize("change", [{"name": ""}, {"type": "ftp"}, {"default_url": ""}])
def test_values_that_the_platform_cant_hold_are_refused(server, client, change):
    assert problem(client.post("/v1/storages", json={**NAS, **change})) == (422, "invalid-value")
    assert server.store.revision() == 0


def test_a_create_that_is_sent_again_is_answered_as_the_first_time(server, client):
    first = client.post("/v1/storages", json=NAS, headers={"Idempotency-Key": "k"})
    client.patch(location(first), json={"name": "renamed"})
    again = client.post("/v1/storages", json=NAS, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other = client.post(
        "/v1/storages", json={**NAS, "label": "x"}, headers={"Idempotency-Key": "k"}
    )
    assert problem(other) == (422, "idempotency-key-reused")
    assert server.store.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_keys_are_visible_ascii(server, client, key):
    headers = {"Idempotency-Key": key.encode()}
    assert problem(client.post("/v1/storages", json=NAS, headers=headers)) == (400, "malformed")
    assert server.store.revision() == 0


def test_a_storage_that_holds_files_goes_only_with_consent(client):
    id = create(client)["id"]
    record(client, id, ndjson([("u", "c", "d")]))
    assert problem(client.delete(f"/v1/storages/{id}")) == (409, "holds-files")
    assert problem(client.delete(f"/v1/storages/{id}?holds_files=yes")) == (400, "malformed")
    assert client.delete(f"/v1/storages/{id}?holds_files=true").status_code == 204


def test_a_write_that_changes_nothing_is_no_write(client):
    made = create(client)
    same = client.patch(f"/v1/storages/{made['id']}", json={"label": "NAS"})
    assert same.headers["ETag"] == '"1"'
    assert client.get("/v1/platform").json()["revision"] == 1
