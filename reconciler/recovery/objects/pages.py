"""Listings of a bucket, page by page: keys as the bytes that they are, and what is told of each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from reconciler.recovery.roots.asking import LISTING, Asking, Refused
from reconciler.recovery.rows import ARCHIVED, FILE, FOLDER

#: Storage classes whose objects can't be read before somebody restores them.
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
#: Keys that one answer may list: as many as servers give at most.
PAGE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RESTORED = {"OptionalObjectAttributes": ["RestoreStatus"]}

Item = Mapping[str, Any]


class Listed(NamedTuple):
    """One object, as a listing has it."""

    key: bytes
    kind: str
    size: int | None
    mtime_ns: int | None
    version: str | None
    detail: bytes | None
    #: The ETag without its quotation marks: never a hash, but another one means other bytes.
    tag: bytes | None
    #: Whether the storage keeps a SHA-256 of the whole of it.
    summed: bool = False


class Page(NamedTuple):
    """What one answer lists, and the prefixes below which more lies where folders are asked for."""

    items: Sequence[tuple[bytes, Item]]
    markers: Sequence[tuple[bytes, Item]]
    folders: Sequence[bytes]


def present(asking: Asking, prefix: bytes, *, folder: bool) -> Iterator[Page]:
    """Ask for what is there, below a prefix, or only directly below it. Raises `Refused`."""
    return _pages(asking, "list_objects_v2", prefix, folder=folder)


def versions(asking: Asking, prefix: bytes, *, folder: bool) -> Iterator[Page]:
    """Ask for all versions, and the delete markers. Raises `Refused`."""
    return _pages(asking, "list_object_versions", prefix, folder=folder)


def _pages(asking: Asking, operation: str, prefix: bytes, *, folder: bool) -> Iterator[Page]:
    # boto3 leaves keys as they came if it is told how they are to come.
    request: dict[str, object] = {"Prefix": prefix.decode(), "EncodingType": "url", "MaxKeys": PAGE}
    request |= _RESTORED
    if folder:
        request["Delimiter"] = "/"
    while True:
        answer = asking.list(operation, LISTING, **request)
        decoded = _as_sent if answer.get("EncodingType") == "url" else str.encode
        yield Page(
            _keyed(answer.get("Contents", answer.get("Versions", ())), decoded),
            _keyed(answer.get("DeleteMarkers", ()), decoded),
            [decoded(item["Prefix"]) for item in answer.get("CommonPrefixes", ())],
        )
        if not answer.get("IsTruncated"):
            return
        following = _following(answer, decoded)
        if all(request.get(name) == value for name, value in following.items()):
            raise Refused(0, "no end", "its listing does not say how it goes on")
        request.update(following)


def _following(answer: Mapping[str, Any], decoded: Callable[[str], bytes]) -> dict[str, str]:
    """Return what asks for the next page; nothing if the answer does not say."""
    if "NextContinuationToken" in answer:
        return {"ContinuationToken": answer["NextContinuationToken"]}
    if "NextKeyMarker" not in answer:
        return {}
    try:
        following = {"KeyMarker": decoded(answer["NextKeyMarker"]).decode()}
    except UnicodeDecodeError:
        return {}
    if answer.get("NextVersionIdMarker"):
        following["VersionIdMarker"] = answer["NextVersionIdMarker"]
    return following


def listed(key: bytes, item: Item) -> Listed:
    """Return what an item of a listing says; a delete marker has no size."""
    size, storage_class = item.get("Size"), item.get("StorageClass", "")
    kind, detail = FILE, None
    if key.endswith(b"/") and size == 0:
        kind = FOLDER
    elif storage_class in _ARCHIVES and not _is_restored(item):
        kind, detail = ARCHIVED, storage_class.encode()
    return Listed(
        key,
        kind,
        size,
        nanoseconds(item["LastModified"]),
        item.get("VersionId"),
        detail,
        etag(item.get("ETag")),
        item.get("ChecksumType") == "FULL_OBJECT" and "SHA256" in item.get("ChecksumAlgorithm", ()),
    )


def nanoseconds(moment: datetime) -> int:
    """Return a moment as nanoseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def etag(text: str | None) -> bytes | None:
    """Return an ETag without its quotation marks; None without one."""
    return text.strip('"').encode("utf-8", "surrogateescape") if text else None


def full_sum(answer: Mapping[str, Any]) -> bytes | None:
    """Return the SHA-256 that an answer has of the whole object; None if it has none.

    The sum of an object that came in parts is one of the parts' sums.
    """
    text = answer.get("ChecksumSHA256", "")
    if answer.get("ChecksumType") != "FULL_OBJECT":
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if len(data) == 32 else None


def _keyed(items: Sequence[Item], decoded: Callable[[str], bytes]) -> Sequence[tuple[bytes, Item]]:
    return [(decoded(item["Key"]), item) for item in items]


def _as_sent(text: str) -> bytes:
    if "%" in text or "+" in text:
        return unquote_to_bytes(text.replace("+", " "))
    return text.encode()


def _is_restored(item: Item) -> bool:
    """Return whether a copy of an archived object can be read for now."""
    status = item.get("RestoreStatus", {})
    return status.get("IsRestoreInProgress") is False and "RestoreExpiryDate" in status
