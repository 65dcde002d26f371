"""Where a repository lies, as it is written on a command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import AddressError
from reconciler.printable import printed
from reconciler.recovery.repository.address import InBucket, in_shell, split, understand


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("s3://bucket/a/b", InBucket("bucket", "a/b/")),
        ("s3://bucket/a/b/", InBucket("bucket", "a/b/")),
        ("S3://bucket", InBucket("bucket", "")),
        ("s3://bucket/", InBucket("bucket", "")),
        ("/srv/proofs", Path("/srv/proofs")),
        ("/srv/../srv/proofs/", Path("/srv/proofs")),
        ("file:///srv/a b%20", Path("/srv/a b%20")),
        ("FILE:///srv", Path("/srv")),
    ],
)
def test_an_address_is_understood(text, where):
    assert understand(text) == where


def test_what_lies_around_a_place_in_a_bucket():
    around = [where.prefix for where in InBucket("bucket", "a/b/").around("c/d/e")]
    assert around == ["a/b/c/", "a/b/c/d/", "a/", ""]
    assert len(list(InBucket("bucket", "").around("c/d/e/f/g/h/i/j"))) == 5
    assert list(InBucket("bucket", "").around("ä/b")) == []
    assert list(InBucket("bucket", "").around("/b")) == []


def test_a_folder_may_be_named_from_where_one_is(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert understand("proofs") == tmp_path / "proofs"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no folder"),
        ("a\0b", "names no folder"),
        ("file://server/share", "names no folder"),
        ("https://host/x", "is not the address .* the server's address as AWS_ENDPOINT_URL"),
        ("s3:/bucket/x", "did you mean 's3://bucket/x'"),
        ("S3//bucket", "did you mean 's3://bucket'"),
        ("s3:///bucket/x", "does not name a bucket"),
        ("file:/srv/proofs", "did you mean 'file:///srv/proofs'"),
        ("sqlite:///x", "is not the address of a repository"),
        ("s3://", "does not name a bucket"),
        ("s3://Bucket/x", "does not name a bucket"),
        ("s3://bucket/a//b", "does not name a bucket"),
        ("s3://bucket/a/../b", "does not name a bucket"),
        ("s3://bucket/a?versionId=1", "does not name a bucket"),
        ("s3://bucket/ä", "does not name a bucket"),
    ],
)
def test_what_is_no_address_is_refused(text, reason):
    with pytest.raises(AddressError, match=reason):
        understand(text)


def test_no_secret_of_an_address_is_told():
    with pytest.raises(AddressError) as caught:
        understand("https://user:hidden@host/x")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("proofs", ("proofs", None)),
        ("proofs@2026", ("proofs", "2026")),
        ("proofs@20261129-06", ("proofs", "20261129-06")),
        ("s3://b/p@20261129-060000-000-0123abcd", ("s3://b/p", "20261129-060000-000-0123abcd")),
        ("file:///a@b@20261129", ("file:///a@b", "20261129")),
        ("me@host", ("me@host", None)),
        ("proofs@", ("proofs@", None)),
        ("@2026", ("@2026", None)),
    ],
)
def test_a_snapshot_may_be_named_with_a_repository(text, parts):
    assert split(text) == parts


def test_a_folder_that_is_called_so_is_meant_itself(tmp_path):
    (tmp_path / "proofs@2026").mkdir()
    assert split(str(tmp_path / "proofs@2026")) == (str(tmp_path / "proofs@2026"), None)


@pytest.mark.skipif(not shutil.which("bash"), reason="no shell is here that knows all quotes")
@pytest.mark.parametrize(
    "address",
    [
        "/proofs",
        "/a b",
        "/it's",
        "/a\nb",
        "/a\tb'c\\n",
        "/\x1b[31m",
        "/\u202ea\nb",
        "/b\udcff",
        "s3://b/p",
    ],
    ids=repr,
)
def test_a_shell_takes_an_address_that_is_told_for_itself(address: str) -> None:
    for told, more in ((printed(address), ""), (printed(address), "@2026"), (address, "")):
        word = in_shell(told, more)
        assert word.isprintable()
        heard = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
        assert heard.stdout == os.fsencode(f"{address}{more}")
