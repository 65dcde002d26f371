"""`reconciler serve`, run as a user runs it."""

import json
import re
import signal
import socket
import sqlite3
import ssl
import threading
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from reconciler.cli.commands.server import serve
from reconciler.errors import UsageError
from reconciler.server.run import CUT_OFF
from reconciler.server.store.sqlite.preparing import WAIT
from support.platforms.http_values import NAS, create, ndjson, record
from support.repository import TESTS
from support.server.certificates import Authority
from support.server.serving import everything
from support.server.state_server import StateServer, make_token

CERTIFICATE = TESTS / "support" / "faults" / "tls" / "localhost.pem"
ROWS = ndjson((f"u{n}", "c", "d") for n in range(2000))
MORE_ROWS = ndjson((f"v{n}", "c", "d") for n in range(2000))


@pytest.fixture
def database(tmp_path):
    """Give the URL of a database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'server.db'}"


def test_without_tokens_it_says_so_and_serves_this_machine(database):
    with StateServer(database) as server:
        told = httpx.get(f"{server.url}/v1/platform").json()
        assert (told["account"], told["role"]) == ("anonymous", "admin")
        assert "there are no tokens" in server.log
        assert server.stop() == 0
    assert server.log.endswith("Stopped.\n")


def test_with_a_token_it_has_nothing_to_warn_of(database):
    with StateServer(database, token="reader") as server:
        assert httpx.get(f"{server.url}/v1/platform").status_code == 401
        headers = {"Authorization": f"Bearer {server.token}"}
        assert httpx.get(f"{server.url}/v1/platform", headers=headers).is_success
        assert "Warning" not in server.log


def test_it_keeps_everything_over_a_restart(database):
    with StateServer(database) as server, httpx.Client(base_url=server.url) as client:
        made = create(client)
        platform = client.get("/v1/platform").json()["platform_id"]
        server.kill()
    with StateServer(database) as server, httpx.Client(base_url=server.url) as client:
        assert client.get(f"/v1/storages/{made['id']}").json() == made
        assert client.get("/v1/platform").json()["platform_id"] == platform


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_runs_is_finished_before_the_end(database, number):
    told, going_on = threading.Event(), threading.Event()

    def slowly():
        yield ROWS
        told.set()
        assert going_on.wait(30)
        yield MORE_ROWS

    with StateServer(database, "-v") as server, httpx.Client(base_url=server.url) as client:
        id = create(client)["id"]
        answers = []
        upload = threading.Thread(target=lambda: answers.append(record(client, id, slowly())))
        upload.start()
        assert told.wait(30)
        server.process.send_signal(number)
        _until_refused(server.url)
        going_on.set()
        upload.join(30)
        assert answers[0].json()["files"] == 4000
        assert server.process.wait(30) == 0


def test_the_second_signal_ends_it_at_once(database):
    with StateServer(database, "-v") as server, httpx.Client(base_url=server.url) as client:
        id = create(client)["id"]
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as line:
            head = f"POST /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n"
            more = "Content-Type: application/x-ndjson\r\nContent-Length: 999999\r\n\r\n"
            line.sendall((head + more).encode() + ROWS)
            server.process.terminate()
            _until_refused(server.url)
            server.process.terminate()
            assert server.process.wait(30) == CUT_OFF
    with StateServer(database) as server, httpx.Client(base_url=server.url) as client:
        assert client.get(f"/v1/storages/{id}").json()["files"] == 0


def test_the_second_signal_does_not_wait_for_the_database(tmp_path, database):
    body = json.dumps(NAS)
    with (
        StateServer(database) as server,
        closing(sqlite3.connect(tmp_path / "server.db", isolation_level=None)) as db,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as line,
    ):
        db.execute("BEGIN IMMEDIATE")
        line.sendall(
            "POST /v1/storages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        assert httpx.get(f"{server.url}/readyz").is_success
        server.process.terminate()
        _until_refused(server.url)
        server.process.terminate()
        # Less than what a write waits for its turn.
        assert server.process.wait(WAIT / 2) == CUT_OFF
        assert everything(line) == b""
        db.execute("ROLLBACK")
        assert db.execute("SELECT count(*) FROM storages").fetchall() == [(0,)]


def _until_refused(url):
    """Wait until a server takes no more connections: it has understood that it is to end."""
    host, port = url.removeprefix("http://").split(":")
    for _ in range(100_000):
        try:
            socket.create_connection((host, int(port)), timeout=30).close()
        except OSError:
            return
    raise AssertionError("the server still takes connections")


def test_no_token_is_in_the_log(database):
    with StateServer(database, "-v", "--debug", token="admin") as server:
        wrong = make_token(database, "reader", "other", "--expires", "1h")[:-1] + "x"
        for token in (server.token, wrong, "nonsense-" + "x" * 30):
            with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
                create_or_not = client.post(f"{server.url}/v1/storages", json={"name": "x"})
                assert create_or_not.status_code in (400, 401)
                client.get(f"{server.url}/v1/storages?access_token={token}")
                client.get(f"{server.url}/{token}")
                assert token not in client.get(f"{server.url}/metrics").text
                assert token not in client.get(f"{server.url}/v1/audit").text
        server.stop()
        for token in (server.token, wrong, "nonsense-"):
            assert token not in server.log
            assert token.split("_")[-1] not in server.log


def test_tls(database):
    files = ("--tls-cert", str(CERTIFICATE), "--tls-key", str(CERTIFICATE.with_suffix(".key")))
    with StateServer(database, *files) as server:
        assert server.url.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=CERTIFICATE)
        with httpx.Client(verify=trust) as client:
            assert client.get(f"{server.url}/healthz").is_success
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http"))


def test_a_certificate_that_soon_expires_is_warned_of(database, tmp_path):
    cert, key = Authority(tmp_path).files(ends=timedelta(days=3))
    with StateServer(database, "--tls-cert", str(cert), "--tls-key", str(key)) as server:
        server.stop()
        assert f"the certificate in '{cert}' expires on 20" in server.log


def test_ipv6(database):
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6")
    with StateServer(database, listen="[::1]:0") as server:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
        assert httpx.get(f"{server.url}/v1/platform").is_success


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_others_are_not_served_without_tokens(folder, host):
    line = ("serve", "--database", "sqlite:///server.db", "--listen", f"{host}:0")
    assert "reconciler token create" in folder(*line, code=64).stderr


def test_others_are_served_with_tokens_and_a_warning(database):
    with StateServer(database, token="reader", listen="0.0.0.0:0") as server:
        assert "without TLS" in server.log
        port = server.url.rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/v1/platform").status_code == 401


def test_a_port_that_is_taken(folder, database):
    with StateServer(database) as server:
        address = server.url.removeprefix("http://")
        line = ("serve", "--database", "sqlite:///other.db", "--listen", address)
        told = folder(*line, code=1)
        assert f"can't listen on {address}" in told.stderr
        assert "--listen" in told.stderr


def test_what_makes_no_sense(folder):
    database = ("--database", "sqlite:///server.db")
    assert "RECONCILER_DATABASE" in folder("serve", code=64).stderr
    assert "HOST:PORT" in folder("serve", *database, "--listen", "8080", code=64).stderr
    assert "belong together" in folder("serve", *database, "--tls-cert", "x", code=64).stderr
    told = folder("serve", *database, "--tls-cert", "x", "--tls-key", "y", code=64).stderr
    assert "PEM" in told
    assert "slashes" in folder("serve", "--database", "sqlite:server.db", code=64).stderr
    assert "mysql" in folder("serve", "--database", "mysql://x/y", code=64).stderr


def test_a_password_on_the_command_line_is_warned_of_and_not_printed(folder):
    url = "postgresql://me:hush-hush@127.0.0.1:1/x"
    told = folder("serve", "--database", url, code=1)
    assert "RECONCILER_DATABASE_FILE" in told.stderr
    assert "hush" not in told.stderr + told.stdout
    told = folder("serve", code=1, env={"RECONCILER_DATABASE": url})
    assert "RECONCILER_DATABASE_FILE" not in told.stderr
    assert "hush" not in told.stderr + told.stdout


def test_without_the_libraries_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"the extra 'server'.*pip install"):
        serve._check_libraries()
