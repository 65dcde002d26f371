"""Addresses to listen on."""

import socket

import pytest

from reconciler.errors import ReconcilerError, UsageError
from reconciler.server.wire.listen import Address, open_socket, read_address, url_of


@pytest.mark.parametrize(
    ("text", "ip", "port", "is_loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.1.2.3:0", "127.1.2.3", 0, True),
        ("[::1]:8080", "::1", 8080, True),
        ("0.0.0.0:65535", "0.0.0.0", 65535, False),
        ("[::]:80", "::", 80, False),
        ("192.0.2.1:80", "192.0.2.1", 80, False),
    ],
)
def test_addresses(text, ip, port, is_loopback):
    address = read_address(text)
    assert (address.ip, address.port, address.is_loopback) == (ip, port, is_loopback)


def test_a_name_is_looked_up():
    assert read_address("localhost:8080").is_loopback


@pytest.mark.parametrize(
    "text",
    ["8080", ":8080", "localhost", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:8080",
     "[::1]", "http://127.0.0.1:80", "127.0.0.1:80/", "a@b:80", "256.256.256.256:80", "[x]:80"],
)  # fmt: skip
def test_what_is_no_address(text):
    with pytest.raises(UsageError, match="HOST:PORT"):
        read_address(text)


def test_a_port_that_is_taken():
    address = Address(socket.AF_INET, "127.0.0.1", 0)
    with open_socket(address) as first:
        taken = read_address(url_of(first, tls=False).removeprefix("http://"))
        assert taken.port > 0
        with pytest.raises(ReconcilerError, match=f"127.0.0.1:{taken.port}.*--listen"):
            open_socket(taken)


def test_the_url_tells_the_port():
    with open_socket(Address(socket.AF_INET, "127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert url_of(listening, tls=True) == f"https://127.0.0.1:{port}"
