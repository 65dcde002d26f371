"""Preflight of what storages lie on: is the folder there, and does the bucket answer.

Nothing is written, neither to a folder nor to a bucket. What can't be read is not taken for
absent: only a folder or bucket that is known not to be there counts as such.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from reconciler.buckets import Answer, ask_for_bucket, asking_client, library_of, obstacle
from reconciler.environment.extras import missing_extra
from reconciler.errors import UsageError
from reconciler.location import Bucket, bucket_of, named_bucket
from reconciler.masking import masked_path, quoted_url
from reconciler.model import Values
from reconciler.printable import quoted

#: How long one folder or bucket may take to answer, in seconds, and how many are asked at once.
TIMEOUT = 10.0
AT_ONCE = 16
FINE, UNUSABLE, UNKNOWN = "fine", "unusable", "unknown"


class Backend(Struct, frozen=True):
    """What was found of the folder or bucket that a storage is to lie on."""

    #: `fine`; `unusable`: surely absent, not writable or elsewhere; `unknown`: nobody can tell.
    status: str
    #: A sentence without a name in front: `the folder … does not exist`.
    message: str
    #: The storage's name; empty as long as it does not matter which one is to lie there.
    name: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether it is there and can be used."""
        return self.status == FINE

    @property
    def is_unusable(self) -> bool:
        """Whether it is known that it can't be used."""
        return self.status == UNUSABLE


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
    return tuple(replace(found[_place(storage)], name=storage.name) for storage in storages)


def _place(storage: Values) -> Values:
    return replace(storage, name="", label="")


def _all(
    places: Iterable[Values], clients: _Clients, timeout: float, at_once: int
) -> Iterator[Backend]:
    """Look at places, some at a time, and wait for none longer than its time.

    A folder on a server that is gone can hang for ever, and nothing can end that: the threads are
    daemons, so that the program can end without them.
    """
    rest = iter(places)
    while batch := [(place, _begun(place, clients)) for place in islice(rest, at_once)]:
        ended = wait([look for _, look in batch], timeout).done
        for place, look in batch:
            late = f"{quoted_url(place.default_url)} did not answer within {timeout:g} s"
            yield look.result() if look in ended else Backend(UNKNOWN, late)


def _begun(place: Values, clients: _Clients) -> Future[Backend]:
    """Look at one place, in a thread of its own."""
    look: Future[Backend] = Future()

    def run() -> None:
        try:
            look.set_result(_check(place, clients))
        except BaseException as error:
            look.set_exception(error)

    threading.Thread(target=run, name="backend", daemon=True).start()
    return look


def _check(place: Values, clients: _Clients) -> Backend:
    if place.type == "local":
        return _folder(place.default_url)
    return _in_bucket(place, clients)


def _folder(url: str) -> Backend:
    text = url[7:] if url[:7].lower() == "file://" else url
    named = quoted(masked_path(text))
    what = f"the folder {named}"
    path = Path(text)
    if not path.is_absolute():
        return Backend(UNKNOWN, f"{what} is no absolute path of this machine")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Backend(UNUSABLE, f"{what} does not exist on this machine: create or mount it")
    except (OSError, ValueError) as error:
        reason = os.strerror(getattr(error, "errno", None) or errno.EINVAL)
        return Backend(UNKNOWN, f"{what} can't be looked at ({reason})")
    if not stat.S_ISDIR(mode):
        return Backend(UNUSABLE, f"{named} is not a folder")
    if not os.access(path, os.W_OK | os.X_OK):
        return Backend(UNUSABLE, f"{what} is not writable for this account")
    return Backend(FINE, f"{what} is there and writable")


def _in_bucket(place: Values, clients: _Clients) -> Backend:
    bucket = bucket_of(place.type, place.default_url, place.region)
    if bucket is None:
        url = quoted_url(place.default_url)
        return Backend(UNKNOWN, f"{url} does not tell which bucket is meant")
    try:
        return _head(bucket, named_bucket(place.type, place.default_url), clients)
    except ImportError:
        return Backend(UNKNOWN, missing_extra("asking for a bucket", "s3"))


def _head(bucket: Bucket, named: str, clients: _Clients) -> Backend:
    """Ask for a bucket; `named` is what it is called."""
    what = f"the bucket {named}"
    try:
        return _heard(bucket, what, ask_for_bucket(clients.get(bucket), bucket.name))
    except UsageError as error:
        reason = str(error)
    except Exception as error:
        if library_of(error) == "botocore":
            # Its text can hold whatever the configuration does; its name says what went wrong.
            reason = obstacle(error)
        elif isinstance(error, ValueError):
            reason = "its address is not one that can be asked"
        else:
            raise
    return Backend(UNKNOWN, f"{what} could not be asked for ({reason})")


class _Clients:
    """One client of boto3 for each endpoint and region: making one is dear."""

    def __init__(self, timeout: float, at_once: int) -> None:
        self._timeout = timeout
        self._at_once = at_once
        self._mutex = threading.Lock()
        self._made: dict[tuple[str | None, str | None], Any] = {}

    def get(self, bucket: Bucket) -> Any:  # noqa: ANN401 - boto3 has no types
        """Return the client for a bucket. Credentials come from the usual places of AWS."""
        # Making clients is not safe in several threads at once; using them is.
        with self._mutex:
            key = (bucket.endpoint, bucket.region)
            if key not in self._made:
                self._made[key] = self._make(bucket)
            return self._made[key]

    def _make(self, bucket: Bucket) -> Any:  # noqa: ANN401
        return asking_client(bucket.endpoint, bucket.region, self._timeout, self._at_once)


#: What an answer to HeadBucket means, by its status.
_MEANINGS = {
    200: (FINE, "answers"),
    301: (UNKNOWN, "answers 301: perhaps it is in another region"),
    400: (UNKNOWN, "answers 400: perhaps it is in another region"),
    403: (UNKNOWN, "may not be asked for with these credentials (403)"),
    404: (UNUSABLE, "does not exist"),
}


def _heard(bucket: Bucket, what: str, answer: Answer) -> Backend:
    """Return what an answer to HeadBucket means; `what` is the bucket in words."""
    region = answer.region
    if region and bucket.region and region != bucket.region:
        declared = quoted(bucket.region)
        return Backend(UNUSABLE, f"{what} is in {quoted(region)}, not in {declared} as declared")
    status, meaning = _MEANINGS.get(answer.status, (UNKNOWN, f"answers {answer.status}"))
    return Backend(status, f"{what} {meaning}")
