"""Which addresses of locks are understood, and what is said of the others."""

from __future__ import annotations

import pytest

from reconciler.errors import AddressError
from reconciler.lease.contract import Holder, Lease, locked_by
from reconciler.lease.opening import open_lock


@pytest.mark.parametrize(
    "address",
    ["s3://infra-locks/jetraw", "S3://b.c/a/b-c_d.e", "file:///var/lock/jetraw", "FILE:///x"],
)
def test_an_address_is_understood_without_asking_anybody(address):
    open_lock(address).close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jetraw",
        "https://host/lock",
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/a//b",
        "s3://bucket/a/../b",
        "s3://bucket/./b",
        "s3://bucket/a b",
        "s3://bucket/a?x",
        "s3://BUCKET/key",
        "s3://b/key",
        "s3://key:secret@bucket/key",
        "file://",
        "file:///",
        "file://host/path",
        "file://relative",
        "file:///a\0b",
    ],
)
def test_any_other_address_is_refused_with_what_would_be_right(address):
    with pytest.raises(AddressError, match=r"s3://BUCKET/KEY") as caught:
        open_lock(address)
    assert "secret" not in str(caught.value)
    assert "\0" not in str(caught.value)


def test_the_message_of_a_lock_that_is_held_says_who_where_until_when_and_why():
    holder = Holder("alice", "build-7", "https://user:pass@ci.example.org/1", "apply\x1b[31m")
    lease = Lease(3, holder, "2026-11-22T18:00:00Z", "2026-11-22T18:01:00Z")
    assert locked_by(lease) == (
        "the platform is locked by 'alice' on 'build-7' since 2026-11-22T18:00:00Z, until "
        "2026-11-22T18:01:00Z unless it is renewed, reason 'apply\\x1b[31m', job "
        "https://***@ci.example.org/1; wait, or see `reconciler lock show`"
    )


def test_the_message_leaves_out_what_the_holder_did_not_say():
    lease = Lease(3, Holder("alice"), "2026-11-22T18:00:00Z", "2026-11-22T18:01:00Z")
    assert locked_by(lease) == (
        "the platform is locked by 'alice' since 2026-11-22T18:00:00Z, until "
        "2026-11-22T18:01:00Z unless it is renewed; wait, or see `reconciler lock show`"
    )
