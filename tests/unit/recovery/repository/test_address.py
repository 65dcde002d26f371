"""Where a repository lies, as it is written on a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import AddressError
from reconciler.recovery.repository.address import InBucket, understand


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


def test_a_folder_may_be_named_from_where_one_is(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert understand("proofs") == tmp_path / "proofs"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no folder"),
        ("a\0b", "names no folder"),
        ("file://server/share", "names no folder"),
        ("https://host/x", "is not the address of a repository"),
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
