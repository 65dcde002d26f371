"""Requests that proxies and servers may read differently, byte by byte.

Each gets one answer, a problem unless it is harmless; the connection is closed where nobody can
tell where the next request begins, and the server goes on.
"""

import json

import pytest

from reconciler.server.wire import protocol
from support.platforms.http_values import NAS, create, problem, record
from support.server.serving import everything, make_token, serving

HOST = b"Host: localhost\r\n"
END = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
BODY = json.dumps(NAS).encode()
POST = b"POST /v1/storages HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
UPGRADE = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
N = len(BODY)


def coded(value, content=CHUNKS):
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + content


def sized(value):
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + BODY


def get(path, more=b""):
    return b"GET " + path + END + more + b"\r\n"


#: What is sent; status of the answer; whether it is the server that closes, at once.
UNCLEAR = {
    "length twice": (POST + b"Content-Length: %d\r\n" % N * 2 + b"\r\n" + BODY, 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + BODY, 400),
    "list of lengths": (sized(b"%d, %d" % (N, N)), 400),
    "length with plus": (sized(b"+%d" % N), 400),
    "length with minus": (sized(b"-1"), 400),
    "length in hex": (sized(b"0x%x" % N), 400),
    "length with space": (sized(b"1 2"), 400),
    "empty length": (sized(b""), 400),
    "length past 64 bits": (sized(b"9" * 30), 400),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
    "length and chunks": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "gzip": (coded(b"gzip"), 501),
    "gzip, chunked": (coded(b"gzip, chunked"), 501),
    "chunked, gzip": (coded(b"chunked, gzip"), 400),
    "chunked twice": (coded(b"chunked, chunked"), 400),
    "two headers": (POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
    "identity": (coded(b"identity"), 501),
    "xchunked": (coded(b"xchunked"), 501),
    "chunked with parameter": (coded(b"chunked;q=1"), 501),
    "chunked in quotes": (coded(b'"chunked"'), 501),
    "vertical tab": (coded(b"\x0bchunked"), 400),
    "no coding": (coded(b""), 400),
    "coding on GET": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: x\r\n\r\n", 501),
    "chunks in HTTP/1.0": (coded(b"chunked").replace(b"1.1", b"1.0", 1), 400),
    "chunk in 0x": (CHUNKED + b"0x" + CHUNKS, 400),
    "chunk with minus": (CHUNKED + b"-" + CHUNKS, 400),
    "chunk without size": (CHUNKED + b"\r\n" + BODY, 400),
    "chunk past 64 bits": (CHUNKED + b"f" * 17 + b"\r\n" + BODY, 400),
    "chunk with LF": (CHUNKED + CHUNKS.replace(b"\r\n", b"\n"), 400),
    "chunk with space": (CHUNKED + CHUNKS.replace(b"\r\n", b" \r\n", 1), 400),
    "chunk longer than said": (CHUNKED + b"1\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
    "LF in chunk extension": (CHUNKED + b"%x;a\nb\r\n" % N + BODY + b"\r\n0\r\n\r\n", 400),
    "endless trailer": (CHUNKED + CHUNKS[:-2] + b"X: y\r\n" * 9000, 431),
    "bare LF": (b"GET /healthz HTTP/1.1\n" + HOST.replace(b"\r", b"") + b"\n", 400),
    "bare CR": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", 400),
    "CR for line ends": (b"GET /healthz HTTP/1.1\rHost: localhost\r\r", 400),
    "folded by tab": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n\tb\r\n\r\n", 400),
    "folded first header": (b"GET /healthz HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    "no colon": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", 400),
    "no name": (b"GET /healthz HTTP/1.1\r\n" + HOST + b": x\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", 400),
    "HTTP/1.2": (b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    "HTTP/2.0": (b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "lower case": (b"get /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "tabs": (b"GET\t/healthz\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "upgrade with content": (UPGRADE + b"Content-Length: %d\r\n\r\n" % N + BODY, 501),
    "upgrade with chunks": (UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, 501),
    "fragment": (b"GET /v1/audit#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "backslash": (b"GET \\v1\\audit HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "URL with user": (b"GET http://u:p@localhost/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "URL of ftp": (b"GET ftp://localhost/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "only a host": (b"GET localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
}
ELSEWHERE = [
    b"/v1%2Faudit", b"/v1%2faudit", b"/%2Fv1/audit", b"/v1/audit%2F", b"/v1%5Caudit",
    b"//v1/audit", b"//x/v1/audit", b"///v1/audit", b"//u@x:80/v1/audit", b"/v1//audit",
    b"/v1/audit/", b"/./v1/audit", b"/x/../v1/audit", b"/x/%2e%2e/v1/audit", b"/v1/audit%00",
    b"/v1/audit%20", b"/v1/audit%3Flimit=1", b"/v1/audit;x", b"/v1/%zz", b"/v1/audit%0d%0aX:y",
    b"http://localhost", b"http://localhost//x/v1/audit", b"/V1/audit",
]  # fmt: skip


def parts(told):
    """Take an answer apart, and see that it is one problem, of ours, and no more."""
    head, _, body = told.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-type: application/problem+json" in lines, told
    assert "connection: close" in lines
    assert f"content-length: {len(body)}" in lines
    assert any(line.startswith("reconciler-version: ") for line in lines)
    document = json.loads(body)
    assert document["type"] == f"urn:reconciler:problem:{document['code']}"
    assert lines[0].startswith(f"http/1.1 {document['status']} ")
    return document["status"]


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_is_refused_and_ends_the_connection(server, client, name):
    sent, status = UNCLEAR[name]
    # What follows must not be taken for a request.
    assert parts(server.wire(sent + b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")) == status
    assert server.store.count() == 0
    assert client.get("/healthz").is_success


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_path_that_only_looks_like_another_is_not_found(server, path):
    assert parts(server.wire(get(path))) == 404


@pytest.mark.parametrize(
    "path",
    [b"/v1/audit", b"/v1/%61udit", b"http://localhost/v1/audit", b"HTTP://LOCALHOST/v1/audit"],
)
def test_a_path_may_be_written_in_several_ways(server, path):
    assert server.wire(get(path)).startswith(b"HTTP/1.1 200 ")


def test_the_host_in_a_url_counts(server):
    assert parts(server.wire(get(b"http://evil/v1/audit"))) == 421
    assert parts(server.wire(get(b"http://[::2]/v1/audit"))) == 421
    assert server.wire(get(b"http://[::1]/v1/audit")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + CHUNKS,
        CHUNKED + CHUNKS.replace(b"\r\n", b';a="b;c"\r\n', 1),
        coded(b"Chunked"),
        sized(b"%d" % N),
        b"\r\n" + sized(b"%d" % N),
    ],
    ids=["chunks", "chunk extension", "capital", "length", "empty line before"],
)
def test_what_is_clear_is_done(server, sent):
    told = server.wire(sent.replace(HOST, HOST + b"Connection: close\r\n", 1))
    assert told.startswith(b"HTTP/1.1 201 ")
    assert server.store.count() == 1


def test_requests_that_are_sent_at_once_are_answered_in_order(server):
    first = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    told = server.wire(first * 20 + sized(b"%d" % N) + get(b"/nope"))
    statuses = [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200"] * 20 + [b"201", b"404"]


def test_what_nobody_reads_is_not_taken_for_ever(server, monkeypatch):
    monkeypatch.setattr(protocol, "LINGERING", 0.2)
    sent = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1;"
    with server.connected() as line:
        line.sendall(sent)
        assert line.recv(12) == b"HTTP/1.1 200"
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_on(line)


def _send_on(line):
    while True:
        line.sendall(b"a" * 1000)


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_a_client_of_http_1_0_gets_no_chunks(server, client, accepted):
    id = create(client)["id"]
    rows = b"".join(
        b'{"upload_id":"%d","checksum":"c","checksum_on_disk":"d"}\n' % n for n in range(1000, 3000)
    )
    record(client, id, rows)
    for version, length in ((b"1.0", 1), (b"1.1", 0)):
        asked = get(
            f"/v1/storages/{id}/inventory".encode(), b"Accept-Encoding: %b\r\n" % accepted.encode()
        )
        told = server.wire(asked.replace(b"1.1", version, 1))
        head, _, body = told.lower().partition(b"\r\n\r\n")
        assert head.count(b"transfer-encoding: chunked") == 1 - length
        assert head.count(b"content-length: %d\r\n" % len(body)) == length
        if length and accepted == "identity":
            assert body == rows


def test_the_token_is_looked_at_before_content_is_asked_for(kept):
    reader = make_token(kept, role="reader", name="reader")
    operator = make_token(kept, role="operator", name="operator")
    with serving(kept) as server, server.client(operator) as client:
        id = create(client)["id"].encode()
        json_type, rows_type = b"application/json", b"application/x-ndjson"
        for path, good in (
            (b"/v1/storages", json_type),
            (b"/v1/storages/%b/inventory" % id, rows_type),
        ):
            for token, type, length, status in (
                ("", good, 9, 401),
                ("rct_x", good, 9, 401),
                (reader, good, 9, 403),
                (operator, b"text/plain", 9, 415),
                (operator, good, 999_999, 413 if good == json_type else 100),
                (operator, good, 9, 100),
            ):
                with server.connected() as line:
                    line.sendall(
                        b"POST %b HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n" % path
                        + b"Authorization: Bearer %b\r\n" % token.encode()
                        + b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (type, length)
                    )
                    if status == 100:
                        assert line.recv(99) == b"HTTP/1.1 100 Continue\r\n\r\n"
                    else:
                        assert parts(everything(line)) == status


def test_a_weak_tag_is_told_to_match_nothing(client):
    url = f"/v1/storages/{create(client)['id']}"
    for condition in ('W/"1"', '"0", W/"1"'):
        refused = client.patch(url, json={"label": "B"}, headers={"If-Match": condition})
        assert problem(refused) == (412, "changed")
        assert 'W/"1" matches nothing' in refused.json()["detail"]
        assert 'send "1"' in refused.json()["detail"]
    other = client.patch(url, json={"label": "B"}, headers={"If-Match": 'W/"2"'})
    assert "at revision 1 now" in other.json()["detail"]


def test_what_a_patch_may_be_is_told(client):
    url = f"/v1/storages/{create(client)['id']}"
    accepted = "application/merge-patch+json, application/json"
    assert client.options(url).headers["Accept-Patch"] == accepted
    assert "Accept-Patch" not in client.options("/v1/storages").headers
    refused = client.patch(
        url, content=b"{}", headers={"Content-Type": "application/json-patch+json"}
    )
    assert problem(refused) == (415, "unsupported-media-type")
    assert refused.headers["Accept-Patch"] == accepted
    wrong = client.post("/v1/storages", content=b"{}", headers={"Content-Type": "text/plain"})
    assert "Accept-Patch" not in wrong.headers


def test_every_resource_has_head_options_and_405(client):
    id = create(client)["id"]
    for path in ("/healthz", "/v1/storages", f"/v1/storages/{id}", f"/v1/storages/{id}/inventory"):
        allowed = client.options(path).headers["Allow"]
        assert {"GET", "HEAD", "OPTIONS"} <= set(allowed.split(", "))
        head, full = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("ETag") == full.headers.get("ETag")
        refused = client.request("TRACE", path)
        assert problem(refused) == (405, "method-not-allowed")
        assert refused.headers["Allow"] == allowed


def test_refusals_on_the_wire_are_counted_and_nothing_is_counted_twice(server, client):
    for sent in (b"hello\r\n\r\n", b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", coded(b"gzip")):
        server.wire(sent)
    server.wire(get(b"/x", b"X: " + b"x" * 33_000 + b"\r\n"))
    text = client.get("/metrics").text
    for status in (400, 414, 431, 501):
        labels = f'method="other",route="other",status="{status}"'
        assert f"reconciler_http_requests_total{{{labels}}} 1.0" in text
    assert "_created" not in text
