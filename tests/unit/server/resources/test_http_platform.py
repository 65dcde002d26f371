"""`/v1/platform`, health, readiness, metrics, and what is nowhere."""

import gzip
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reconciler import __version__
from reconciler.platforms.http.network.transport import KEPT
from reconciler.schemas import schema_text
from reconciler.server.endpoint import Endpoint
from reconciler.server.run import make_server
from reconciler.server.store.refusals import OutcomeUnknownError, StoreUnavailableError
from reconciler.server.wire.turns import READS, WATCHES, WRITES
from support.platforms.http_values import LEASE, NAS, create, problem
from support.server.serving import make_token

PATHS = ["/v1/platform", "/v1/storages", "/v1/lock", "/v1/audit", "/healthz", "/readyz", "/metrics"]


def test_it_says_what_it_is(server, client):
    told = client.get("/v1/platform").json()
    clock = datetime.fromisoformat(told.pop("clock"))
    assert abs(datetime.now(UTC) - clock) < timedelta(minutes=1)
    assert told == {
        "platform_id": server.store.platform_id(),
        "account": "anonymous",
        "role": "admin",
        "version": __version__,
        "api": {"oldest": 1, "newest": 1},
        "revision": 0,
    }


@pytest.mark.parametrize("path", ["/healthz", "/v1/storages", "/nowhere"])
def test_no_answer_is_taken_for_a_page_or_kept_without_asking(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"


def test_an_idle_connection_is_kept_longer_than_our_client_keeps_it(kept):
    config = make_server(kept, tls=None, on_ready=bool).config
    assert config.timeout_keep_alive > 2 * KEPT


def test_it_is_alive_and_ready(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/v1/platform", "/v1/storages", "/readyz"])
def test_a_database_that_does_not_answer(server, client, monkeypatch, path):
    def away(*_, **__):
        raise StoreUnavailableError("the database does not answer")

    for name in ("revision", "ready", "listing"):
        monkeypatch.setattr(type(server.store), name, away)
    answer = client.get(path)
    assert problem(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 200


@contextmanager
def hanging(monkeypatch, server, names, most, method, path, body=None):
    """Let methods of the store hang, and have them asked for by more than may at once."""
    begun, answers = threading.Semaphore(0), threading.Event()

    def hang(*_, **__):
        begun.release()
        answers.wait()
        raise StoreUnavailableError("the database does not answer")

    for name in names:
        monkeypatch.setattr(type(server.store), name, hang)
    asked, more = (method, server.url + path), {"json": body, "timeout": 60}
    threads = [
        threading.Thread(target=httpx.request, args=asked, kwargs=more) for _ in range(most + 4)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(most):
            assert begun.acquire(timeout=30)
        yield
    finally:
        answers.set()
        for thread in threads:
            thread.join()


def test_a_database_that_hangs_is_no_reason_to_be_taken_for_dead(server, client, monkeypatch):
    with hanging(monkeypatch, server, ["ready"], WATCHES, "GET", "/readyz"):
        assert client.get("/healthz", timeout=10).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_writes_that_wait_for_each_other_keep_nobody_else_waiting(
    server, client, monkeypatch, method
):
    lease = client.post("/v1/lock", json=LEASE).json()
    names = ("create", "update", "remove")
    path = "/v1/storages" + ("" if method == "POST" else "/x")
    body = {"POST": NAS, "PATCH": {"label": "x"}, "DELETE": None}[method]
    with hanging(monkeypatch, server, names, WRITES, method, path, body):
        for path in PATHS:
            assert client.get(path, timeout=10).is_success
        renewal = {"fence": lease["fence"], "seconds": 60}
        assert client.put("/v1/lock", json=renewal, timeout=10).is_success


def test_reads_that_hang_keep_nobody_from_asking_how_it_is(server, client, monkeypatch):
    with hanging(monkeypatch, server, ["get"], READS, "GET", "/v1/storages/x"):
        for path in ("/healthz", "/readyz", "/metrics", "/v1/lock"):
            assert client.get(path, timeout=10).is_success
        assert client.post("/v1/storages", json=NAS, timeout=10).is_success


def test_what_the_database_lacks_is_logged(server, client, monkeypatch, caplog):
    def away(*_, **__):
        raise StoreUnavailableError("there is no room left")

    monkeypatch.setattr(type(server.store), "create", away)
    assert problem(client.post("/v1/storages", json=NAS)) == (503, "unavailable")
    (record,) = [record for record in caplog.records if record.name.startswith("reconciler.server")]
    assert record.getMessage() == "failed: POST /v1/storages"
    assert record.exc_info


def test_a_write_whose_end_nobody_knows(server, client, monkeypatch):
    def lost(*_, **__):
        raise OutcomeUnknownError("the database was lost")

    monkeypatch.setattr(type(server.store), "remove", lost)
    assert problem(client.delete("/v1/storages/x")) == (500, "outcome-unknown")


def test_a_bug_tells_nothing_of_itself(server, client, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("SELECT secret FROM tokens")

    monkeypatch.setattr(type(server.store), "get", broken)
    answer = client.get("/v1/storages/x")
    assert problem(answer) == (500, "internal")
    assert "SELECT" not in answer.text


def test_a_bug_outside_of_any_operation_is_answered_too(client, monkeypatch):
    async def broken(*_):
        raise RuntimeError("SELECT secret FROM tokens")

    monkeypatch.setattr(Endpoint, "_short", broken)
    answer = client.get("/v1/storages/x")
    assert problem(answer) == (500, "internal")
    assert "SELECT" not in answer.text


def test_metrics_count_requests_and_storages_without_names(client):
    create(client, "very-secret-name")
    client.get("/v1/storages/very-secret-id")
    client.get("/nowhere/very-secret-path")
    told = client.get("/metrics")
    assert told.headers["Content-Type"].startswith("text/plain; version=")
    assert "reconciler_storages 1.0" in told.text
    assert "reconciler_revision 1.0" in told.text
    for labels in (
        'method="POST",route="/v1/storages",status="201"',
        'method="GET",route="/v1/storages/{id}",status="404"',
        'method="GET",route="other",status="404"',
    ):
        assert f"reconciler_http_requests_total{{{labels}}} 1.0" in told.text
    assert 'reconciler_http_request_seconds_bucket{le="0.005",method="POST"' in told.text
    assert "very-secret" not in told.text


@pytest.mark.parametrize("path", ["/v2/storages", "/v0/platform", "/v10", "/v2"])
def test_other_versions_of_the_interface(client, path):
    answer = client.get(path)
    assert problem(answer) == (404, "unsupported-api")
    assert answer.json()["api"] == {"oldest": 1, "newest": 1}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/storages/", "/v1/nope", "/version"])
def test_nothing_is_nowhere(client, path):
    assert problem(client.get(path)) == (404, "not-found")


@pytest.mark.parametrize("path", PATHS)
def test_methods(client, path):
    options = client.options(path)
    assert (options.status_code, options.content) == (204, b"")
    allowed = set(options.headers["Allow"].split(", "))
    assert {"GET", "HEAD", "OPTIONS"} <= allowed
    for method in {"POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - allowed:
        answer = client.request(method, path)
        assert problem(answer) == (405, "method-not-allowed")
        assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_the_content(client, path):
    create(client)
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    if path != "/metrics":
        assert head.headers.get("Content-Length") == got.headers.get("Content-Length")
    assert head.headers.get("ETag") == got.headers.get("ETag")


def test_large_answers_are_compressed_for_those_who_ask(server, client):
    for n in range(30):
        create(client, f"n{n}")
    plain = client.get("/v1/storages", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    for coding in ("gzip", "br, gzip;q=0.5", "*", "x-gzip"):
        with client.stream("GET", "/v1/storages", headers={"Accept-Encoding": coding}) as zipped:
            raw = b"".join(zipped.iter_raw())
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(raw)) == plain.json()
    for coding in ("gzip;q=0", "br", "", "gzip;q=0.000, *"):
        other = client.get("/v1/storages", headers={"Accept-Encoding": coding})
        assert "Content-Encoding" not in other.headers
    small = client.get("/healthz", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers


def test_it_gives_its_openapi_document_to_everybody(server):
    make_token(server.store)
    with server.client() as client:
        answer = client.get("/v1/openapi.yaml")
        assert answer.headers["Content-Type"] == "application/yaml"
        assert answer.content == schema_text("openapi")
        assert client.head("/v1/openapi.yaml").content == b""
        assert problem(client.get("/v1/openapi.yaml?x=y")) == (400, "malformed")
        assert problem(client.get("/v1/platform")) == (401, "unauthenticated")
