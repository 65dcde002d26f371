"""Errors as answers: problem+json (RFC 9457), one code for each thing that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reconciler.printable import shown
from reconciler.server.calls.bodies import lease_json
from reconciler.server.store.refusals import (
    ChangedError,
    HoldsFilesError,
    KeyReusedError,
    LeasedError,
    NameTakenError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedValueError,
    StoreError,
    StoreUnavailableError,
    SupersededError,
)

MEDIA_TYPE = "application/problem+json"
#: How long a client should wait before it asks again, in seconds.
RETRY_AFTER = 1

#: What each code means: HTTP status and title. `schemas/openapi.yaml` tells clients the same.
CODES: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request can't be understood"),
    "unauthenticated": (401, "A valid token is needed"),
    "forbidden": (403, "The token's role does not allow this"),
    "not-found": (404, "There is nothing here"),
    "unsupported-api": (404, "This version of the API is not spoken here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "timeout": (408, "The request did not arrive in time"),
    "name-taken": (409, "Another storage has this name"),
    "holds-files": (409, "The storage holds files"),
    "locked": (409, "Somebody else holds the lease"),
    "lease-lost": (409, "The lease is not current"),
    "changed": (412, "The storage was changed"),
    "too-large": (413, "The content is too large"),
    "uri-too-long": (414, "The URL is too long"),
    "unsupported-media-type": (415, "The content has another type than expected"),
    "misdirected": (421, "The request was meant for another host"),
    "invalid-value": (422, "The platform can't hold this value"),
    "idempotency-key-reused": (422, "The idempotency key belongs to another request"),
    "headers-too-large": (431, "The headers are too large"),
    "not-implemented": (501, "The request uses what this server does not know"),
    "internal": (500, "The server has failed"),
    "outcome-unknown": (500, "Nobody knows whether this was written"),
    "unavailable": (503, "The database does not answer"),
}

_OF_STORE: Mapping[type[StoreError], str] = {
    NotFoundError: "not-found",
    NameTakenError: "name-taken",
    ChangedError: "changed",
    HoldsFilesError: "holds-files",
    RefusedValueError: "invalid-value",
    KeyReusedError: "idempotency-key-reused",
    SupersededError: "lease-lost",
    LeasedError: "locked",
    StoreUnavailableError: "unavailable",
    OutcomeUnknownError: "outcome-unknown",
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An answer that says what is wrong.

    `detail` is for people; `members` are further members of the document, `headers` further
    headers of the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        members: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code
        self.status, self.title = CODES[code]
        self.detail = detail
        self.headers = headers
        self.members = members or {}
        super().__init__(f"{code}: {detail}")

    def document(self) -> bytes:
        """Return the body of the answer."""
        return msgspec.json.encode(
            {
                "type": f"urn:reconciler:problem:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                **self.members,
            }
        )


def malformed(detail: str) -> Problem:
    """Return what can't be understood; it is escaped, for it may quote what the client sent."""
    return Problem("malformed", shown(detail))


def unavailable(detail: str) -> Problem:
    """Return that the same request may succeed later."""
    return Problem("unavailable", detail, headers=(("Retry-After", str(RETRY_AFTER)),))


def internal() -> Problem:
    """Return that there is a bug, and nothing of it."""
    return Problem("internal", "this is a bug of the server; its log says more")


def of_store(error: StoreError) -> Problem:
    """Return what a store refused."""
    code = next(_OF_STORE[kind] for kind in type(error).__mro__ if kind in _OF_STORE)
    if code == "unavailable":
        return unavailable(str(error))
    if isinstance(error, LeasedError):
        return Problem(code, str(error), members={"lease": lease_json(error.lease)})
    return Problem(code, str(error))
