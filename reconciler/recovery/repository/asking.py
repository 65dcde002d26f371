"""Asking a bucket: again where that may help, and in words for people where it does not."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

from reconciler.buckets import library_of, obstacle
from reconciler.environment.extras import missing_extra
from reconciler.errors import PlatformError, RepositoryError
from reconciler.lease.bucket_failure import failure
from reconciler.masking import masked
from reconciler.printable import quoted, shown
from reconciler.recovery.repository.address import InBucket
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
_NOT_IMPLEMENTED = re.compile(r"status code: 501|<Code>NotImplemented</Code>")
_Answer = TypeVar("_Answer")


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
            except (RepositoryError, ValueError):
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
        if "NoSuchBucket" in str(error):
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
        if library_of(error) == "obstore":
            found = failure(error, own_authorities=self.own_authorities)
            patience = PATIENCE if self._has_answered else FIRST_ANSWER / 2
            is_silent = found.reason.startswith(NO_ANSWER)
            return found.transient and not (is_silent and passed >= patience)
        return isinstance(error, ConnectionError)

    def _failed(self, what: str, error: Exception) -> Exception:
        """Return our error for it, without what the server said; a bug stays what it is."""
        if isinstance(error, FileNotFoundError):
            return self._no_bucket()
        if library_of(error) == "obstore":
            found = failure(error, own_authorities=self.own_authorities)
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

    def _told(self, what: str) -> str:
        return f"the repository {quoted(self._where.address)} could not {what}"


def _silent() -> str:
    """Return what helps against a server that does not answer."""
    named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    server = f"the server {shown(masked(named))} (AWS_ENDPOINT_URL)" if named else "AWS"
    return f"look whether {server} runs, and can be reached from here"
