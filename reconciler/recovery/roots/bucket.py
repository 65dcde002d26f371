"""Proving that a bucket is there, and is the one that the last scan read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from reconciler.masking import masked
from reconciler.printable import quoted
from reconciler.recovery.roots.asking import LISTING, Asking, Refused
from reconciler.recovery.roots.marker import LARGEST, SUFFIX
from reconciler.recovery.roots.reaching import Door, Reached
from reconciler.recovery.values import Root

#: The marker is looked for among so many pages of what lies at the root.
_PAGES = 10
#: What lists of objects are called in answers.
_LISTS = ("Contents", "Versions", "DeleteMarkers")


def prove(door: Door, known: Root | None) -> Root:
    """Ask for a bucket, and hold what is found against what is `known`.

    Raises `UnreachableError`.
    """
    reached = door.ask_anew()
    try:
        root = _look(door, reached, known)
    except Refused as refused:
        raise door.lost(refused, "looked at") from None
    if known is not None:
        differs = _differs(door, root, known)
        if differs:
            raise door.unreachable(differs)
    return root


def read_marker(asking: Asking, key: str) -> bytes:
    """Read a marker's content. Raises `Refused`."""

    def read() -> bytes:
        answer = asking.client.get_object(Bucket=asking.bucket.name, Key=key)
        data: bytes = answer["Body"].read(LARGEST)
        return data

    return asking.patiently(read, LISTING)


def _look(door: Door, reached: Reached, known: Root | None) -> Root:
    name, content = _marker(reached, known.marker if known else "")
    return Root(
        "bucket",
        masked(door.target.url),
        marker=name,
        marker_sha256=hashlib.sha256(content).hexdigest() if name else "",
        empty=not name and _is_empty(reached),
        versioned=reached.versioned,
        region=reached.region,
        server=_named_elsewhere(reached),
    )


def _named_elsewhere(reached: Reached) -> str:
    """Return the server that nothing but the environment names; empty for AWS."""
    asking = reached.asking
    if asking.bucket.endpoint or reached.server == "AmazonS3":
        return ""
    return masked(asking.client.meta.endpoint_url)


def _marker(reached: Reached, known: str) -> tuple[str, bytes]:
    """Return the name and content of the marker; empty without one."""
    prefix = reached.asking.bucket.prefix
    names = [known] if known else _markers(reached.asking)
    for name in names:
        try:
            return name, read_marker(reached.asking, prefix + name)
        except Refused as refused:
            if refused.status != 404 or refused.code == "NoSuchBucket":
                raise
    return "", b""


def _markers(asking: Asking) -> Iterator[str]:
    prefix = asking.bucket.prefix
    request: dict[str, object] = {"Prefix": prefix, "Delimiter": "/"}
    for _ in range(_PAGES):
        page = asking.list("list_objects_v2", LISTING, **request)
        small = [item["Key"] for item in page.get("Contents", ()) if item["Size"] <= LARGEST]
        yield from sorted(key[len(prefix) :] for key in small if key.endswith(SUFFIX.decode()))
        if "NextContinuationToken" not in page:
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def _is_empty(reached: Reached) -> bool:
    asking, prefix = reached.asking, reached.asking.bucket.prefix
    operations = ["list_objects_v2", "list_object_versions"][: 1 + reached.versioned]
    for operation in operations:
        page = asking.list(operation, LISTING, Prefix=prefix)
        there = [item for kind in _LISTS for item in page.get(kind, ())]
        # The prefix itself may be an object that stands for an empty folder.
        if any(item["Key"] != prefix for item in there):
            return False
    return True


def _differs(door: Door, root: Root, known: Root) -> str:
    """Return what shows that it is another bucket, or not as it was; empty if nothing does."""
    if known.marker and not root.marker:
        return (
            f"lacks the marker {quoted(known.marker)} that the last scan found: look whether it is "
            "the same bucket"
        )
    if known.marker and root.marker_sha256 != known.marker_sha256:
        return (
            f"has another marker {quoted(known.marker)} than at the last scan: another storage "
            "lies there"
        )
    if root.empty and not known.empty:
        return "is suddenly empty: look whether it is the same bucket"
    if known.versioned and not root.versioned and known.url == root.url:
        return (
            "does not tell of its versions, as it did at the last scan, so that what is deleted "
            "could not be told from what is gone: these credentials need s3:GetBucketVersioning "
            "and s3:ListBucketVersions"
        )
    moved = known.region and root.region and root.region != known.region
    if moved and known.url == root.url and not door.declared():
        return (
            f"is in {quoted(root.region)}, and was in {quoted(known.region)} at the last scan: it "
            "is another bucket of this name; declare its region if it is meant"
        )
    return ""
