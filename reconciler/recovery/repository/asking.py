"""Asking a bucket, and listing it: again where that may help, else told in words for people."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from reconciler.buckets import Answer, is_listing, library_of, listing_client, obstacle, silence
from reconciler.environment.extras import missing_extra
from reconciler.errors import PlatformError, RepositoryError, SnapshotError
from reconciler.lease.bucket_failure import Failure, failure
from reconciler.masking import masked
from reconciler.printable import quoted, shown
from reconciler.recovery.repository.address import InBucket
from reconciler.recovery.repository.contract import Entry
from reconciler.retry.within import within

#: How often something is tried, and the longest pause after the first failure, in seconds; it
#: doubles with each.
TRIES, PAUSE = 6, 0.5
#: Seconds in which a server must answer that never has, for its address may be wrong; and for which
#: one that has is asked again, though nothing comes. (One that is busy says so.)
FIRST_ANSWER, PATIENCE = 10.0, 120.0
#: How the reasons begin that mean this.
NO_ANSWER = "no answer"
_NEEDS = (
    "the account needs s3:ListBucket on the bucket, and s3:GetObject and s3:PutObject on what lies "
    "below the prefix; `prune` needs s3:DeleteObject as well"
)
_NOT_FOUND = "look whether it is the right server (AWS_ENDPOINT_URL) and the bucket is there"
_NOT_S3 = "a proxy or a login page may stand between: check AWS_ENDPOINT_URL, and the network"
_NOT_IMPLEMENTED = re.compile(r"status code: 501|<Code>NotImplemented</Code>")
_PAGE = 1_000
#: What boto3 calls an answer in which it can't even find XML.
_NO_XML = "ResponseParserError"
_NO_BUCKET = "NoSuchBucket"
_Answer = TypeVar("_Answer")


class NoS3Error(Exception):
    """An answer came that is none of S3: of a proxy, or a login page."""


class Listing:
    """The listings of one bucket, for which nothing else passes.

    obstore takes any answer with status 200 for a listing of nothing. `prune` would believe that,
    and delete what it can't see; so would whoever looks for findings.
    """

    def __init__(self, bucket: str, timeout: float) -> None:
        """Ask nothing yet; each request may take `timeout` seconds."""
        self._bucket = bucket
        self._timeout = timeout
        self._client: Any = None

    def entries(self, prefix: str, *, at_most: int = 0) -> Iterator[Entry]:
        """Yield what lies below a prefix, by its keys; `at_most` come with each answer.

        Raises `NoS3Error` if an answer is no listing, `FileNotFoundError` if there is no bucket,
        and what boto3 raises.
        """
        if self._client is None:
            self._client = listing_client(self._timeout)
        request: dict[str, object] = {"Prefix": prefix, "MaxKeys": at_most or _PAGE}
        while True:
            page = self._page(request)
            yield from map(_entry, page.get("Contents", ()))
            if not page["IsTruncated"]:
                return
            following = page.get("NextContinuationToken")
            if not following or following == request.get("ContinuationToken"):
                raise NoS3Error("its listing does not say how it goes on")
            request["ContinuationToken"] = following

    def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _page(self, request: dict[str, object]) -> Any:  # noqa: ANN401 - boto3 has no types
        try:
            page = self._client.list_objects_v2(Bucket=self._bucket, **request)
        except Exception as error:
            if type(error).__name__ == _NO_XML:
                raise NoS3Error("what answers there is no listing") from None
            if type(error).__name__ == _NO_BUCKET:
                raise FileNotFoundError(_NO_BUCKET) from None
            raise
        if not is_listing(page, self._bucket, str(request["Prefix"])):
            raise NoS3Error("what answers there is no listing")
        return page


class Asking:
    """The requests of one repository."""

    def __init__(self, where: InBucket, pause: Callable[[float], None] = time.sleep) -> None:
        self._where = where
        self._pause = pause
        #: Whether `AWS_CA_BUNDLE` is set, for messages.
        self.own_authorities = False
        self._has_answered = False

    def ask(self, what: str, call: Callable[[], _Answer]) -> _Answer:
        """Make a call; what may pass is tried again, all else is a `RepositoryError`."""
        started = time.monotonic()
        for attempt in range(1, TRIES + 1):
            try:
                return self._answered(call)
            except ImportError:
                raise RepositoryError(missing_extra(self._told("open"), "recovery")) from None
            except (RepositoryError, SnapshotError, ValueError):
                raise
            except PlatformError as error:  # credentials
                raise RepositoryError(f"{self._told(what)}: {error}") from None
            except Exception as error:
                passed = time.monotonic() - started
                again = attempt < TRIES and self._may_pass(error, passed)
                if not again:
                    raise self._failed(what, error) from None
            # Jitter, so that several do not always ask at the same moment.
            self._pause(random.uniform(0.5, 1.0) * PAUSE * 2 ** (attempt - 1))  # noqa: S311
        raise AssertionError("the last try returns or raises")

    def _answered(self, call: Callable[[], _Answer]) -> _Answer:
        """Make a call, which may take long only once the server has answered before."""
        if self._has_answered:
            return call()
        try:
            answer = within(FIRST_ANSWER, call)
        except FileNotFoundError:
            self._has_answered = True
            raise
        self._has_answered = True
        return answer

    def check_bucket(self, error: FileNotFoundError) -> None:
        """Raise `RepositoryError` if what was not found is the bucket itself."""
        if _NO_BUCKET in str(error):
            raise self._no_bucket()

    def _no_bucket(self) -> RepositoryError:
        bucket = quoted(self._where.bucket)
        return RepositoryError(
            f"there is no bucket {bucket} for the repository {quoted(self._where.address)}: "
            "create it, or check AWS_ENDPOINT_URL"
        )

    def is_not_implemented(self, error: Exception) -> bool:
        """Return whether the server says that it knows no conditions."""
        return library_of(error) == "obstore" and bool(_NOT_IMPLEMENTED.search(str(error)))

    def _may_pass(self, error: Exception, passed: float) -> bool:
        """Return whether to ask again, after so many seconds of asking."""
        if isinstance(error, FileNotFoundError):
            return False
        if found := self._understood(error):
            patience = PATIENCE if self._has_answered else FIRST_ANSWER / 2
            is_silent = found.reason.startswith(NO_ANSWER)
            return found.transient and not (is_silent and passed >= patience)
        return isinstance(error, ConnectionError)

    def _failed(self, what: str, error: Exception) -> Exception:
        """Return our error for it, without what the server said; a bug stays what it is."""
        if isinstance(error, FileNotFoundError):
            if _NO_BUCKET in str(error):
                return self._no_bucket()
            return RepositoryError(f"{self._told(what)} (the server answered 404); {_NOT_FOUND}")
        if found := self._understood(error):
            hint = _NEEDS if found.reason == "access denied" else found.hint
            if found.reason.startswith(NO_ANSWER):
                hint = _silent()
            told = f"{self._told(what)} ({found.reason})"
            return RepositoryError(f"{told}; {hint}" if hint else told)
        if isinstance(error, TimeoutError):
            return RepositoryError(
                f"{self._told(what)} ({NO_ANSWER} within {FIRST_ANSWER:g} s); {_silent()}"
            )
        if isinstance(error, OSError) or library_of(error) == "botocore":
            return RepositoryError(f"{self._told(what)} ({obstacle(error)})")
        return error

    def _understood(self, error: Exception) -> Failure | None:
        """Return what an error of S3 means; None if it is none."""
        if isinstance(error, NoS3Error):
            return Failure(str(error), _NOT_S3)
        if library_of(error) == "obstore":
            return failure(error, own_authorities=self.own_authorities)
        return _of_boto3(error, own_authorities=self.own_authorities)

    def _told(self, what: str) -> str:
        return f"the repository {quoted(self._where.address)} could not {what}"


def _silent() -> str:
    """Return what helps against a server that does not answer."""
    named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    server = f"the server {shown(masked(named))} (AWS_ENDPOINT_URL)" if named else "AWS"
    return f"look whether {server} runs, and can be reached from here"


def _of_boto3(error: Exception, *, own_authorities: bool) -> Failure | None:
    """Understand an error of boto3's, in the words for those of obstore; None if it is none."""
    if isinstance(error, Answer):  # it asks for the bucket itself where it is redirected
        return Failure("the bucket is in another region", "set AWS_REGION to its")
    response = getattr(error, "response", None)
    if library_of(error) in ("botocore", "boto3") and isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        told = response.get("Error", {})
        code = "AccessDenied" if status in (401, 403) and not told.get("Code") else ""
        text = f"status code: {status} <Code>{code or told.get('Code', '')}</Code>"
        region = f"<Region>{told['Region']}</Region>" if "Region" in told else ""
        return failure(ConnectionError(text + region), own_authorities=own_authorities)
    if library_of(error) in ("botocore", "boto3", "urllib3", "http") and (told := silence(error)):
        return Failure(f"no answer: {told}", "try again", transient=True)
    return None


def _entry(item: Any) -> Entry:  # noqa: ANN401 - boto3 has no types
    modified = item["LastModified"].timestamp()
    return Entry(item["Key"], item["Size"], modified, f"{item['ETag']}-{modified}")
