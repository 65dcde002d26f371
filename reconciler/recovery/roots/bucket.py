"""Proving that a bucket is there, in its region, and the one that the last scan read."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from reconciler.buckets import Answer, asking_client
from reconciler.environment.extras import missing_extra
from reconciler.errors import ReconcilerError, UnreachableError
from reconciler.lease.bucket_failure import REFUSALS
from reconciler.location import Bucket, bucket_of, location
from reconciler.masking import masked, quoted_url
from reconciler.printable import quoted, shown
from reconciler.recovery.roots.asking import AT_FIRST, LISTING, Asking, Refused, Tries
from reconciler.recovery.values import Root, Target
from reconciler.retry.surroundings import Surroundings

#: How long connecting, and each part of an answer, may take, in seconds.
TIMEOUT = 60.0
CONNECTIONS = 64
MARKER = ".jetraw-storage"
#: No marker is longer, in bytes.
LONGEST_MARKER = 65_536
#: The marker is looked for among so many pages of what lies at the root.
_PAGES = 10
#: Two readings of what `%41` in an address means would be two places.
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
#: What lists of objects are called in answers.
_LISTS = ("Contents", "Versions", "DeleteMarkers")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError")
_NEEDS = "they need s3:ListBucket on the bucket and s3:GetObject on what lies in it"


class Reached(Struct, frozen=True):
    """A bucket that has answered."""

    asking: Asking
    region: str
    #: What the server calls itself; may be empty.
    server: str
    #: Whether it keeps versions, and says which.
    versioned: bool


class BucketRoot:
    """A bucket, or what lies below a prefix in it. Nothing is asked before the first call."""

    def __init__(self, target: Target, surroundings: Surroundings | None = None) -> None:
        self._target = target
        self._surroundings = surroundings
        self._mutex = threading.Lock()
        self._reached: Reached | None = None

    def reached(self) -> Reached:
        """Return the bucket once it has answered. Raises `UnreachableError`."""
        with self._mutex:
            return self._reached or self._reach()

    def prove(self, known: Root | None) -> Root:
        """Ask anew, and hold what is found against what is `known`. Raises `UnreachableError`."""
        with self._mutex:
            reached = self._reach()
        try:
            root = self._look(reached, known)
        except Refused as refused:
            raise self.lost(refused, "looked at") from None
        self._compare(root, known)
        return root

    def still_there(self) -> None:
        """Return if the bucket answers, at once or in a while. Raises `UnreachableError`."""
        with self._mutex:
            self._reach(LISTING)

    def heed(self, refused: Refused) -> None:
        """Raise `UnreachableError` for a refusal that is one of us, whatever we ask for."""
        if refused.code in REFUSALS or refused.code == "NoSuchBucket":
            raise self.lost(refused, "read")

    def close(self) -> None:
        """Let go of connections."""
        with self._mutex:
            if self._reached is not None:
                self._reached.asking.client.close()
            self._reached = None

    def lost(self, refused: Refused, what: str) -> UnreachableError:
        """Return what a refusal means that is one of the whole bucket: it can't be `what`."""
        known = REFUSALS.get(refused.code)
        if refused.code == "NoSuchBucket":
            return self._unreachable("does not exist: check its address, or restore it")
        if known:
            return self._unreachable(f"can't be {what} ({known[0]}): {known[1]}")
        if refused.code in _NO_CREDENTIALS:
            return self._unreachable(
                f"can't be {what}, for there are no AWS credentials: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        if refused.status in (401, 403):
            reason = f"may not be {what} with these credentials ({refused.status})"
            return self._unreachable(f"{reason}: {_NEEDS}")
        told = refused.reason + (f", {refused.code}" if refused.status and refused.code else "")
        hint = ": try again" if refused.passes else ""
        return self._unreachable(f"can't be {what} ({told}){hint}")

    def _reach(self, tries: Tries = AT_FIRST) -> Reached:
        """Ask for the bucket, and once more in its own region if none is declared."""
        bucket = self._bucket()
        asking = self._reached.asking if self._reached else self._asking(bucket)
        answer = self._head(asking, tries)
        if answer.region and bucket.region and answer.region != bucket.region:
            where = f"is in {quoted(answer.region)}, not in {quoted(bucket.region)} as declared"
            raise self._unreachable(f"{where}: correct its region")
        if answer.status in (301, 400) and answer.region and not bucket.region:
            asking = self._asking(msgspec.structs.replace(bucket, region=answer.region))
            answer = self._head(asking, tries)
        if answer.status != 200:
            self._ask_otherwise(asking, answer.status)
        if self._reached is None or self._reached.asking is not asking:
            self._reached = Reached(
                asking,
                answer.region or "",
                answer.headers.get("server", ""),
                self._is_versioned(asking),
            )
        return self._reached

    def _bucket(self) -> Bucket:
        target = self._target
        bucket = bucket_of(target.type, target.url, self._declared())
        if bucket is None:
            raise UnreachableError(f"{quoted_url(target.url)} does not tell which bucket is meant")
        if _ENCODED.search(bucket.prefix) and target.url[:5].lower() != "s3://":
            raise UnreachableError(
                f"{quoted_url(target.url)} has a prefix with an escape, which can mean two things: "
                "write its characters as they are"
            )
        return bucket

    def _declared(self) -> str | None:
        """Return the declared region; what is read elsewhere has another one, which it tells."""
        target = self._target
        moved = location(target.type, target.url).place != target.place
        return None if moved else target.region

    def _asking(self, bucket: Bucket) -> Asking:
        try:
            client = asking_client(bucket.endpoint, bucket.region, TIMEOUT, CONNECTIONS)
        except ImportError:
            raise UnreachableError(missing_extra("reading a bucket", "recovery")) from None
        except ValueError:
            raise self._unreachable("has an address that can't be asked: check it") from None
        return Asking(bucket, client, self._surroundings)

    def _head(self, asking: Asking, tries: Tries) -> Answer:
        try:
            return asking.head(tries)
        except Refused as refused:
            raise self.lost(refused, "asked for") from None

    def _ask_otherwise(self, asking: Asking, status: int) -> None:
        """Find out why the bucket does not answer; it may be that only its prefix may be listed.

        An answer to HeadBucket has no words, so that the reason comes from a listing.
        """
        if status == 404:
            raise self.lost(Refused(404, "NoSuchBucket"), "asked for")
        try:
            asking.list("list_objects_v2", AT_FIRST, Prefix=asking.bucket.prefix, MaxKeys=1)
        except Refused as refused:
            if refused.status in (401, 403) and _requester_pays(asking):
                raise self._unreachable(
                    "is one whose requesters pay for what they read (Requester Pays), which is "
                    "never done unasked: read it with its owner's credentials"
                ) from None
            if refused.status in (301, 400) and refused.code not in REFUSALS:
                raise self._unreachable(
                    f"answers {refused.status}: perhaps it is in another region; declare it"
                ) from None
            raise self.lost(refused, "asked for") from None

    def _is_versioned(self, asking: Asking) -> bool:
        try:
            answer = asking.ask("get_bucket_versioning", AT_FIRST)
            if not answer.get("Status"):
                return False
            asking.list("list_object_versions", AT_FIRST, Prefix=asking.bucket.prefix, MaxKeys=1)
        except Refused:
            return False  # it may keep versions, but lists none to us
        return True

    def _look(self, reached: Reached, known: Root | None) -> Root:
        name, content = self._marker(reached, known.marker if known else "")
        return Root(
            "bucket",
            masked(self._target.url),
            marker=name,
            marker_sha256=hashlib.sha256(content).hexdigest() if name else "",
            empty=not name and self._is_empty(reached),
            versioned=reached.versioned,
            region=reached.region,
        )

    def _marker(self, reached: Reached, known: str) -> tuple[str, bytes]:
        """Return the name and content of the marker; empty without one."""
        prefix = reached.asking.bucket.prefix
        names = [known] if known else self._markers(reached.asking)
        for name in names:
            try:
                return name, read_marker(reached.asking, prefix + name)
            except Refused as refused:
                if refused.status != 404 or refused.code == "NoSuchBucket":
                    raise
        return "", b""

    def _markers(self, asking: Asking) -> Iterator[str]:
        prefix = asking.bucket.prefix
        request: dict[str, object] = {"Prefix": prefix, "Delimiter": "/"}
        for _ in range(_PAGES):
            page = asking.list("list_objects_v2", LISTING, **request)
            keys = [item["Key"] for item in page.get("Contents", ())]
            yield from sorted(key[len(prefix) :] for key in keys if key.endswith(MARKER))
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def _is_empty(self, reached: Reached) -> bool:
        asking, prefix = reached.asking, reached.asking.bucket.prefix
        operations = ["list_objects_v2", "list_object_versions"][: 1 + reached.versioned]
        for operation in operations:
            # Two, for the prefix itself may be an object that stands for an empty folder.
            page = asking.list(operation, LISTING, Prefix=prefix, MaxKeys=2)
            there = [item for kind in _LISTS for item in page.get(kind, ())]
            if any(item["Key"] != prefix for item in there):
                return False
        return True

    def _compare(self, root: Root, known: Root | None) -> None:
        if known is None:
            return
        if known.marker and not root.marker:
            raise self._unreachable(
                f"lacks the marker {quoted(known.marker)} that the last scan found: look whether "
                "it is the same bucket"
            )
        if known.marker and root.marker_sha256 != known.marker_sha256:
            raise self._unreachable(
                f"has another marker {quoted(known.marker)} than at the last scan: another storage "
                "lies there"
            )
        if root.empty and not known.empty:
            raise self._unreachable("is suddenly empty: look whether it is the same bucket")
        moved = known.region and root.region and root.region != known.region
        if moved and known.url == root.url and not self._declared():
            raise self._unreachable(
                f"is in {quoted(root.region)}, and was in {quoted(known.region)} at the last scan: "
                "it is another bucket of this name; declare its region if it is meant"
            )

    def _unreachable(self, meaning: str) -> UnreachableError:
        bucket = bucket_of(self._target.type, self._target.url)
        name = quoted(bucket.name) if bucket else quoted_url(self._target.url)
        where = f" at {shown(masked(bucket.endpoint))}" if bucket and bucket.endpoint else ""
        return UnreachableError(f"the bucket {name}{where} {meaning}")


def read_marker(asking: Asking, key: str) -> bytes:
    """Read a marker's content. Raises `Refused`."""

    def read() -> bytes:
        answer = asking.client.get_object(Bucket=asking.bucket.name, Key=key)
        data: bytes = answer["Body"].read(LONGEST_MARKER)
        return data

    return asking.patiently(read, LISTING)


def _requester_pays(asking: Asking) -> bool:
    try:
        return asking.ask("get_bucket_request_payment", AT_FIRST).get("Payer") == "Requester"
    except (Refused, ReconcilerError):
        return False
