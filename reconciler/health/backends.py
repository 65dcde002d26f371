"""Preflight of what storages lie on: is the folder there, and does the bucket answer.

Nothing is written, neither to a folder nor to a bucket. What can't be read is not taken for
absent: only a folder or bucket that is known not to be there counts as such.
"""

from __future__ import annotations

import errno
import os
import ssl
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from reconciler.buckets import NO_TLS, VARIABLE, asking_client, library_of, s3_distrusted
from reconciler.environment.certificates import Fault, fault
from reconciler.environment.extras import missing_extra
from reconciler.errors import UsageError
from reconciler.location import location
from reconciler.masking import quoted_url
from reconciler.model import Values
from reconciler.printable import quoted, shown

#: How long one folder or bucket may take to answer, in seconds, and how many are asked at once.
TIMEOUT = 10.0
AT_ONCE = 16
FINE, UNUSABLE, UNKNOWN = "fine", "unusable", "unknown"
#: Partitions of AWS, as `location` names them.
_AWS = frozenset({"aws", "aws-cn", "aws-us-gov"})
_REGION_HEADER = "x-amz-bucket-region"


class Backend(Struct, frozen=True):
    """What was found of the folder or bucket that a storage is to lie on."""

    #: The storage's name.
    name: str
    #: `fine`; `unusable`: surely absent, not writable or elsewhere; `unknown`: nobody can tell.
    status: str
    #: A sentence without a name in front: `the folder … does not exist`.
    message: str

    @property
    def is_fine(self) -> bool:
        """Whether it is there and can be used."""
        return self.status == FINE

    @property
    def is_unusable(self) -> bool:
        """Whether it is known that it can't be used."""
        return self.status == UNUSABLE


class _Found(Struct, frozen=True):
    """What was found at one location, whatever is to lie there."""

    status: str
    message: str


class _Bucket(Struct, frozen=True):
    """A bucket, and where it is asked for; no endpoint: on AWS."""

    name: str
    region: str | None
    endpoint: str | None


def check_backends(
    wanted: Iterable[Values], *, timeout: float = TIMEOUT, at_once: int = AT_ONCE
) -> tuple[Backend, ...]:
    """Look at what storages are to lie on, in the order given.

    At most `at_once` are asked at a time, each once, and each has `timeout` seconds. Raises
    nothing: what goes wrong is in the result, without credentials.
    """
    storages = list(wanted)
    clients = _Clients(timeout, at_once)
    # What lies at one place is asked for once.
    places = list(dict.fromkeys(map(_place, storages)))
    found = dict(zip(places, _all(places, clients, timeout, at_once), strict=True))
    return tuple(
        Backend(storage.name, found[_place(storage)].status, found[_place(storage)].message)
        for storage in storages
    )


def _place(storage: Values) -> Values:
    return msgspec.structs.replace(storage, name="", label="")


def _all(
    places: Iterable[Values], clients: _Clients, timeout: float, at_once: int
) -> Iterator[_Found]:
    """Look at places, some at a time, and wait for none longer than its time.

    A folder on a server that is gone can hang for ever, and nothing can end that: the threads are
    daemons, so that the program can end without them.
    """
    rest = iter(places)
    while batch := [_Look(place, clients) for place in islice(rest, at_once)]:
        deadline = time.monotonic() + timeout
        for look in batch:
            found = look.result(deadline)
            url = quoted_url(look.place.default_url)
            yield found or _Found(UNKNOWN, f"{url} did not answer within {timeout:g} s")


class _Look:
    """A look at one place, in a thread of its own."""

    def __init__(self, place: Values, clients: _Clients) -> None:
        self.place = place
        self._clients = clients
        self._found: _Found | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="backend", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = _check(self.place, self._clients)
        except BaseException as error:
            self._error = error

    def result(self, deadline: float) -> _Found | None:
        """Return what was found by `deadline`, on the monotonic clock; None if that was nothing."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._error is not None:
            raise self._error
        return self._found


def _check(place: Values, clients: _Clients) -> _Found:
    if place.type == "local":
        return _folder(place.default_url)
    return _in_bucket(place, clients)


def _folder(url: str) -> _Found:
    text = url[7:] if url[:7].lower() == "file://" else url
    what = f"the folder {quoted(text)}"
    path = Path(text)
    if not path.is_absolute():
        return _Found(UNKNOWN, f"{what} is no absolute path of this machine")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _Found(UNUSABLE, f"{what} does not exist on this machine: create or mount it")
    except (OSError, ValueError) as error:
        reason = os.strerror(getattr(error, "errno", None) or errno.EINVAL)
        return _Found(UNKNOWN, f"{what} can't be looked at ({reason})")
    if not stat.S_ISDIR(mode):
        return _Found(UNUSABLE, f"{quoted(text)} is not a folder")
    if not os.access(path, os.W_OK | os.X_OK):
        return _Found(UNUSABLE, f"{what} is not writable for this account")
    return _Found(FINE, f"{what} is there and writable")


def _in_bucket(place: Values, clients: _Clients) -> _Found:
    bucket = _bucket(place)
    if bucket is None:
        url = quoted_url(place.default_url)
        return _Found(UNKNOWN, f"{url} does not tell which bucket is meant")
    try:
        return _head(bucket, clients)
    except ImportError:
        return _Found(UNKNOWN, missing_extra("asking for a bucket", "s3"))


def _bucket(storage: Values) -> _Bucket | None:
    """Find out which bucket a storage lies in; None if its URL does not say."""
    place = location(storage.type, storage.default_url)
    kind, _, path = place.place.partition(":")
    if kind in _AWS:
        return _Bucket(path.split("/")[0], storage.region or place.region, None)
    try:
        parts = urlsplit(path)
    except ValueError:
        return None
    name = parts.path.lstrip("/").split("/")[0]
    if parts.scheme not in ("http", "https") or not name or parts.query or parts.fragment:
        return None
    return _Bucket(name, storage.region, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


class _Answered(Exception):  # noqa: N818 - no error, but the way out of boto3
    """HeadBucket was answered, with this status and these headers."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


def _take(parsed_response: Mapping[str, Any] | None, **_: object) -> None:
    """Take the first answer that there is.

    Left alone, boto3 follows redirects to other regions, which is not what was asked, and calls
    itself without end if a server redirects without a word of where to.
    """
    if parsed_response is not None:
        metadata = parsed_response["ResponseMetadata"]
        raise _Answered(metadata["HTTPStatusCode"], metadata["HTTPHeaders"])


def _head(bucket: _Bucket, clients: _Clients) -> _Found:
    """Ask for a bucket."""
    where = f" at {shown(bucket.endpoint)}" if bucket.endpoint else ""
    what = f"the bucket {quoted(bucket.name)}{where}"
    try:
        clients.get(bucket).head_bucket(Bucket=bucket.name)
        reason = "no answer"
    except _Answered as answer:
        return _heard(bucket, what, answer)
    except UsageError as error:
        reason = str(error)
    except Exception as error:
        if library_of(error) == "botocore":
            # Its text can hold whatever the configuration does; its name says what went wrong.
            reason = _reason(error)
        elif isinstance(error, ValueError):
            reason = "its address is not one that can be asked"
        else:
            raise
    return _Found(UNKNOWN, f"{what} could not be asked for ({reason})")


def _reason(error: BaseException) -> str:
    """Return what stood in the way, without what a library tells of the configuration."""
    name, cause = type(error).__name__, error
    named = bool(os.environ.get(VARIABLE))
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return s3_distrusted(fault(cause), cause.verify_message, named=named)
        if type(cause).__name__ == "CertificateError":  # urllib3 compares the names itself
            return s3_distrusted(Fault.OTHER_HOST, str(cause), named=named)
    return NO_TLS if name == "SSLError" else name


class _Clients:
    """One client of boto3 for each endpoint and region: making one is dear."""

    def __init__(self, timeout: float, at_once: int) -> None:
        self._timeout = timeout
        self._at_once = at_once
        self._mutex = threading.Lock()
        self._made: dict[tuple[str | None, str | None], Any] = {}

    def get(self, bucket: _Bucket) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return the client for a bucket. Credentials come from the usual places of AWS."""
        # Making clients is not safe in several threads at once; using them is.
        with self._mutex:
            key = (bucket.endpoint, bucket.region)
            if key not in self._made:
                self._made[key] = self._make(bucket)
            return self._made[key]

    def _make(self, bucket: _Bucket) -> Any:  # noqa: ANN401
        client = asking_client(bucket.endpoint, bucket.region, self._timeout, self._at_once)
        client.meta.events.register("response-received.s3.HeadBucket", _take)
        return client


#: What an answer to HeadBucket means, by its status.
_MEANINGS = {
    200: (FINE, "answers"),
    301: (UNKNOWN, "answers 301: perhaps it is in another region"),
    400: (UNKNOWN, "answers 400: perhaps it is in another region"),
    403: (UNKNOWN, "may not be asked for with these credentials (403)"),
    404: (UNUSABLE, "does not exist"),
}


def _heard(bucket: _Bucket, what: str, answer: _Answered) -> _Found:
    """Return what an answer to HeadBucket means; `what` is the bucket in words."""
    region = answer.headers.get(_REGION_HEADER)
    if region and bucket.region and region != bucket.region:
        declared = quoted(bucket.region)
        return _Found(UNUSABLE, f"{what} is in {quoted(region)}, not in {declared} as declared")
    verdict, meaning = _MEANINGS.get(answer.status, (UNKNOWN, f"answers {answer.status}"))
    return _Found(verdict, f"{what} {meaning}")
