"""Secrets in addresses are found, and masked; what only looks like one stays."""

from __future__ import annotations

import pytest

from reconciler.location import usable_url
from reconciler.masking import has_secret, has_user_info, masked, masked_in


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:hunter2@host/b", "https://***@host/b"),
        ("https://user@host", "https://***@host"),
        ("https://a@b@host/b", "https://***@host/b"),
        ("s3://key:secret@bucket", "s3://***@bucket"),
        ("jetraw+module://t@x", "jetraw+module://***@x"),
        (" https://user:hunter2@host/b", " https://***@host/b"),
        ("\ufeff'HTTPS://user:hunter2@host/b", "\ufeff'HTTPS://***@host/b"),
        ("//user:hunter2@host/b", "//***@host/b"),
        (" \\\\user:hunter2@host\\b", " \\\\***@host\\b"),
        ("https:user:hunter2@host/b", "***@host/b"),
        ("https:/user:hun/ter2@host/b", "***@host/b"),
        ("user:hunter2@host/b", "***@host/b"),
        ("https://a:b@h/x,s3://c:d@e/f", "https://***@e/f"),
        ("https://h/b?to=https://c:d@e/f", "https://***@e/f"),
        ("https://h/b?to=//c:d@e/f", "https://***@e/f"),
        ("url: https://a:b@h", "***@h"),
    ],
)
def test_user_info_is_masked(url: str, expected: str) -> None:
    assert has_user_info(url)
    assert masked(url) == expected
    assert not usable_url("S3", url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://host/a@b", "https://host?a@b", "https://host#a@b", "/data/a@b", "a@b", ""),
        *("/data/12:30@lab", "C:\\data\\a@b", "C:/a@b", "nas:/export/a@b"),
        *("https://[::1]:9000/a@b", "./a:b@c"),
        *("file:///data//a@b", "\\\\server\\share\\a@b", "https://host/x//a@b"),
    ],
)
def test_other_at_signs_stay(url: str) -> None:
    assert not has_user_info(url)
    assert masked(url) == url


@pytest.mark.parametrize(
    "text",
    [
        *("x@" + "://a:b" * 10_000, "://a:b" * 10_000 + "@", "//h/@" + "//" * 20_000),
        *("?" + "%26" * 15_000, "?" + "token" * 20_000, "@?%3" + "\t" * 40_000),
    ],
    ids=range(6),
)
def test_an_address_of_any_length_is_masked_soon(text: str) -> None:
    # A pattern that looked for the end anew from each start would take half a minute.
    assert has_user_info(text) == text.startswith(("x", ":"))
    assert has_secret(text) == has_user_info(text)


@pytest.mark.parametrize(
    "name",
    [
        *("sig", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId"),
        *("token", "accessToken", "client_secret", "password", "api_key", "apikey", "key", "x-key"),
        *("auth", "x.auth", "Authorization", "sharedAccessSignature", "secret_access_key", "SAS"),
    ],
)
def test_a_parameter_whose_name_says_secret_is_masked(name: str) -> None:
    queries = ("https://h/b?", "https://h/b#", "https://h/b?a=1&", "https://h/b?a=1;")
    for before in (*queries, "/data/year=2024/"):
        assert masked(f"{before}{name}=HUSH&b=2") == f"{before}{name}=***"
        assert has_secret(f"{before}{name}=HUSH")
        assert not has_secret(f"{before}{name}=")


@pytest.mark.parametrize(
    "name",
    ["design", "author", "keyboard", "monkey", "tokenizer", "assign", "authors", "compass", "s"],
)
def test_other_parameters_stay(name: str) -> None:
    url = f"https://h/b?{name}=x#{name}=x"
    assert masked(url) == url
    assert usable_url("S3", url)


def test_a_port_may_be_the_begin_of_a_password() -> None:
    assert masked("https://bob:123/x@h") == "https://***@h"
    assert masked("https://bob:123456/x@h") == "https://***@h"
    assert masked("https://bob:123/x") == "https://bob:123/x"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("no:  https://u:HUSH@h and\tHTTPS:u:HUSH@h", "no:  https://***@h and\t***@h"),
        ("(u:HUSH@h), url=//u:HUSH@h", "(***@h), ***@h"),
        ("'https://u:HU'SH@h' failed", "'https://***@h' failed"),
        ("see https://h/b?a=1&sig=HUSH", "see https://h/b?a=1&sig=***"),
        ("ask: ann@lab.example, at 12:30 @ lab", "ask: ann@lab.example, at 12:30 @ lab"),
        ("proofs@20261130T100000Z-1a2b: gone", "proofs@20261130T100000Z-1a2b: gone"),
    ],
)
def test_whatever_stands_around_an_address_in_a_text(told: str, expected: str) -> None:
    assert masked_in(told) == expected


def test_addresses_in_a_sentence_are_masked() -> None:
    told = "can't open 'https://bob:PW/HUSH@h/b' (//u:HUSH@nas), https://h/b?sig=HUSH: mend it"
    assert (
        masked_in(told) == "can't open 'https://***@h/b' (//***@nas), https://h/b?sig=*** mend it"
    )
