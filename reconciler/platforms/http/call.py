"""One request to a state server, before it is sent."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from reconciler.platforms.http.answers import LONGEST_ANSWER


class Call(Struct, frozen=True):
    """One request."""

    method: str
    #: From `/v1` on, percent-encoded.
    path: str
    #: Whether its outcome matters: then a lost answer is an unknown outcome.
    writes: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | Iterable[bytes] | None = None
    #: Codes of problems that the caller deals with itself.
    handles: tuple[str, ...] = ()
    #: How long the answer may be, bytes.
    longest: int = LONGEST_ANSWER
    #: Whether the answer needs a lot of work first.
    is_work: bool = False
    #: Whether the answer may tell of many things.
    is_long: bool = False
