"""Requests that go too far, or make no sense on the wire: refused, and nothing written."""

import json

import pytest

from reconciler.server.wire import exchange, head_limits, protocol
from support.platforms.http_values import NAS, create, location, problem
from support.server.serving import drip, everything

BODY = json.dumps(NAS).encode()
POST = (
    b"POST /v1/storages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\n"
)


def refusal(told):
    """Give status and code of a problem as it came over the wire."""
    head, _, body = told.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-type: application/problem+json" in lines, told
    assert any(line.startswith("reconciler-version: ") for line in lines)
    document = json.loads(body)
    assert f"http/1.1 {document['status']} " in lines[0]
    return document["status"], document["code"]


@pytest.fixture(autouse=True)
def _nothing_is_written(server):
    yield
    assert server.store.count() == 0


WIRE = {
    "no HTTP": (b"hello\r\n\r\n", 400, "malformed"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100, 400, "malformed"),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed"),
    "two hosts": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400, "malformed"),
    "other host in URL": (
        b"GET http://evil/v1/platform HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        421, "misdirected"),
    "long URL": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri-too-long"),
    "endless URL": (b"GET /" + b"x" * 500_000, 414, "uri-too-long"),
    "long query": (b"GET /v1/storages?name=" + b"x" * 9000 + b" HTTP/1.1\r\n", 414, "uri-too-long"),
    "large header": (
        b"GET / HTTP/1.1\r\nX: " + b"x" * 33_000 + b"\r\n\r\n", 431, "headers-too-large"),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 9000 + b"\r\n", 431, "headers-too-large"),
    "endless header": (b"GET / HTTP/1.1\r\nX: " + b"x" * 500_000, 431, "headers-too-large"),
    "endless header name": (b"GET / HTTP/1.1\r\n" + b"x" * 500_000, 431, "headers-too-large"),
    "NUL in header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400, "malformed"),
    "folded header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400, "malformed"),
    "space before colon": (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "malformed"),
    "length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "malformed"),
    "two lengths": (
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400, "malformed"),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", 400, "malformed"),
    "bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "malformed"),
    "unknown method": (b"EVIL / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    "raw bytes in path": (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"),
    "CONNECT": (b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n", 400, "malformed"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed"),
    "announced too large": (POST + b"Content-Length: 65537\r\n\r\n", 413, "too-large"),
    "trailer with a condition": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nIdempotency-Key: k\r\n\r\n", 400,
        "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", WIRE)
def test_on_the_wire(server, name):
    sent, status, code = WIRE[name]
    assert refusal(server.wire(sent)) == (status, code)


def test_a_header_that_comes_in_small_pieces_is_refused_too(server):
    pieces = [b"GET / HTTP/1.1\r\nX: "] + [b"x" * 1000] * 200
    assert refusal(server.wire(*pieces)) == (431, "headers-too-large")


def test_what_is_just_small_enough_is_taken(client):
    name = "x" * (head_limits.LONGEST_URL - len("/v1/storages?name="))
    assert client.get(f"/v1/storages?name={name}").is_success
    assert client.get("/healthz", headers={"X": "x" * 30_000}).is_success


def test_many_requests_on_one_connection_each_have_their_own_limit(server):
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"
    with server.connected() as line:
        line.sendall(request * 4 + b"GET /healthz HTTP/1.0\r\n\r\n")
        assert everything(line).count(b"200 OK") == 5


def test_content_that_is_too_large(client):
    exact = BODY[:-1] + b" " * (exchange.LARGEST_CONTENT - len(BODY)) + b"}"
    headers = {"Content-Type": "application/json"}
    assert problem(client.post("/v1/storages", content=exact + b" ", headers=headers)) == (
        413,
        "too-large",
    )
    pieces = (b" " * 1000 for _ in range(100))
    assert problem(client.post("/v1/storages", content=pieces, headers=headers))[0] == 413
    made = client.post("/v1/storages", content=exact, headers=headers)
    assert made.status_code == 201
    client.delete(location(made))


def test_content_without_end_is_not_taken_for_ever(server):
    sent = POST.replace(b"Connection: close\r\n", b"") + b"Content-Length: 999999999\r\n\r\n"
    told = server.wire(sent, *[b" " * 65536] * 100)
    assert told == b"" or refusal(told) == (413, "too-large")


JSON = {
    "empty": b"",
    "no JSON": b"name=nas",
    "half": BODY[:-1],
    "more behind": BODY + b"x",
    "list": b"[" + BODY + b"]",
    "null": b"null",
    "number": BODY.replace(b'"NAS"', b"1"),
    "missing": b'{"name": "nas"}',
    "unknown": BODY[:-1] + b', "id": "x"}',
    "twice": BODY[:-1] + b', "name": "other"}',
    "deep": b"[" * 60_000,
    "deep inside": b'{"name": ' + b'{"a":' * 10_000,
    "NaN": BODY.replace(b'"NAS"', b"NaN"),
    "no UTF-8": BODY.replace(b"NAS", b"\xff"),
    "UTF-16": json.dumps(NAS).encode("utf-16"),
    "BOM": b"\xef\xbb\xbf" + BODY,
    "surrogate": BODY.replace(b"NAS", b"\\ud800"),
    "raw control character": BODY.replace(b"NAS", b"a\nb"),
}


@pytest.mark.parametrize("name", JSON)
def test_content_that_is_not_what_is_expected(client, name):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/storages", content=JSON[name], headers=headers)
    assert problem(answer) == (400, "malformed")


@pytest.mark.parametrize("patch", [b"{}", b'{"type":"S3"}', b'{"name":null}', b"[]", b'"x"'])
def test_patches_that_are_none(server, client, patch):
    id = create(client)["id"]
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch(f"/v1/storages/{id}", content=patch, headers=headers)
    assert problem(answer) == (400, "malformed")
    assert server.store.get(id).revision == 1
    client.delete(f"/v1/storages/{id}")


TYPES = [
    None, "", "text/json", "application/jsonx", "application/json; charset=latin-1",
    "application/x-ndjson", "application/merge-patch+json", "application/json, text/plain",
]  # fmt: skip


@pytest.mark.parametrize("type", TYPES)
def test_other_types_of_content(client, type):
    headers = {} if type is None else {"Content-Type": type}
    answer = client.post("/v1/storages", content=BODY, headers=headers)
    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept"] == "application/json"


def test_compressed_content(client):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/v1/storages", content=BODY, headers=headers)
    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept-Encoding"] == "identity"


def test_types_may_be_written_in_several_ways(client):
    for type in ("application/json;charset=utf-8", 'Application/JSON ; charset="UTF-8"'):
        made = client.post("/v1/storages", content=BODY, headers={"Content-Type": type})
        assert client.delete(location(made)).status_code == 204


@pytest.mark.parametrize("name", ["Content-Type", "Reconciler-Fence", "Idempotency-Key"])
def test_headers_that_are_there_twice(client, name):
    text = {"Content-Type": "application/json"}.get(name, "1")
    headers = [(name, text), (name, text)]
    if name != "Content-Type":
        headers.append(("Content-Type", "application/json"))
    assert problem(client.post("/v1/storages", content=BODY, headers=headers)) == (400, "malformed")


def test_half_a_content_writes_nothing(server):
    for length in (b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3E8\r\n"):
        server.wire_and_leave(POST + length + BODY)


def test_slow_clients_are_told_and_cut_off(server, monkeypatch):
    monkeypatch.setattr(protocol, "PATIENCE", 0.2)
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    assert refusal(server.wire(b"GET / HTTP/1.1\r\nHost: ")) == (408, "timeout")
    assert refusal(server.wire(POST + b"Content-Length: 100\r\n\r\n{")) == (408, "timeout")
    assert server.wire(b"") == b""


def test_content_that_comes_byte_by_byte_is_not_waited_for_for_ever(server, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE", 0.5)
    with server.connected() as line:
        line.sendall(POST + b"Content-Length: 60000\r\n\r\n{")
        drip(line)
        assert refusal(everything(line)) == (408, "timeout")


def test_a_request_that_came_in_whole_gets_its_own_answer(server, client):
    whole = POST.replace(b"Connection: close\r\n", b"") + b"Content-Length: %d\r\n\r\n" % len(BODY)
    told = server.wire(whole + BODY + b"GARBAGE\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 201 ")
    assert told.count(b"HTTP/1.1 ") == 1
    client.delete(json.loads(told.partition(b"\r\n\r\n")[2])["id"].join(("/v1/storages/", "")))


def test_a_request_behind_another_is_never_answered_in_its_place(server):
    half = POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"
    told = server.wire(b"GET /v1/platform HTTP/1.1\r\nHost: localhost\r\n\r\n" + half)
    assert not told.startswith(b"HTTP/1.1 400 ")


def test_another_protocol_is_not_begun(server):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    told = server.wire(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert told.startswith(b"HTTP/1.1 200 ")
