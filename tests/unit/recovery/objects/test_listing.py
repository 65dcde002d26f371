"""Listings of every kind of server hold what is there, in order: against a dictionary's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.objects.listing import everything, one
from reconciler.recovery.objects.pages import Listed
from reconciler.recovery.roots.asking import Refused
from reconciler.recovery.roots.reaching import Reached
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE, FOLDER, UNREADABLE
from support.locks.seaweed import S3Server
from support.recovery.buckets import listed, opened

THEN = datetime(2026, 11, 29, tzinfo=UTC)
#: The newest first; None is a delete marker.
Bucket = Mapping[bytes, list[str | None]]


class Server:
    """Lists what a dictionary holds, a few keys at a time, as servers do."""

    def __init__(
        self, bucket: Bucket, page: int, *, tree: bool = False, lossy: bool = False
    ) -> None:
        self.bucket, self.page, self.lossy = bucket, page, lossy
        self._order = _as_tree if tree else bytes
        self.pages = 0

    def list(self, operation: str, _tries: object, **request: Any) -> dict[str, Any]:
        self.pages += 1
        versions = operation == "list_object_versions"
        entries = list(
            self._entries(request["Prefix"].encode(), request.get("Delimiter"), versions)
        )
        start = int(request.get("ContinuationToken") or request.get("VersionIdMarker") or 0)
        chosen, rest = entries[start : start + self.page], entries[start + self.page :]
        answer: dict[str, Any] = {"EncodingType": "url", "IsTruncated": bool(rest)}
        for kind, item in chosen:
            answer.setdefault(kind, []).append(item)
        if rest and versions:
            # A key marker stands beside the number that is the whole truth here.
            following = start + self.page + self.lossy
            answer |= {"NextKeyMarker": quote(b"k%2"), "NextVersionIdMarker": str(following)}
        elif rest:
            answer["NextContinuationToken"] = str(start + self.page)
        return answer

    def _entries(
        self, prefix: bytes, delimiter: str | None, versions: bool
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        folders = set()
        for key in sorted(self.bucket, key=self._order):
            below = key[len(prefix) :]
            if not key.startswith(prefix):
                continue
            if delimiter and b"/" in below:
                folder = prefix + below.partition(b"/")[0] + b"/"
                if folder not in folders:
                    yield "CommonPrefixes", {"Prefix": quote(folder)}
                folders.add(folder)
            elif versions:
                for index, version in enumerate(self.bucket[key]):
                    yield _version(key, version, latest=index == 0)
            elif self.bucket[key][0] is not None:
                yield "Contents", _item(key)


def _as_tree(key: bytes) -> list[bytes]:
    return key.split(b"/")


def _item(key: bytes, **more: Any) -> dict[str, Any]:
    sent = quote(key, safe="/").replace("%20", "+")
    return {"Key": sent, "Size": 1, "LastModified": THEN, "ETag": '"e"', **more}


def _version(key: bytes, version: str | None, *, latest: bool) -> tuple[str, dict[str, Any]]:
    item = _item(key, VersionId=version or "marker", IsLatest=latest)
    return ("Versions" if version else "DeleteMarkers"), item


def reached(server: Any, *, versioned: bool = False, name: str = "") -> Reached:
    return Reached(server, "", name, versioned)


def found(rows: Iterator[Listed]) -> list[tuple[bytes, str, str | None]]:
    return [(row.key, row.kind, row.version) for row in rows]


def expected(bucket: Bucket, prefix: bytes = b"") -> list[tuple[bytes, str, str | None]]:
    """Say what a dictionary has to say of the newest of each key."""
    answer: list[tuple[bytes, str, str | None]] = []
    for key, stack in sorted(bucket.items()):
        there = next((version for version in stack if version), None)
        if key.startswith(prefix) and there is not None:
            answer.append((key, DELETED if stack[0] is None else FILE, there))
    return answer


keys = st.lists(
    st.sampled_from(["a", "b", "a-b", "a.b", "a0", "", " +%"]), min_size=1, max_size=3
).map(lambda parts: "/".join(parts).encode())
stacks = st.lists(st.sampled_from(["v3", "v2", "v1", None, None]), min_size=1, max_size=5)
buckets = st.dictionaries(keys.filter(bool), stacks, max_size=12)


@given(buckets, st.integers(1, 5), st.sampled_from([b"", b"a", b"a/", b"b/a"]))
def test_all_versions(bucket: Bucket, page: int, prefix: bytes) -> None:
    server = Server(bucket, page)
    for name in ("AmazonS3", "MinIO"):
        rows = everything(reached(server, versioned=True, name=name), prefix)
        assert found(rows) == expected(bucket, prefix)


@given(buckets, st.integers(1, 5), st.booleans(), st.sampled_from([b"", b"a/"]))
def test_what_is_there(bucket: Bucket, page: int, tree: bool, prefix: bytes) -> None:
    server = Server(bucket, page, tree=tree)
    rows = everything(reached(server, name="SeaweedFS 4" if tree else "x"), prefix)
    there = [(key, kind, None) for key, kind, _ in expected(bucket, prefix) if kind == FILE]
    assert found(rows) == there


@given(buckets, st.integers(1, 3))
def test_a_server_that_loses_versions_loses_nothing_that_is_there(
    bucket: Bucket, page: int
) -> None:
    server = Server(bucket, page, tree=True, lossy=True)
    rows = found(everything(reached(server, versioned=True, name="SeaweedFS"), b""))
    there = {key for key, kind, _ in expected(bucket) if kind == FILE}
    assert there <= {key for key, kind, _ in rows if kind == FILE}
    assert {key for key, _, _ in rows} <= set(bucket)


@given(buckets.filter(bool), st.data())
def test_one_key(bucket: Bucket, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(bucket)))
    for name in ("AmazonS3", "SeaweedFS"):
        server = Server(bucket, 2, tree=name == "SeaweedFS")
        now = one(reached(server, versioned=True, name=name), key)
        wanted = [row for row in expected(bucket) if row[0] == key]
        assert found(iter([now] if now else [])) == wanted


def test_one_key_costs_one_page() -> None:
    server = Server({b"a%d" % i: ["v"] for i in range(50)}, 10)
    assert one(reached(server), b"a1") is not None
    assert server.pages == 1


def test_a_folder_that_is_no_text_is_told() -> None:
    server = Server({b"\xff/a": ["v"], b"\xffb": ["v"]}, 5)
    rows = list(everything(reached(server, name="SeaweedFS"), b""))
    assert [(row.key, row.kind, row.detail) for row in rows] == [
        (b"\xff/", UNREADABLE, b"EILSEQ"),
        (b"\xffb", FILE, None),
    ]


class Told:
    """Answers with one page, whatever is asked."""

    def __init__(self, *items: dict[str, Any], **more: Any) -> None:
        self.answer = {"IsTruncated": False, "Contents": list(items), **more}

    def list(self, *_: Any, **_request: Any) -> dict[str, Any]:
        return self.answer


def test_keys_of_a_server_that_does_not_escape() -> None:
    server = Told({**_item(b"a"), "Key": "a+b%20c"})
    assert [row.key for row in everything(reached(server), b"")] == [b"a+b%20c"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"StorageClass": "GLACIER"}, ARCHIVED),
        (
            {"StorageClass": "DEEP_ARCHIVE", "RestoreStatus": {"IsRestoreInProgress": True}},
            ARCHIVED,
        ),
        (
            {
                "StorageClass": "GLACIER",
                "RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": THEN},
            },
            FILE,
        ),
        ({"StorageClass": "GLACIER_IR"}, FILE),
        ({"StorageClass": "INTELLIGENT_TIERING"}, FILE),
        ({}, FILE),
    ],
)
def test_archives(more: dict[str, Any], kind: str) -> None:
    (row,) = everything(reached(Told(_item(b"a", **more))), b"")
    assert row.kind == kind


def test_folders_have_no_bytes() -> None:
    full, empty = _item(b"a/"), {**_item(b"b/"), "Size": 0}
    rows = list(everything(reached(Told(full, empty)), b""))
    assert [(row.key, row.kind) for row in rows] == [(b"a/", FILE), (b"b/", FOLDER)]


def test_a_key_that_comes_twice_is_no_order() -> None:
    with pytest.raises(Refused, match="no order"):
        list(everything(reached(Told(_item(b"a"), _item(b"a"))), b""))


def test_many_versions_on_a_real_server_that_lists_by_folders(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment().items():
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("reconciler.recovery.objects.pages.PAGE", 3)
    bucket, client = s3.new_bucket(), s3.client()
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    names = [f"{folder}/{i}" for folder in ("v", "v-3", "v/x") for i in range(3)] + ["v-2", "w"]
    names += ["a", "a-", "a--", "a-b", "a-c", "a.", "a0", "v/0-", "v/0--"]
    for name in names:
        for body in (b"1", b"2"):
            client.put_object(Bucket=bucket, Key=name, Body=body)
    with opened(f"{s3.endpoint}/{bucket}") as source:
        assert [row.path.decode() for row in listed(source)] == sorted(names)
