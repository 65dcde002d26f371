"""A lock in a bucket: `s3://BUCKET/KEY`, through conditional writes.

Some servers silently ignore the conditions, and then everybody wins. So the first write is
preceded by a probe in the same bucket, beside the lock's key: an object that is there is not to be
overwritten by `If-None-Match: *`, nor by `If-Match` with another's ETag.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from reconciler.buckets import is_condition_unmet, library_of, open_bucket
from reconciler.environment.extras import missing_extra
from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.lease.bucket_failure import failure
from reconciler.lease.record import LONGEST
from reconciler.lease.register import Seen
from reconciler.printable import quoted

if TYPE_CHECKING:
    from obstore.store import S3Store

#: How long one request may take, in seconds; a lease is renewed every 15.
TIMEOUT = 10.0
#: An ETag that no object has.
_NO_ETAG = f'"{0:032}"'
#: How often deleting the probe is tried.
_DELETIONS = 3
_Answer = TypeVar("_Answer")


class BucketRegister:
    """A record in a bucket. Nothing is asked before the first call.

    Endpoint, region and credentials come from the usual places of AWS (`AWS_ENDPOINT_URL_S3` or
    `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, …, `AWS_PROFILE`, roles).
    """

    def __init__(self, bucket: str, key: str, *, timeout: float = TIMEOUT) -> None:
        self._bucket = bucket
        self._key = key
        self._timeout = timeout
        self._opened: S3Store | None = None
        self._trusted = False
        self._own_authorities = False

    @property
    def address(self) -> str:
        return quoted(f"s3://{self._bucket}/{self._key}")

    def read(self) -> Seen | None:
        """Read the record with its ETag."""
        return self._ask("read", self._get)

    def swap(self, seen: Seen | None, data: bytes) -> bool:
        """Write the record if it still has the ETag that was seen, or still is not there."""
        if not self._trusted:
            self._probe()
            self._trusted = True
        try:
            return self._put(self._key, data, seen.version if seen else None)
        except UnavailableError as error:
            # Whoever did not get an answer does not know what it would have been.
            raise UnknownOutcomeError(str(error)) from None

    def set_aside(self, seen: Seen, instead: bytes) -> str:
        """Copy it beside the lock, and write `instead` over it."""
        aside = f"{self._key}.set-aside-{os.urandom(8).hex()}"
        self._ask("copied", lambda: self._store().copy(self._key, aside))
        if not self._put(self._key, instead, seen.version):
            raise UnavailableError(f"the lock {self.address} has changed; look again")
        return quoted(f"s3://{self._bucket}/{aside}")

    def close(self) -> None:
        self._opened = None

    def _get(self) -> Seen | None:
        try:
            found = self._store().get(self._key)
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise PlatformError(self._no_bucket()) from None
            return None
        if found.meta["size"] > LONGEST:
            return Seen(b"", found.meta["e_tag"] or "", problem="it is too long")
        data = bytes(found.bytes())
        version = found.meta["e_tag"]
        if not version:
            raise PlatformError(self._untrusted("it gives its objects no ETag"))
        return Seen(data, version)

    def _put(self, key: str, data: bytes, version: str | None) -> bool:
        """Write if nothing is there (no `version`), or that version; False if that is not so."""
        return self._ask("written", lambda: self._write(key, data, version))

    def _write(self, key: str, data: bytes, version: str | None) -> bool:
        store = self._store()
        try:
            store.put(
                key, data, mode={"e_tag": version} if version else "create", use_multipart=False
            )
        except FileNotFoundError as error:
            if version is None or "NoSuchBucket" in str(error):
                raise PlatformError(self._no_bucket()) from None
            return False  # what was to be replaced is gone
        except Exception as error:
            if is_condition_unmet(error):
                return False
            raise
        return True

    def _probe(self) -> None:
        """Find out whether the server heeds conditions; `PlatformError` if it does not."""
        key = f"{self._key}.probe-{os.urandom(8).hex()}"
        try:
            ignored = self._ignored(key)
        except BaseException:
            # Ctrl-C too: a write that was cut short may have arrived all the same.
            with contextlib.suppress(PlatformError):
                self._delete(key)
            raise
        self._delete(key)
        if ignored is not None:
            raise PlatformError(self._untrusted(f"it overwrites in spite of {ignored}"))

    def _ignored(self, key: str) -> str | None:
        """Name a condition that the server ignores; None if it heeds them."""
        # False is no surprise here: an answer may have been lost, and the request made again.
        self._put(key, b"1", None)
        if self._put(key, b"2", None):
            return "If-None-Match"
        return "If-Match" if self._put(key, b"3", _NO_ETAG) else None

    def _delete(self, key: str) -> None:
        """Delete an object, at once again if no answer came: nobody else clears it away."""
        for attempt in range(1, _DELETIONS + 1):
            try:
                self._ask("cleared of its probe", lambda: self._store().delete(key))
            except UnavailableError:
                if attempt == _DELETIONS:
                    raise
            else:
                return

    def _ask(self, what: str, call: Callable[[], _Answer]) -> _Answer:
        """Make a call; its errors become ours, without what the server said."""
        try:
            return call()
        except ImportError:
            raise PlatformError(missing_extra(f"the lock {self.address}", "s3")) from None
        except FileNotFoundError:
            raise PlatformError(self._no_bucket()) from None
        except (OSError, ValueError) as error:
            raise PlatformError(self._failed(what, type(error).__name__)) from None
        except Exception as error:
            match library_of(error):
                case "obstore":
                    raise self._classified(what, error) from None
                case "botocore":
                    raise PlatformError(self._failed(what, type(error).__name__)) from None
            raise

    def _classified(self, what: str, error: Exception) -> PlatformError:
        found = failure(error, own_authorities=self._own_authorities)
        text = self._failed(what, found.reason) + (f"; {found.hint}" if found.hint else "")
        return UnavailableError(text) if found.transient else PlatformError(text)

    def _failed(self, what: str, reason: str) -> str:
        return f"the lock {self.address} could not be {what} ({reason})"

    def _no_bucket(self) -> str:
        return f"there is no bucket {quoted(self._bucket)} for the lock {self.address}: create it"

    def _untrusted(self, why: str) -> str:
        return (
            f"the server of {self.address} can't keep a lock: {why}. Keep the lock on a server "
            "with conditional writes, or in a shared folder (file:///…)"
        )

    def _store(self) -> S3Store:
        if self._opened is None:
            self._opened, self._own_authorities = open_bucket(self._bucket, self._timeout)
        return self._opened
