"""Who may do what: tokens, roles, and a server without tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from support.platforms.http_values import LEASE, NAS, NDJSON, create, problem
from support.server import storing
from support.server.serving import AUTHOR, make_token, serving

READS = ["/v1/platform", "/v1/storages", "/v1/lock", "/v1/audit", "/metrics"]


def writes(id):
    """Give every request that writes."""
    url = f"/v1/storages/{id}"
    return [
        ("POST", "/v1/storages", {"json": {**NAS, "name": "new"}}),
        ("PATCH", url, {"json": {"label": "new"}}),
        ("POST", f"{url}/inventory", {"content": b"", "headers": NDJSON}),
        ("DELETE", url, {}),
        ("POST", "/v1/lock", {"json": LEASE}),
        ("PUT", "/v1/lock", {"json": {"fence": 1, "seconds": 60}}),
        ("DELETE", "/v1/lock?fence=1", {}),
        ("DELETE", "/v1/lock?fence=1&break=true", {}),
    ]


def refused_everywhere(server, token, status):
    """Check that a token opens nothing, and that nothing was written."""
    revision = server.store.revision()
    with server.client(token) as client:
        for path in [*READS, "/v1/storages/x", "/v1/storages/x/inventory"]:
            answer = client.get(path)
            assert problem(answer)[0] == status
            if status == 401:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
        for method, path, more in writes("x"):
            assert problem(client.request(method, path, **more))[0] == status
        assert client.options("/v1/storages").status_code == status
    assert server.store.revision() == revision
    assert server.store.lease() is None


def test_no_token(server):
    make_token(server.store)
    refused_everywhere(server, None, 401)


def test_a_revoked_token(server):
    token = make_token(server.store)
    with server.client(token) as client:
        assert client.get("/v1/platform").is_success
        server.store.revoke_token(token.split("_")[1], AUTHOR)
        answer = client.get("/v1/platform")
        assert problem(answer) == (401, "unauthenticated")
        assert "revoked" in answer.json()["detail"]
    refused_everywhere(server, token, 401)


def test_an_expired_token(server):
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="seconds")
    refused_everywhere(server, make_token(server.store, expires=past.replace("+00:00", "Z")), 401)


def test_a_token_that_will_expire(server):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    with server.client(make_token(server.store, expires=soon.replace("+00:00", "Z"))) as client:
        assert client.get("/v1/platform").is_success


def test_a_secret_that_is_wrong(server):
    token = make_token(server.store)
    other = "A" if token[-5] != "A" else "B"
    wrong = token[:-5] + other + token[-4:]
    refused_everywhere(server, wrong, 401)
    unknown = f"rct_{'0' * 16}_{token.split('_', 2)[2]}"
    refused_everywhere(server, unknown, 401)
    with server.client(wrong) as one, server.client(unknown) as two:
        # Whether the id is known can't be found out without the secret.
        assert one.get("/v1/platform").json() == two.get("/v1/platform").json()


def authorizations(token):
    """Give ways of sending a token that are none, by name."""
    return {
        "empty": "",
        "no scheme": token,
        "other scheme": f"Basic {token}",
        "no token": "Bearer",
        "quoted": f'Bearer "{token}"',
        "two": f"Bearer {token} {token}",
        "list": f"Bearer {token}, Bearer {token}",
        "cut": f"Bearer {token[:-1]}",
        "longer": f"Bearer {token}x",
        "upper case": f"Bearer {token.upper()}",
        "colon": f"Bearer: {token}",
        "sql": "Bearer rct_' OR 1=1 --_x",
    }


@pytest.mark.parametrize("name", authorizations("rct_x_y"))
def test_malformed_authorization(server, client, name):
    text = authorizations(make_token(server.store))[name]
    answer = client.get("/v1/storages", headers={"Authorization": text})
    assert problem(answer) == (401, "unauthenticated")


def test_the_scheme_is_written_in_any_case(server, client):
    token = make_token(server.store)
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {token}"}
        assert client.get("/v1/platform", headers=headers).is_success


def test_two_authorizations_are_none(server, client):
    good = ("Authorization", f"Bearer {make_token(server.store)}")
    answer = client.get("/v1/platform", headers=[good, good])
    assert problem(answer) == (400, "malformed")


def test_a_token_in_the_url_is_none(server, client):
    token = make_token(server.store)
    answer = client.get(f"/v1/platform?access_token={token}")
    assert problem(answer) == (401, "unauthenticated")


def test_a_reader_reads(server):
    token = make_token(server.store, "reader", "dashboard")
    id = storing.create(server.store, author=AUTHOR).storage.id
    revision = server.store.revision()
    with server.client(token) as client:
        for path in [*READS, f"/v1/storages/{id}", f"/v1/storages/{id}/inventory"]:
            assert client.get(path).is_success
        told = client.get("/v1/platform").json()
        assert (told["account"], told["role"]) == ("dashboard", "reader")
        for method, path, more in writes(id):
            answer = client.request(method, path, **more)
            assert problem(answer) == (403, "forbidden")
            assert "'dashboard'" in answer.json()["detail"]
    assert server.store.revision() == revision


def test_an_operator_writes(server):
    with server.client(make_token(server.store, "operator")) as client:
        id = create(client)["id"]
        assert client.patch(f"/v1/storages/{id}", json={"label": "B"}).is_success
        assert client.post("/v1/lock", json=LEASE).is_success
        assert client.delete("/v1/lock?fence=1").is_success
        assert client.delete(f"/v1/storages/{id}").is_success


def test_health_needs_no_token(server, client):
    make_token(server.store)
    assert client.get("/healthz").is_success
    assert client.get("/readyz").is_success


def test_the_first_token_counts_at_once_and_its_end_opens_nothing(server, client):
    assert client.get("/v1/storages").is_success
    token = make_token(server.store)
    assert client.get("/v1/storages").status_code == 401
    server.store.revoke_token(token.split("_")[1], AUTHOR)
    with serving(server.store) as restarted, restarted.client() as later:
        assert later.get("/v1/storages").status_code == 401


LOCAL = ["localhost", "LOCALHOST:1", "127.0.0.1", "127.8.9.1:99", "[::1]", "[::1]:80", "localhost."]
ELSEWHERE = [
    "evil.example.com", "localhost.evil.example.com", "127.0.0.1.evil.example.com", "10.0.0.1",
    "[::2]", "0.0.0.0", "localhost@evil.example.com", "127.0.0.1 evil", "[::1", "localhost:x", "",
    "2130706433",
]  # fmt: skip


@pytest.mark.parametrize("host", LOCAL)
def test_without_tokens_names_of_this_machine_are_served(client, host):
    assert client.get("/v1/platform", headers={"Host": host}).is_success


@pytest.mark.parametrize("host", ELSEWHERE)
def test_without_tokens_other_names_are_not_served(server, client, host):
    answer = client.post("/v1/storages", json=NAS, headers={"Host": host})
    assert problem(answer) == (421, "misdirected")
    assert server.store.revision() == 0


PROXIED = [
    ("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "203.0.113.9"),
    ("x-forwarded-proto", "https"), ("X-FORWARDED-HOST", "localhost"), ("X-Forwarded-Whatever", ""),
    ("X-Real-IP", "127.0.0.1"), ("Via", "1.1 proxy"),
]  # fmt: skip


@pytest.mark.parametrize("header", PROXIED, ids=lambda header: header[0])
def test_without_tokens_a_proxy_is_not_served(server, client, header):
    for path in READS:
        answer = client.get(path, headers=[header])
        assert problem(answer) == (421, "misdirected")
        assert header[0].lower() in answer.json()["detail"]
        assert "create a token first" in answer.json()["detail"]
    answer = client.post("/v1/storages", json=NAS, headers=[header])
    assert problem(answer) == (421, "misdirected")
    assert server.store.revision() == 0
    assert client.get("/readyz", headers=[header]).is_success


def test_with_tokens_a_proxy_is_served(server):
    with server.client(make_token(server.store)) as client:
        assert client.get("/v1/platform", headers=PROXIED).is_success


def test_with_tokens_the_name_does_not_matter(server):
    with server.client(make_token(server.store)) as client:
        assert client.get("/v1/platform", headers={"Host": "state.example.com"}).is_success


def test_what_a_web_page_may_send_without_asking_is_refused(server, client):
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post("/v1/storages", content=b"{}", headers={"Content-Type": type})
        assert problem(answer) == (415, "unsupported-media-type")
    assert "Access-Control-Allow-Origin" not in client.options("/v1/storages").headers
    assert server.store.revision() == 0
