"""Reaching a bucket: by its address, in its region; and why it can't be reached."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from reconciler.buckets import Answer, asking_client
from reconciler.environment.extras import missing_extra
from reconciler.errors import UnreachableError
from reconciler.lease.bucket_failure import REFUSALS
from reconciler.location import Bucket, bucket_of, location, named_bucket
from reconciler.masking import masked, quoted_url
from reconciler.printable import quoted, shown
from reconciler.recovery.roots.asking import AT_FIRST, LISTING, NO_ANSWER, Asking, Refused, Tries
from reconciler.recovery.values import Target
from reconciler.retry.surroundings import Surroundings

#: How long connecting, and each part of an answer, may take, in seconds.
TIMEOUT = 30.0
CONNECTIONS = 64
#: Two readings of what `%41` in an address means would be two places.
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
#: How an answer begins that says whether a bucket keeps versions; not all servers call it alike.
_VERSIONING = re.compile(rb"\s*(?:<\?xml[^>]*>)?\s*<\w*Versioning")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError")
#: What is answered by servers that never tell of versions: we may not ask, or they know no such
#: question.
_NEVER = (400, 401, 403, 404, 405, 501)
_NEEDS = "they need s3:ListBucket on the bucket and s3:GetObject on what lies in it"


class Reached(Struct, frozen=True):
    """A bucket that has answered."""

    asking: Asking
    region: str
    #: What the server calls itself; may be empty.
    server: str
    #: Whether it keeps versions, and says which.
    versioned: bool


class Door:
    """The way to a bucket, for any thread. Nothing is asked before the first call."""

    def __init__(self, target: Target, surroundings: Surroundings | None = None) -> None:
        self.target = target
        self._surroundings = surroundings
        self._mutex = threading.Lock()
        self._reached: Reached | None = None

    def reached(self) -> Reached:
        """Return the bucket once it has answered. Raises `UnreachableError`."""
        with self._mutex:
            return self._reached or self._reach()

    def ask_anew(self) -> Reached:
        """Ask for the bucket now. Raises `UnreachableError`."""
        with self._mutex:
            return self._reach()

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
        # Without the mutex: whoever waits for an answer holds it.
        reached, self._reached = self._reached, None
        if reached is not None:
            reached.asking.client.close()

    def declared(self) -> str | None:
        """Return the region that the address names, or else the declared one.

        What is read elsewhere than it was declared may be in another, which it tells.
        """
        target = self.target
        where = location(target.type, target.url)
        return where.region or (target.region if where.place == target.place else None)

    def lost(self, refused: Refused, what: str) -> UnreachableError:
        """Return what a refusal means that is one of the whole bucket: it can't be `what`."""
        known = REFUSALS.get(refused.code)
        if refused.code == "NoSuchBucket":
            return self.unreachable("does not exist: check its address, or restore it")
        if known:
            return self.unreachable(f"can't be {what} ({known[0]}): {known[1]}")
        if refused.code in _NO_CREDENTIALS:
            return self.unreachable(
                f"can't be {what}, for there are no AWS credentials: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        if refused.status in (401, 403):
            reason = f"may not be {what} with these credentials ({refused.status})"
            return self.unreachable(f"{reason}: {_NEEDS}")
        told = refused.reason + (f", {refused.code}" if refused.status and refused.code else "")
        if refused.code == NO_ANSWER:
            return self.unreachable(
                f"can't be {what} ({told}): look whether {self._server()} runs, and can be reached "
                "from here"
            )
        hint = ": try again" if refused.passes else ""
        return self.unreachable(f"can't be {what} ({told}){hint}")

    def unreachable(self, meaning: str) -> UnreachableError:
        """Return an error that says it of the bucket, without a secret."""
        named = named_bucket(self.target.type, self.target.url)
        return UnreachableError(f"the bucket {named} {meaning}")

    def _server(self) -> str:
        bucket = bucket_of(self.target.type, self.target.url)
        if bucket is not None and bucket.endpoint:
            return "that server"  # which is named
        named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return f"the server {shown(masked(named))} (AWS_ENDPOINT_URL)" if named else "AWS"

    def _reach(self, tries: Tries = AT_FIRST) -> Reached:
        """Ask for the bucket, and once more in its own region if none is declared."""
        bucket = self._bucket()
        asking = self._reached.asking if self._reached else self._asking(bucket)
        answer = self._head(asking, tries)
        if answer.region and bucket.region and answer.region != bucket.region:
            where = f"is in {quoted(answer.region)}, not in {quoted(bucket.region)} as declared"
            raise self.unreachable(f"{where}: correct its region")
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
        target = self.target
        bucket = bucket_of(target.type, target.url, self.declared())
        if bucket is None:
            raise UnreachableError(f"{quoted_url(target.url)} does not tell which bucket is meant")
        if _ENCODED.search(bucket.prefix) and target.url[:5].lower() != "s3://":
            raise UnreachableError(
                f"{quoted_url(target.url)} has a prefix with an escape, which can mean two things: "
                "write its characters as they are"
            )
        return bucket

    def _asking(self, bucket: Bucket) -> Asking:
        try:
            client = asking_client(bucket.endpoint, bucket.region, TIMEOUT, CONNECTIONS)
        except ImportError:
            raise UnreachableError(missing_extra("reading a bucket", "recovery")) from None
        except ValueError:
            raise self.unreachable("has an address that can't be asked: check it") from None
        client.meta.events.register("before-parse.s3.GetBucketVersioning", _require_versioning)
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
                raise self.unreachable(
                    "is one whose requesters pay for what they read (Requester Pays), which is "
                    "never done unasked: read it with its owner's credentials"
                ) from None
            if refused.status in (301, 400) and refused.code not in REFUSALS:
                raise self.unreachable(
                    f"answers {refused.status}: perhaps it is in another region; declare it"
                ) from None
            raise self.lost(refused, "asked for") from None

    def _is_versioned(self, asking: Asking) -> bool:
        """Return whether versions are kept and listed to us.

        What says no for ever is believed. What fails is not: by the answer it is decided which
        hashes agree, and whether a file is missing or deleted. Raises `UnreachableError`.
        """
        try:
            answer = asking.ask("get_bucket_versioning", AT_FIRST)
            if not answer.get("Status"):
                return False
            asking.list("list_object_versions", AT_FIRST, Prefix=asking.bucket.prefix, MaxKeys=1)
        except Refused as refused:
            self.heed(refused)
            if refused.status not in _NEVER:
                raise self.lost(refused, "asked whether it keeps versions") from None
            return False  # it may keep versions, but lists none to us
        return True


def _require_versioning(response_dict: Mapping[str, Any], **_: object) -> None:
    """Raise `Refused` for a page with status 200, which boto3 takes for a bucket without versions.

    Else what is deleted there would look as if it were gone.
    """
    if response_dict["status_code"] == 200 and not _VERSIONING.match(response_dict["body"]):
        raise Refused(0, "no S3", "it answers with something else than what was asked")


def _requester_pays(asking: Asking) -> bool:
    try:
        return asking.ask("get_bucket_request_payment", AT_FIRST).get("Payer") == "Requester"
    except Refused:
        return False
