"""The location rules one by one; URLs; what no manifest can express."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.model import (
    Location,
    Storage,
    aws_url,
    has_secret,
    has_user_info,
    location,
    masked,
    masked_in,
    sanitize_local_url,
    unmanaged_because,
    usable_url,
)


def same(type: str, one: str, other: str) -> bool:
    forward = location(type, one).same(location(type, other))
    assert forward == location(type, other).same(location(type, one))
    return forward


@pytest.mark.parametrize(
    "url", ["/data/x", "/data/x/", "file:///data/x", "file:///data/x/", "FILE:///data/x"]
)
def test_spellings_of_one_local_folder(url: str) -> None:
    assert same("local", url, "/data/x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/data/x", "/data/X"),
        ("/data/x", "/data/x//"),
        ("/data/x", "/data//x"),
        ("/data/x", "/data/./x"),
        ("/data/x", "/data/y/../x"),
        ("/data/a b", "/data/a%20b"),
        ("/data/x", "data/x"),
        ("/data/x", "file://host/data/x"),
        ("file://host/x", "file://host/x/"),
        ("file://host/x", "file://HOST/x"),
        ("C:\\data", "C:\\data\\"),
        ("C:\\data", "c:\\data"),
        ("C:\\data", "C:/data"),
        ("\\\\nas\\share", "\\\\nas\\share\\"),
        ("/data/x?a", "/data/x"),
        ("/", ""),
    ],
)
def test_in_doubt_local_folders_are_different(one: str, other: str) -> None:
    assert not same("local", one, other)


@pytest.mark.parametrize("url", ["C:\\data", "\\\\nas\\share", "file://host/x", "/", "data"])
def test_a_local_folder_is_itself_with_and_without_its_prefix(url: str) -> None:
    assert same("local", url, sanitize_local_url(url))


AWS = "https://s3.eu-central-2.amazonaws.com/lab"


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-central-2.amazonaws.com/lab/",
        "https://S3.EU-Central-2.amazonAWS.com/lab",
        "https://s3.eu-central-2.amazonaws.com:443/lab",
        "https://lab.s3.eu-central-2.amazonaws.com",
        "https://lab.s3.eu-central-2.amazonaws.com/",
        "HTTPS://lab.s3.eu-central-2.amazonaws.com",
        "s3://lab",
        "s3://lab/",
        "S3://lab",
    ],
)
def test_spellings_of_one_aws_bucket(url: str) -> None:
    assert same("S3", url, AWS)


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-central-1.amazonaws.com/lab",
        "https://s3.eu-central-2.amazonaws.com/lab/prefix",
        "https://s3.eu-central-2.amazonaws.com/Lab",
        "https://s3.eu-central-2.amazonaws.com/lab?x",
        "https://s3.eu-central-2.amazonaws.com/lab#x",
        "https://s3.eu-central-2.amazonaws.com/",
        "https://s3.eu-central-2.amazonaws.com:8443/lab",
        "http://s3.eu-central-2.amazonaws.com/lab",
        "https://s3.amazonaws.com/lab",
        "https://lab.s3.amazonaws.com",
        "https://s3-fips.eu-central-2.amazonaws.com/lab",
        "https://s3.dualstack.eu-central-2.amazonaws.com/lab",
        "https://lab.s3.dualstack.eu-central-2.amazonaws.com",
        "https://lab.s3-accelerate.amazonaws.com",
        "https://s3.eu-central-2.amazonaws.com.evil.example/lab",
        "https://s3.eu-central-2.amazonaws.com.cn/lab",
        "https://key@s3.eu-central-2.amazonaws.com/lab",
        "s3://lab2",
        "s3://lab/prefix",
        "s3://LAB",
    ],
)
def test_in_doubt_aws_buckets_are_different(url: str) -> None:
    assert not same("S3", url, AWS)


def test_key_prefixes_of_one_bucket() -> None:
    path = "https://s3.eu-central-2.amazonaws.com/lab/a/b"
    assert same("S3", path, "https://lab.s3.eu-central-2.amazonaws.com/a/b/")
    assert same("S3", path, "s3://lab/a/b")
    assert not same("S3", path, "s3://lab/a")


def test_regions_count_only_if_both_name_one() -> None:
    one, other = Location("aws:lab", "eu-central-1"), Location("aws:lab", "eu-central-2")
    assert not one.same(other)
    assert one.same(Location("aws:lab"))
    assert Location("aws:lab").same(other)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_a_bucket_belongs_to_one_partition(region: str) -> None:
    url = aws_url(region, "lab")
    assert same("S3", url, url.replace(f"s3.{region}", f"lab.s3.{region}").removesuffix("/lab"))
    assert not same("S3", url, "s3://lab")
    assert not same("S3", url, AWS)


def test_a_bucket_may_have_dots() -> None:
    assert same(
        "S3", aws_url("eu-central-2", "my.lab"), "https://my.lab.s3.eu-central-2.amazonaws.com"
    )


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-2", "https://s3.eu-central-2.amazonaws.com/b"),
        ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com/b"),
        ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/b"),
    ],
)
def test_the_url_of_an_aws_bucket(region: str, url: str) -> None:
    assert aws_url(region, "b") == url


MINIO = "https://minio:9000/bucket"


@pytest.mark.parametrize("url", ["HTTPS://MinIO:9000/bucket", "https://minio:9000/bucket/"])
def test_spellings_of_one_compatible_bucket(url: str) -> None:
    assert same("S3", url, MINIO)


@pytest.mark.parametrize(
    "url",
    [
        "http://minio:9000/bucket",
        "https://minio/bucket",
        "https://minio:9001/bucket",
        "https://minio:9000/Bucket",
        "https://minio:9000/bucket//",
        "https://minio:9000//bucket",
        "https://minio:9000/bucket?x=1",
        "https://minio:9000/bucket#x",
        "https://minio:9000/%62ucket",
        "https://me@minio:9000/bucket",
        "s3://bucket",
        "ftp://minio:9000/bucket",
    ],
)
def test_in_doubt_compatible_buckets_are_different(url: str) -> None:
    assert not same("S3", url, MINIO)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://h/b", "https://h:443/b", True),
        ("http://h/b", "http://h:80/b", True),
        ("http://h/b", "http://h:443/b", False),
        ("https://h/b", "https://h:8443/b", False),
        ("https://h", "https://h/", True),
        ("https://[::1]:443/b", "https://[::1]/b", True),
        ("https://h/b?x", "https://h/b/?x", True),
        ("https://h/b?x", "https://h/b?X", False),
        ("https://h/b?x/", "https://h/b?x", False),
    ],
)
def test_ports_slashes_and_queries(one: str, other: str, expected: bool) -> None:
    assert same("S3", one, other) is expected


def test_a_folder_is_no_bucket() -> None:
    assert not location("local", "https://h/b").same(location("S3", "https://h/b"))


@given(st.sampled_from(["S3", "local", "other"]), st.text(st.characters()))
@settings(deadline=None)
def test_any_text_has_a_location_and_is_at_it(type: str, url: str) -> None:
    assert same(type, url, url)


@given(st.text())
@settings(deadline=None)
def test_sanitizing_twice_is_sanitizing_once(url: str) -> None:
    once = sanitize_local_url(url)
    assert once.lower().startswith("file://")
    assert sanitize_local_url(once) == once


# User info


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:hunter2@host/b", "https://***@host/b"),
        ("https://user@host", "https://***@host"),
        ("https://a@b@host/b", "https://***@host/b"),
        ("s3://key:secret@bucket", "s3://***@bucket"),
        ("jetraw+module://t@x", "jetraw+module://***@x"),
    ],
)
def test_user_info_is_masked(url: str, expected: str) -> None:
    assert has_user_info(url)
    assert masked(url) == expected
    assert not usable_url("S3", url)


@pytest.mark.parametrize(
    "url", ["https://host/a@b", "https://host?a@b", "https://host#a@b", "/data/a@b", "a@b", ""]
)
def test_other_at_signs_stay(url: str) -> None:
    assert not has_user_info(url)
    assert masked(url) == url


@pytest.mark.parametrize(
    "name",
    [
        *("sig", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId"),
        *("token", "accessToken", "client_secret", "password", "api_key", "apikey", "key", "x-key"),
        *("auth", "x.auth", "Authorization", "sharedAccessSignature", "secret_access_key", "SAS"),
    ],
)
def test_a_parameter_whose_name_says_secret_is_masked(name: str) -> None:
    for before in ("https://h/b?", "https://h/b#", "https://h/b?a=1&", "https://h/b?a=1;"):
        assert masked(f"{before}{name}=HUSH&b=2") == f"{before}{name}=***&b=2"
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


def test_a_port_is_no_password_and_what_is_no_port_is_one() -> None:
    port, password = "https://bob:123/x@h", "https://bob:123456/x@h"
    assert masked(port) == port
    assert masked(password) == "https://***@h"


def test_addresses_in_a_sentence_are_masked() -> None:
    told = "can't open 'https://bob:PW/HUSH@h/b' (//u:HUSH@nas), https://h/b?sig=HUSH: mend it"
    assert (
        masked_in(told) == "can't open 'https://***@h/b' (//***@nas), https://h/b?sig=*** mend it"
    )


# What no manifest can express

NAS = Storage("1", "nas", "NAS", "local", "file:///data/nas", created_at="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "storage",
    [
        NAS,
        replace(NAS, default_url="/data/nas"),
        replace(NAS, default_url="C:\\data"),
        replace(NAS, label=""),
        replace(NAS, name=" \u2028\u202e🧊"),
        replace(NAS, type="S3", default_url="https://h/b"),
        replace(NAS, type="S3", default_url="s3://b"),
    ],
)
def test_what_a_manifest_can_express_is_managed(storage: Storage) -> None:
    assert unmanaged_because(storage) is None


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        (replace(NAS, type="tape"), "type is 'tape'"),
        (replace(NAS, type="s3"), "type is 's3'"),
        (replace(NAS, name=""), "no name"),
        (replace(NAS, name="\ud800"), "not valid Unicode"),
        (replace(NAS, label="\udfff"), "not valid Unicode"),
        (replace(NAS, id="\udc80"), "not valid Unicode"),
        (replace(NAS, default_url="/\udc80"), "not valid Unicode"),
        (replace(NAS, default_url=""), "no usable URL"),
        (replace(NAS, default_url="https://h/b"), "no usable URL"),
        (replace(NAS, type="S3"), "no usable URL"),
        (replace(NAS, type="S3", default_url="https://"), "no usable URL"),
        (replace(NAS, type="S3", default_url="https:///b"), "no usable URL"),
        (replace(NAS, type="S3", default_url="https://user:x@h/b"), "no usable URL"),
    ],
)
def test_what_a_manifest_can_not_express_is_unmanaged(storage: Storage, words: str) -> None:
    assert words in (unmanaged_because(storage) or "")
