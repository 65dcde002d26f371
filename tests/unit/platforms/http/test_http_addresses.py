"""Addresses of state servers, and what may travel to them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.environment.secret_values import Secret
from reconciler.errors import AddressError, UsageError
from reconciler.platforms import open_platform, same_address


def opened(address: str, environ: dict[str, str] | None = None, token: Secret | None = None) -> str:
    return open_platform(address, base=None, environ=environ or {}, token=token).address


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://host", "https://host"),
        ("HTTPS://Host.Example/", "https://host.example"),
        ("https://host:443", "https://host"),
        ("https://host:/", "https://host"),
        ("http://host:80/", "http://host"),
        ("https://host:80", "https://host:80"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://host/Lab/", "https://host/Lab"),
        ("https://host/a/b%20c", "https://host/a/b%20c"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[0:0::0:1]/x", "http://[::1]/x"),
    ],
)
def test_an_address_is_written_in_one_way(address: str, written: str) -> None:
    assert opened(address) == written
    assert opened(written) == written
    assert same_address(address, None, written, "/elsewhere")


@pytest.mark.parametrize(
    "address",
    [
        "https:",
        "https:host",
        "https://",
        "https:///path",
        "https://host:port",
        "https://host:0",
        "https://host:65536",
        "https://ho st",
        "https://host/a b",
        "https://host/a\nb",
        "https://host\n",
        "https://host//a",
        "https://host/../a",
        "https://host/.",
        "https://münchen.example",
        "https://[::1",
        "https://[::g]",
        "https://[::1::2]",
        "https://host\\path",
        "https://host?query",
        "https://host#fragment",
        "https://host/?",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(AddressError, match="https://host/path") as caught:
        opened(address)
    assert "\n" not in str(caught.value)
    with pytest.raises(AddressError):
        same_address(address, None, "https://host", None)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    for address in ("https://me:hunter2@host", "https://hunter2@host/?a#b"):
        with pytest.raises(AddressError, match="RECONCILER_TOKEN") as caught:
            opened(address)
        assert "hunter2" not in str(caught.value)
        assert "***" in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        "http://host",
        "https://other",
        "https://host:8443",
        "https://host/path",
        "sqlite:///x.db",
    ],
)
def test_other_servers_are_other_platforms(other: str) -> None:
    assert not same_address("https://host", None, other, None)
    assert not same_address(other, None, "https://host", None)
    assert same_address(other, None, other, None)


def test_comparing_addresses_does_not_load_the_http_client() -> None:
    script = (
        "import sys\n"
        "from reconciler.platforms import same_address\n"
        "same_address('https://a', None, 'http://b', None)\n"
        "assert 'httpx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# The token


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://127.9.9.9", "http://localhost", "http://[::1]:1"]
)
def test_a_token_may_travel_to_this_machine_in_clear_text(address: str) -> None:
    assert opened(address, {"RECONCILER_TOKEN": "rct_a_b"}) == address


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1", "http://host", "http://localhost.example", "http://[::2]"]
)
def test_a_token_does_not_travel_through_a_network_in_clear_text(address: str) -> None:
    with pytest.raises(UsageError, match="clear text") as caught:
        opened(address, {"RECONCILER_TOKEN": "hunter2"})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError, match="clear text"):
        opened(address, token=Secret("hunter2"))
    assert opened(address) == address


def test_the_token_comes_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    environ = {"RECONCILER_TOKEN_FILE": str(tmp_path / "token")}
    with pytest.raises(UsageError, match="clear text"):
        opened("http://host", environ)
    (tmp_path / "token").write_text("")
    with pytest.raises(UsageError, match="is empty"):
        opened("https://host", environ)


def test_the_token_of_the_process_is_used_where_no_other_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECONCILER_TOKEN", "hunter2")
    with pytest.raises(UsageError, match="clear text"):
        open_platform("http://host", base=None)
    assert open_platform("http://host", base=None, environ={}).address == "http://host"


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "a\r\nX: y", "ü", "\x7f"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="characters that no token has") as caught:
        opened("https://host", token=Secret(token))
    assert len(token) < 3 or token not in str(caught.value)


def test_no_repr_shows_the_token() -> None:
    platform = open_platform("https://host", base=None, environ={"RECONCILER_TOKEN": "hunter2"})
    reader, writer, lock = platform.reader(), platform.writer(wait=1), platform.lock()
    for thing in (platform, reader, writer, lock, reader._connection, vars(reader._connection)):
        assert "hunter2" not in repr(thing)
    with pytest.raises(TypeError):
        pickle.dumps(platform)
    for opened_ in (reader, writer, lock):
        opened_.close()
