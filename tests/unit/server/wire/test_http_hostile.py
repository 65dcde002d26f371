"""Names, ids and headers that were made to do harm."""

import pytest

from support.platforms.http_values import NAS, create, problem
from support.server.storing import create as store_create

NAMES = {
    "sql": "x'); DROP TABLE storages; --",
    "sql like": "%_",
    "bidirectional": "a\u202egpj.exe",
    "markup": "<script>alert(1)</script>",
    "path": "../../etc/passwd",
    "line separator": "a\u2028b",
    "emoji": "🐈" * 500,
    "long": "x" * 20_000,
}
CONTROLS = {
    "header": "x\r\nSet-Cookie: a=b",
    "terminal": "\x1b[2J\x07",
    "nul": "a\0b",
    "only nul": "\0",
    "line end": "a\n",
    "delete": "a\x7f",
    "terminal in one": "a\x9b2J",
}
IDS = [
    "..", "..%2f..%2fetc", "%2e%2e%2f", "a%2fb", "%00", "a%00b", "' OR 1=1 --", "%27%20OR%201=1",
    "a%0d%0aSet-Cookie:%20a=b", "%ff", "%F0%9F%90%88", "x" * 129, "a%5cb", "a%3fb", "*", "%252e",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_text_and_nothing_else(server, client, name):
    create(client, "bystander")
    made = client.post("/v1/storages", json={**NAS, "name": name, "label": name})
    assert made.status_code == 201
    assert set(made.headers) & {"set-cookie"} == set()
    assert made.headers["Location"] == f"storages/{made.json()['id']}"
    assert made.json()["name"] == made.json()["label"] == name
    found = [s for s in client.get("/v1/storages").json()["storages"] if s["name"] == name]
    assert found == [made.json()]
    if len(name) < 1000:
        one = client.get("/v1/storages", params={"name": name}).json()["storages"]
        assert one == found
    assert client.get("/v1/audit").json()["changes"][-1]["name"] == name
    taken = client.post("/v1/storages", json={**NAS, "name": name})
    assert problem(taken) == (409, "name-taken")
    assert taken.json()["detail"].isprintable()
    assert server.store.count() == 2


@pytest.mark.parametrize("name", CONTROLS.values(), ids=CONTROLS)
def test_a_name_with_control_characters_is_refused_and_a_label_is_not(server, client, name):
    refused = client.post("/v1/storages", json={**NAS, "name": name})
    assert problem(refused) == (422, "invalid-value")
    assert refused.json()["detail"].isprintable()
    assert server.store.revision() == 0
    made = client.post("/v1/storages", json={**NAS, "label": name}).json()
    assert made["label"] == name
    url = f"/v1/storages/{made['id']}"
    assert problem(client.patch(url, json={"name": name})) == (422, "invalid-value")
    assert problem(client.patch(url, json={"name": name, "label": "x"})) == (422, "invalid-value")
    assert server.store.revision() == 1
    assert client.get(url).json() == made


def test_a_name_of_old_can_be_replaced(server, client):
    id = store_create(server.store, "a\0b").storage.id
    assert client.get("/v1/storages").json()["storages"][0]["name"] == "a\0b"
    assert client.patch(f"/v1/storages/{id}", json={"label": "new"}).json()["name"] == "a\0b"
    assert client.patch(f"/v1/storages/{id}", json={"name": "a b"}).json()["name"] == "a b"


@pytest.mark.parametrize("id", IDS)
def test_an_id_that_is_none_is_not_found(server, client, id):
    create(client)
    for path in (f"/v1/storages/{id}", f"/v1/storages/{id}/inventory"):
        line = f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\nConnection: close"
        told = server.wire(f"{line}\r\n\r\n".encode())
        assert told.startswith(b"HTTP/1.1 404 "), told
        assert b"application/problem+json" in told
        assert b"et-Cookie" not in told.partition(b"\r\n\r\n")[0]
        gone = server.wire(line.replace("GET", "DELETE").encode() + b"\r\n\r\n")
        assert gone.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert server.store.revision() == 1


def test_a_name_is_not_echoed_raw_in_an_error(client):
    answer = client.get("/v1/storages?limit=%1b%5b2J%0a")
    assert problem(answer) == (400, "malformed")
    assert answer.json()["detail"].isprintable()
    answer = client.post("/v1/storages", json={**NAS, "\x1b[2J": 1})
    assert answer.json()["detail"].isprintable()
