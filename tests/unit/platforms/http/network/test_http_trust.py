"""Whose certificates are trusted; and each thing that can be wrong with one, in words that help."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import PlatformError
from reconciler.platforms.http.network.trust import authorities
from support.faults.scripted_server import ScriptedServer, page, scripted
from support.platforms.http_opening import reading
from support.server.certificates import Authority

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def failing(server: ScriptedServer) -> str:
    with reading(server.url) as reader, pytest.raises(PlatformError) as caught:
        reader.identity()
    assert type(caught.value) is PlatformError  # it is final: nothing is tried again
    assert server.asked == []
    return str(caught.value)


def failing_with(context: ssl.SSLContext) -> str:
    with scripted(tls=context) as server:
        return failing(server)


def test_an_expired_certificate(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    told = failing_with(authority.server(begins=-9 * DAY, ends=-1 * DAY))
    assert "its certificate, or that of its authority, has expired" in told
    assert "whoever runs it must renew it" in told
    assert "SSL_CERT_FILE" not in told


def test_one_that_is_not_valid_yet(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    told = failing_with(authority.server(begins=DAY))
    assert "is not valid yet: by this machine's clock it is 2" in told
    assert "set the clock" in told


@pytest.mark.parametrize("names", [("other.example",), ("127.0.0.2",)])
def test_one_for_another_host(
    names: tuple[str, ...], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    told = failing_with(authority.server(*names))
    assert "its certificate is that of another host" in told
    assert "write the address with a name that the certificate has" in told


def test_one_of_an_authority_that_nobody_knows(authority: Authority) -> None:
    told = failing_with(authority.server())
    assert "name that authority's certificate in SSL_CERT_FILE, or add it to those of the" in told


def test_one_of_another_authority_than_the_named_one(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path / "other").file))
    told = failing_with(authority.server())
    assert "no authority in SSL_CERT_FILE signed it, and no others count" in told
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "other"))
    assert "no authority in SSL_CERT_DIR signed it" in failing_with(authority.server())


def test_a_server_that_wants_a_certificate_of_ours(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    told = failing_with(context)
    assert "it ends TLS (tlsv13 alert certificate required)" in told


# Whom we trust


def test_the_system_s_authorities_are_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL takes the place of the system's file from the environment, as from its own paths."""
    paths = ssl.get_default_verify_paths()
    system = paths._replace(cafile=str(authority.file), capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: system)

    def system_s_own(context: ssl.SSLContext, *_: object) -> None:
        context.load_verify_locations(authority.file)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", system_s_own)
    with scripted(tls=authority.server()) as server, reading(server.url) as reader:
        server.on("GET /v1/storages", page())
        assert reader.read().storages == ()


def test_a_system_without_authorities_has_those_that_come_with_us(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = ssl.get_default_verify_paths()._replace(cafile=None, capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
    assert authorities().cert_store_stats()["x509_ca"] > 50
    (tmp_path / "0a1b2c3d.0").touch()
    assert authorities().cert_store_stats()["x509_ca"] == 0


def test_a_file_and_a_folder_count_both(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "other"))
    with scripted(tls=authority.server()) as server, reading(server.url) as reader:
        assert reader.identity() == "p1"
