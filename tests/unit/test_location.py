"""When two addresses mean one place; in doubt they do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.location import Bucket, Location, aws_url, bucket_of, location, sanitize_local_url


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


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://raw", Bucket("raw", "", None, None)),
        ("s3://raw/", Bucket("raw", "", None, None)),
        ("S3://raw/lab/a b", Bucket("raw", "lab/a b/", None, None)),
        ("https://s3.eu-central-2.amazonaws.com/raw", Bucket("raw", "", "eu-central-2", None)),
        ("https://raw.s3.eu-central-2.amazonaws.com/x", Bucket("raw", "x/", "eu-central-2", None)),
        ("https://s3.cn-north-1.amazonaws.com.cn/raw", Bucket("raw", "", "cn-north-1", None)),
        ("https://NAS:9000/raw/", Bucket("raw", "", None, "https://nas:9000")),
        ("http://nas:80/raw/Lab/x/", Bucket("raw", "Lab/x/", None, "http://nas")),
        ("http://user:word@nas/raw", Bucket("raw", "", None, "http://nas")),
        # Another way into AWS is an endpoint of its own.
        (
            "https://s3.dualstack.eu-central-2.amazonaws.com/raw",
            Bucket("raw", "", None, "https://s3.dualstack.eu-central-2.amazonaws.com"),
        ),
        ("http://nas/raw/a%20b", Bucket("raw", "a%20b/", None, "http://nas")),
    ],
)
def test_which_bucket_an_address_means(url: str, expected: Bucket) -> None:
    assert bucket_of("S3", url) == expected


@pytest.mark.parametrize(
    "url", ["s3://", "http://nas", "http://nas/", "http://nas/raw?x=1", "http://nas/raw#x", "x"]
)
def test_an_address_that_means_no_bucket(url: str) -> None:
    assert bucket_of("S3", url) is None


def test_a_declared_region_stands_for_what_an_address_says() -> None:
    assert bucket_of("S3", "s3://raw", "eu-west-1") == Bucket("raw", "", "eu-west-1", None)
