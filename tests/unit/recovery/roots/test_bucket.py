"""Whether a bucket is there, and the one that was read last time; in doubt it is not reachable."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.errors import UnreachableError
from reconciler.recovery.roots import bucket as roots
from support.faults.fault_proxy import Fault
from support.recovery.buckets import always, between, filled, opened, s3_refused
from support.recovery.moto import REGION, Moto


def test_a_bucket_that_is_there(moto: Moto) -> None:
    bucket = filled(moto, "file", "nas.jetraw-storage")
    with opened(f"{moto.endpoint}/{bucket}") as source:
        root = source.prove(None)
        assert root == source.prove(root)
    assert (root.kind, root.marker, root.empty) == ("bucket", "nas.jetraw-storage", False)
    assert (root.versioned, root.region) == (False, REGION)


def test_a_bucket_whose_server_only_the_environment_names(
    moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = filled(moto)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        assert source.prove(None).server == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    with opened(f"s3://{bucket}") as source:
        assert source.prove(None).server == moto.endpoint


@pytest.mark.parametrize("versioned", [False, True])
def test_what_is_suddenly_empty(moto: Moto, *, versioned: bool) -> None:
    bucket = filled(moto, "lab/", "lab/a", versioned=versioned)
    with opened(f"{moto.endpoint}/{bucket}/lab") as source:
        known = source.prove(None)
        moto.client().delete_object(Bucket=bucket, Key="lab/a")
        if versioned:  # then it can be seen that it was deleted
            assert not source.prove(known).empty
            return
        with pytest.raises(UnreachableError, match="is suddenly empty"):
            source.prove(known)
        assert source.prove(None).empty
        assert source.prove(source.prove(None)).empty


def test_a_marker_that_is_missing_or_another(moto: Moto) -> None:
    bucket = filled(moto, "file", "a.jetraw-storage")
    with opened(f"{moto.endpoint}/{bucket}") as source:
        known = source.prove(None)
        moto.client().put_object(Bucket=bucket, Key="a.jetraw-storage", Body=b"other")
        with pytest.raises(UnreachableError, match=r"another marker 'a.jetraw-storage'"):
            source.prove(known)
        moto.client().delete_object(Bucket=bucket, Key="a.jetraw-storage")
        with pytest.raises(UnreachableError, match=r"lacks the marker 'a.jetraw-storage'"):
            source.prove(known)
        moto.client().put_object(Bucket=bucket, Key="a.jetraw-storage", Body=b"a.jetraw-storage")
        assert source.prove(known) == known


def test_a_marker_that_can_not_be_read(moto: Moto) -> None:
    bucket = filled(moto, "file", "a.jetraw-storage")
    with between(moto, bucket) as (source, proxy):
        known = source.prove(None)
        proxy.decide = always(
            s3_refused(403, "AccessDenied"), lambda request: request.target.endswith("storage")
        )
        with pytest.raises(UnreachableError):
            source.prove(known)


def test_another_bucket_of_the_name(moto: Moto) -> None:
    url = f"{moto.endpoint}/{filled(moto)}"
    with opened(url) as source:
        known = msgspec.structs.replace(source.prove(None), region="us-west-2")
        with pytest.raises(UnreachableError, match="it is another bucket of this name"):
            source.prove(known)
        source.prove(msgspec.structs.replace(known, url="s3://elsewhere"))
    with opened(url, region=REGION) as source:
        source.prove(known)


def test_a_marker_is_found_among_many_folders(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = filled(moto, *(f"f{i}/x" for i in range(5)), "z.jetraw-storage")
    monkeypatch.setattr(roots, "_PAGES", 1)
    with opened(f"{moto.endpoint}/{bucket}") as source:
        assert source.prove(None).marker == "z.jetraw-storage"


@pytest.mark.parametrize("page", [b"<html>Versioning</html>", b"<Error><Code>Slow</Code></Error>"])
def test_a_page_is_no_word_on_versions(moto: Moto, page: bytes) -> None:
    bucket = filled(moto, versioned=True)
    decide = always(Fault(answer=(200, {}, page)), lambda asked: "versioning" in asked.target)
    with (
        between(moto, bucket, decide) as (source, _),
        pytest.raises(UnreachableError, match="asked whether it keeps versions"),
    ):
        source.prove(None)


def test_versions_that_are_told_no_more(moto: Moto) -> None:
    bucket = filled(moto, versioned=True)
    with between(moto, bucket) as (source, proxy):
        known = source.prove(None)
        assert known.versioned
        source.close()
        proxy.decide = always(
            s3_refused(403, "AccessDenied"), lambda request: "versioning" in request.target
        )
        with pytest.raises(UnreachableError, match=r"could not be told .* s3:GetBucketVersioning"):
            source.prove(known)
        assert not source.prove(None).versioned
