"""Questions to a bucket: put again while it can't answer, and its refusals understood once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from reconciler.buckets import Answer, ask_for_bucket, is_listing, library_of, obstacle
from reconciler.errors import UnavailableError
from reconciler.location import Bucket
from reconciler.retry.limits import Limits
from reconciler.retry.persist import persist
from reconciler.retry.surroundings import Machine, Surroundings
from reconciler.retry.within import within

#: What servers call having too much to do.
_BUSY = frozenset(
    {
        *("SlowDown", "SlowDownRead", "ServiceUnavailable", "Throttling", "ThrottlingException"),
        *("RequestLimitExceeded", "TooManyRequests", "TooManyRequestsException"),
    }
)
#: In place of a status: nothing came, or not all of it.
NO_ANSWER, TRUNCATED = "no answer", "truncated"
_FAILING = frozenset({"InternalError", "RequestTimeout", NO_ANSWER, TRUNCATED})
#: Errors of botocore's after which the same question may well be answered.
_BROKEN_OFF = frozenset(
    {
        *("ConnectionError", "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"),
        *("ConnectionClosedError", "HTTPClientError", "IncompleteReadError"),
        *("ResponseStreamingError", "ProxyConnectionError", "IncompleteRead", "ProtocolError"),
    }
)
_CODE = re.compile(r"[A-Za-z0-9._]{1,64}")
_CLASS = re.compile(r"[A-Z_]{1,32}")
_T = TypeVar("_T")


class Tries(Struct, frozen=True):
    """For how many seconds a question is put again."""

    #: While the server says that it has too much to do.
    busy: float
    #: While it fails otherwise, or no answer comes.
    failing: float


#: Seconds in which something must answer that never has: its address may be wrong.
FIRST_ANSWER = 10.0
#: Somebody may have mistyped the address; a listing went well until now; and one object that can't
#: be read must not hold up all others.
AT_FIRST, LISTING, OBJECT = Tries(120.0, 5.0), Tries(120.0, 120.0), Tries(120.0, 2.0)


class Refused(Exception):  # noqa: N818 - told as a row or an `UnreachableError`, never as itself
    """A bucket's answer was not what was asked for, or none came."""

    def __init__(
        self, status: int, code: str = "", reason: str = "", *, storage_class: str = ""
    ) -> None:
        """Keep the HTTP status, 0 without an answer, and the server's own name of the reason."""
        super().__init__(status, code)
        self.status = status
        self.code = code
        #: In words, for what has no status.
        self.reason = reason or f"the server answered {status}"
        self.storage_class = storage_class

    @property
    def is_busy(self) -> bool:
        """Whether the server has too much to do."""
        return self.status in (429, 503) or self.code in _BUSY

    @property
    def passes(self) -> bool:
        """Whether the same question may well be answered later."""
        failing = self.status == 408 or (self.status >= 500 and self.status != 501)
        return self.is_busy or failing or self.code in _FAILING

    @property
    def short(self) -> str:
        """The status, or in a word what stands in its place."""
        return str(self.status) if self.status else self.code or "no answer"


class _AgainError(UnavailableError):
    """The same question may be answered later."""

    def __init__(self, refused: Refused, retry_after: float | None) -> None:
        super().__init__(refused.reason, retry_after=retry_after)
        self.refused = refused


class Asking:
    """A bucket that questions are put to, through one client of boto3, from any thread."""

    def __init__(self, bucket: Bucket, client: Any, surroundings: Surroundings | None) -> None:  # noqa: ANN401
        self.bucket = bucket
        self.client = client
        self._surroundings = surroundings or Machine()
        self._has_answered = False

    def ask(self, operation: str, tries: Tries, **request: object) -> Mapping[str, Any]:
        """Call an operation of boto3's client. Raises `Refused`."""
        call = getattr(self.client, operation)
        answer: Mapping[str, Any] = self.patiently(
            lambda: call(Bucket=self.bucket.name, **request), tries
        )
        return answer

    def list(self, operation: str, tries: Tries, **request: object) -> Mapping[str, Any]:
        """Ask for one page of a listing. Raises `Refused`, also for what only looks like one."""
        answer = self.ask(operation, tries, **request)
        if not is_listing(answer, self.bucket.name, str(request.get("Prefix", ""))):
            raise Refused(0, "no listing", "it answers with something else than a listing")
        # More is no harm: not every server counts prefixes.
        there = len(answer.get("Contents", ())) + len(answer.get("CommonPrefixes", ()))
        if there < answer.get("KeyCount", 0):
            lacks = f"it lists {there:,} keys and says that there are {answer['KeyCount']:,}"
            raise Refused(0, "no whole listing", lacks)
        return answer

    def head(self, tries: Tries = AT_FIRST) -> Answer:
        """Ask for the bucket; an answer of any status is one. Raises `Refused` if none comes."""

        def ask() -> Answer:
            answer = self._heard()
            refused = Refused(answer.status)
            if refused.passes:
                raise refused
            return answer

        return self.patiently(ask, tries)

    def _heard(self) -> Answer:
        def question() -> Answer:
            return ask_for_bucket(self.client, self.bucket.name)

        if self._has_answered:
            return question()
        try:
            answer = within(FIRST_ANSWER, question)
        except TimeoutError:
            raise Refused(0, NO_ANSWER, f"no answer within {FIRST_ANSWER:g} s") from None
        self._has_answered = True
        return answer

    def patiently(self, question: Callable[[], _T], tries: Tries) -> _T:
        """Put a question until it is answered, or the time for it is over. Raises `Refused`."""
        started = self._surroundings.now()

        def attempt() -> _T:
            try:
                return question()
            except Exception as error:
                refused, after = _understood(error)
                over = self._surroundings.now() - started >= tries.failing
                if refused.is_busy or (refused.passes and not over):
                    raise _AgainError(refused, after) from None
                raise refused from None

        try:
            return persist(attempt, Limits(), tries.busy, self._surroundings)
        except _AgainError as again:
            raise again.refused from None


def _understood(error: Exception) -> tuple[Refused, float | None]:
    """Return what an error of boto3's means, and how many seconds to wait, where it is told.

    Raises it again if it is none.
    """
    if isinstance(error, Refused):
        return error, None
    if isinstance(error, Answer):  # boto3 asks for the bucket itself where it is redirected
        return Refused(error.status), None
    response = getattr(error, "response", None)
    library = library_of(error)
    if library in ("botocore", "boto3") and isinstance(response, Mapping):
        return _answered(response)
    if library not in ("botocore", "boto3", "urllib3", "http") and not isinstance(error, OSError):
        raise error
    name = type(error).__name__
    passes = name in _BROKEN_OFF or isinstance(error, OSError)
    return Refused(0, NO_ANSWER if passes else name, obstacle(error)), None


def _answered(response: Mapping[str, Any]) -> tuple[Refused, float | None]:
    metadata, told = response.get("ResponseMetadata", {}), response.get("Error", {})
    code, kept = str(told.get("Code", "")), str(told.get("StorageClass", ""))
    refused = Refused(
        int(metadata.get("HTTPStatusCode", 0)),
        code if _CODE.fullmatch(code) and not code.isdigit() else "",
        storage_class=kept if _CLASS.fullmatch(kept) else "",
    )
    after = str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))
    seconds = float(after) if after.isascii() and after.isdigit() and len(after) < 6 else None
    return refused, seconds
