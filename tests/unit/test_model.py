"""What a manifest can express of a live storage, and what it can not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.model import Storage, unmanaged_because

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
