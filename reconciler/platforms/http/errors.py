"""What a failed call means: every failure is turned into one of our errors here, and only here.

What was sent decides: a call that never left, or that only reads, may be made again; a write
whose answer was lost may have had its effect, and so may one that something on the way answered
in place of the server. Only a problem as our server writes them is an answer of its own, and only
its text is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore
import httpx
from msgspec import Struct

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    RefusedError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Lease, holder_of, locked_by
from reconciler.masking import masked
from reconciler.platforms.http.address import Address
from reconciler.platforms.http.answers import Api, Problem
from reconciler.platforms.http.network.proxies import Proxy
from reconciler.platforms.http.network.unreached import obstacle, refusing_alert, wants_login
from reconciler.printable import quoted, shown

#: The version of the HTTP API that this client speaks.
API = 1
#: How many characters of a server's own words are shown.
_LONGEST_DETAIL = 300
_NOT_KNOWN = "whether the change was made is not known"
#: Statuses by which proxies say that the same may go well later.
_PASSING = (408, 425, 429, 502, 503, 504)
_FINAL: dict[str, type[PlatformError]] = {
    "changed": ConflictError,
    "name-taken": ConflictError,
    "holds-files": ConflictError,
    "invalid-value": RefusedError,
    "too-large": RefusedError,
}


class Refusal(Struct, frozen=True):
    """An answer that is no success."""

    status: int
    headers: Mapping[str, str]
    #: What our server says is wrong; None if the answer is not its own.
    problem: Problem | None


class Words:
    """Says what went wrong with calls to one server."""

    def __init__(self, address: Address, proxy: Proxy | None, *, has_token: bool) -> None:
        self._address = address
        self._proxy = proxy
        self._has_token = has_token
        #: What the server takes us for, once it was asked.
        self.role = ""

    def lost(self, error: Exception, *, writes: bool, sent: bool) -> PlatformError:
        """Return why there is no answer, or no whole one; `sent`: the request was, perhaps."""
        if not sent:
            found = obstacle(error, self._address, self._proxy)
            if found.lasting:
                return self._error(PlatformError, found.text)
            return self.unavailable(found.text)
        if isinstance(error, httpx.DecodingError):
            return self.untrusted("its answer is not packed as it says", writes=writes)
        alert = refusing_alert(error)
        if alert and not writes:
            what = f"it ends TLS ({alert}): it may want a certificate of ours, and we have none"
            return self._error(PlatformError, what)
        if isinstance(error, httpcore.TimeoutException):
            what = "the answer did not come in time"
        else:
            what = "the connection broke before the whole answer was there"
        if writes:
            return self._error(UnknownOutcomeError, f"{what}: {_NOT_KNOWN}")
        return self.unavailable(what)

    def untrusted(self, what: str, *, writes: bool) -> PlatformError:
        """Return that an answer is not what it should be."""
        if writes:
            return self._error(UnknownOutcomeError, f"{what}: {_NOT_KNOWN}")
        return self._error(PlatformError, f"{what}: it can't be trusted, nothing was concluded")

    def not_ours(self, status: int, headers: Mapping[str, str], *, writes: bool) -> PlatformError:
        """Return that something else answered than a state server.

        It may have passed the request on before.
        """
        what = _foreign(status, headers)
        if status == 407 and self._proxy is not None:
            what = wants_login(self._proxy)
        passing = status in _PASSING
        wait = _wait(headers) if passing else None
        if writes:
            text = self._text(f"{what}: {_NOT_KNOWN}")
            return UnknownOutcomeError(text, retry_after=wait, lasting=not passing)
        return self.unavailable(what, wait) if passing else self._error(PlatformError, what)

    def refused(self, refusal: Refusal, *, writes: bool) -> PlatformError:
        """Return what a refusal means and what to do."""
        status, problem = refusal.status, refusal.problem
        if problem is None:
            return self.not_ours(status, refusal.headers, writes=writes)
        if status in (408, 429, 503):
            what = f"the server is too busy, or not ready (HTTP {status})"
            return self.unavailable(what, _wait(refusal.headers))
        if status >= 500:
            return self._failed(status, problem, writes=writes)
        return self._denied(status, problem)

    def changes_marks(self, mark: str) -> PlatformError:
        """Return that the server does not know the mark that its answer had a moment ago."""
        return self._error(
            PlatformError,
            f"the server refuses the ETag {shown(mark)} that its answer had a moment ago: a proxy "
            "on the way changes ETag or If-Match; have it leave both as they are (Apache: "
            "`DeflateAlterETag NoChange`), and nothing was written",
        )

    def unsupported(self, api: Api | None) -> PlatformError:
        """Return which side is too old."""
        if api and api.oldest > API:
            what = f"the server speaks API {api.oldest}, this version of reconciler only {API}"
            return self._error(PlatformError, f"{what}: update reconciler")
        if api and api.newest < API:
            what = f"the server speaks only API {api.newest}, this version of reconciler {API}"
            return self._error(PlatformError, f"{what}: update the server")
        return self._error(
            PlatformError, "the server does not know this call: update the older of the two"
        )

    def busy(self, lease: Lease | None) -> PlatformBusyError:
        """Return who holds the lease."""
        if lease is None:
            return PlatformBusyError(self._text("it is locked by another"))
        return PlatformBusyError(locked_by(lease))

    def lease_lost(self, lease: Lease | None) -> LeaseLostError:
        """Return who holds the lease that was ours."""
        what = "our lease was given up, has run out or was taken away"
        if lease is not None:
            what += f"; it is now that of {holder_of(lease)}"
        return LeaseLostError(self._text(what))

    def _failed(self, status: int, problem: Problem, *, writes: bool) -> PlatformError:
        what = f"the server failed (HTTP {status}{_detail(problem)})"
        if writes:
            return self._error(UnknownOutcomeError, f"{what}: {_NOT_KNOWN}")
        return self._error(PlatformError, f"{what}: look into its log")

    def _denied(self, status: int, problem: Problem) -> PlatformError:
        code = problem.code
        if status == 401:
            return self._error(PlatformError, self._unauthenticated())
        if status == 403:
            return self._error(PlatformError, self._forbidden())
        if code == "unsupported-api":
            return self.unsupported(problem.api)
        if code == "locked":
            return self.busy(problem.lease.lease() if problem.lease else None)
        if code == "lease-lost":
            return self.lease_lost(None)
        kind = _FINAL.get(code, PlatformError)
        return self._error(kind, f"the server refuses it (HTTP {status}{_detail(problem)})")

    def _unauthenticated(self) -> str:
        if self._has_token:
            return (
                "the server does not accept the token, which may have been revoked or have run "
                "out: have a new one made with `reconciler token create` and set RECONCILER_TOKEN"
            )
        return (
            "the server needs a token: have one made with `reconciler token create`, and set "
            "RECONCILER_TOKEN or RECONCILER_TOKEN_FILE"
        )

    def _forbidden(self) -> str:
        role = f"the token's role is {quoted(self.role)}" if self.role else "the token's role"
        joint = ", which" if self.role else ""
        return (
            f"{role}{joint} does not allow this: writing and locking need the role operator, "
            "taking somebody's lease away needs admin"
        )

    def unavailable(self, what: str, retry_after: float | None = None) -> UnavailableError:
        """Return that a call had no effect, and may be made again."""
        return UnavailableError(self._text(what), retry_after=retry_after)

    def _error(self, kind: type[PlatformError], what: str) -> PlatformError:
        return kind(self._text(what))

    def _text(self, what: str) -> str:
        return f"platform {quoted(self._address.text)}: {what}"


def _detail(problem: Problem) -> str:
    if not problem.detail:
        return ""
    detail = problem.detail
    cut = detail if len(detail) <= _LONGEST_DETAIL else detail[:_LONGEST_DETAIL] + "…"
    return f": {shown(cut)}"


def _foreign(status: int, headers: Mapping[str, str]) -> str:
    """Return what something else than a state server answers."""
    if 300 <= status < 400:
        to = quoted(masked(headers.get("location", ""))[:_LONGEST_DETAIL])
        return (
            f"it sends us on to {to} (HTTP {status}; if that is right, write that address), and "
            "nothing was sent there"
        )
    if status in (502, 504):
        return f"a proxy on the way could not reach it, or got no answer (HTTP {status})"
    if status in _PASSING:
        return f"the server, or a proxy before it, is too busy or not ready (HTTP {status})"
    return (
        f"what answers (HTTP {status}) is not a state server of reconciler (check the address, "
        "and the proxies on the way)"
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, seconds or a date; a date counts from the server's own clock."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = _date(text)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
