"""Proxies of the environment: which is used for what, and who is named when one is in the way."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from reconciler.errors import PlatformError, UnavailableError, UsageError
from reconciler.platforms.http.address import parse_address
from reconciler.platforms.http.network.proxies import is_excluded
from support.faults.real_proxy import RealProxy, real_proxy
from support.faults.scripted_server import STORAGE, ScriptedServer, page, scripted
from support.platforms.http_opening import connect, reading, writing
from support.server.certificates import Authority

NAME = "https://server.example"
LOGIN = ("me", "hunter2/@:")
ESCAPED = "me:hunter2%2F%40%3A"


@pytest.fixture(autouse=True)
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Authority:
    """Have nothing of the developer's environment, and an authority that is trusted."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.fixture
def server(authority: Authority):
    with scripted(tls=authority.server("server.example")) as server:
        server.on("GET /v1/storages", page(STORAGE))
        yield server


def failing(url: str = NAME) -> PlatformError:
    with writing(url) as writer, pytest.raises(PlatformError) as caught:
        writer.identity()
    assert "hunter2" not in str(caught.value)
    return caught.value


@pytest.fixture
def dead_port():
    """Give a port on which nobody listens, and that nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


# NO_PROXY


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("*", NAME),
        ("server.example", NAME),
        (".example", NAME),
        ("example", NAME),
        ("*.example", NAME),
        (".server.example", NAME),
        ("a, SERVER.example. ,b", NAME),
        ("a server.example", NAME),
        ("server.example:443", NAME),
        ("server.example:8443", f"{NAME}:8443"),
        ("https://server.example", NAME),
        ("all://server.example", NAME),
        ("127.1", "https://127.1:9"),
        ("10.0.0.0/8", "https://10.1.2.3"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("10.1.2.3:443", "https://10.1.2.3"),
        ("::1,fd00::/8", "https://[fd00::5]"),
        ("[fd00::5]", "https://[fd00::5]"),
        ("[fd00::5]:8443", "https://[fd00:0::5]:8443"),
        ("FD00:0:0::5", "https://[fd00::5]"),
    ],
)
def test_what_no_proxy_takes_out(no_proxy: str, url: str) -> None:
    assert is_excluded(parse_address(url), no_proxy)


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("", NAME),
        (",, ,", NAME),
        ("wserver.example", NAME),
        ("erver.example", NAME),
        ("server.example:8443", NAME),
        ("http://server.example", NAME),
        ("10.0.0.0/8", "https://11.1.2.3"),
        ("fd00::/8", "https://10.1.2.3"),
        ("[::1]", "https://[fd00::5]"),
        ("[fd00::5]:1", "https://[fd00::5]"),
        ("10.0.0.0/99,fd00::/999,[,],[::1,::g,:,://,1.2.3.4.5/8,.,*.", NAME),
        (".1.2.3", "https://10.1.2.3"),
    ],
)
def test_what_no_proxy_does_not_take_out(no_proxy: str, url: str) -> None:
    assert not is_excluded(parse_address(url), no_proxy)


@pytest.mark.parametrize("proxy", ["socks5://dead:1", "socks9://what", "http://me:hunter2/@x", "&"])
def test_a_proxy_that_is_not_used_need_not_make_sense(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setattr("reconciler.platforms.http.network.proxies.find_spec", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "fd00::/8,server.example")
    connect(NAME).close()


def test_the_scheme_s_own_proxy_comes_before_that_for_all(
    server: ScriptedServer, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_proxy(server.port) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{dead_port}")
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        with reading(NAME) as reader:
            assert len(reader.read().storages) == 1
        assert proxy.asked == ["server.example:443"]


# Proxies that work


def through(proxy: RealProxy, scheme: str, user: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://{user}127.0.0.1:{proxy.port}")
    with reading(NAME) as reader:
        return len(reader.read().storages)


@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h"])
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "login"])
def test_a_server_is_reached_through_a_proxy(
    scheme: str,
    login: tuple[str, str] | None,
    server: ScriptedServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls = authority.server("127.0.0.1") if scheme == "https" else None
    with real_proxy(server.port, socks="socks" in scheme, login=login, tls=tls) as proxy:
        user = f"{ESCAPED}@" if login else ""
        assert through(proxy, scheme, user, monkeypatch) == 1
        assert set(proxy.asked) == {"server.example:443"}
    assert server.asked[0].headers["authorization"].startswith("Bearer ")


# Proxies that are in the way


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_wants_a_password(
    scheme: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_proxy(server.port, socks=scheme == "socks5", login=LOGIN) as proxy:
        monkeypatch.setenv("all_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        error = failing()
        assert type(error) is PlatformError  # it will want one later too
        assert f"the proxy {scheme}://127.0.0.1:{proxy.port} (of all_proxy) wants" in str(error)
        assert f"into all_proxy as {scheme}://USER:PASSWORD@HOST:PORT" in str(error)
        monkeypatch.setenv("all_proxy", f"{scheme}://me:wrong-hunter2@127.0.0.1:{proxy.port}")
        error = failing()
        assert type(error) is PlatformError
        assert (
            f"the proxy {scheme}://***@127.0.0.1:{proxy.port} (of all_proxy) does not accept"
            in (str(error))
        )
    assert server.asked == []


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_dead_proxy_is_named(
    scheme: str, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://me:hunter2@127.0.0.1:{dead_port}")
    error = failing()
    assert type(error) is UnavailableError
    assert f"the proxy {scheme}://***@127.0.0.1:" in str(error)
    assert "(nothing listens there): mend HTTPS_PROXY, or put server.example into NO_PROXY" in (
        str(error)
    )


def test_a_proxy_whose_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("HTTPS_PROXY", "http://no-such-proxy.example:3128")
    assert (
        "the proxy http://no-such-proxy.example:3128 (of HTTPS_PROXY) can't be used (its name "
        in (str(failing()))
    )


@pytest.mark.parametrize("answer", [b"", b"\x05", b"HTTP/1.1 400 Bad\r\n\r\n", b"\xff" * 99])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_what_is_no_proxy_at_all(
    scheme: str, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port}")

        def answered() -> None:
            client, _ = listening.accept()
            with client:
                client.sendall(answer)
                client.recv(1000)

        thread = threading.Thread(target=answered)
        thread.start()
        assert f"the proxy {scheme}://127.0.0.1:{port} (of HTTPS_PROXY)" in str(failing())
        thread.join()


def test_the_certificate_of_a_proxy(
    server: ScriptedServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real_proxy(server.port, tls=authority.server("other.example")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        error = failing()
    assert type(error) is PlatformError
    assert f"the proxy https://127.0.0.1:{proxy.port} (of HTTPS_PROXY) is in the way: its cert" in (
        str(error)
    )


def test_a_proxy_that_reads_along_is_thought_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    with (
        scripted(tls=Authority(strange).server("server.example")) as server,
        real_proxy(server.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = failing()
    assert "no authority in SSL_CERT_FILE signed it" in str(error)
    assert f"Or the proxy http://127.0.0.1:{proxy.port} (of HTTPS_PROXY) reads along" in str(error)


def test_socks_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.platforms.http.network.proxies.find_spec", lambda _: None)
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@proxy:1080")
    with pytest.raises(UsageError, match=r"ALL_PROXY names needs .* 'socks'.* NO_PROXY") as caught:
        connect(NAME)
    assert "hunter2" not in str(caught.value)
