"""What an answer holds: unpacked, no longer than expected, and known by whose it is."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from reconciler.platforms.http.answers import (
    LONGEST_ANSWER,
    PROBLEM,
    Problem,
    UntrustedError,
    decode,
)
from reconciler.platforms.http.network.transport import NETWORK_ERRORS

VERSION_HEADER = "Reconciler-Version"
#: What our server answers where all went well.
SUCCESSES = (200, 201, 204)


def read_content(response: httpx.Response, longest: int) -> bytes:
    """Take in the content; raises `UntrustedError` for one that is too long or oddly packed."""
    check_packing(response)
    size = 0
    chunks = []
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > longest:
            raise UntrustedError(f"its answer is longer than {longest:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def check_packing(response: httpx.Response) -> None:
    """Refuse what was packed otherwise than asked for: packed twice, some KiB unpack to GiB."""
    if response.headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip"):
        raise UntrustedError("its answer is packed in a way that was not asked for")


def read_problem(response: httpx.Response) -> Problem | None:
    """Read a problem as our server writes them; None if it is none of those, or not whole.

    One header is no proof: a proxy may have kept it, and put a page of its own in place of the
    content, or another status.
    """
    if VERSION_HEADER not in response.headers or media_type(response.headers) != PROBLEM:
        return None
    try:
        problem = decode(read_content(response, LONGEST_ANSWER), Problem)
    except (UntrustedError, httpx.DecodingError, *NETWORK_ERRORS):
        return None
    own = problem.code and problem.type == f"urn:reconciler:problem:{problem.code}"
    return problem if own and problem.status == response.status_code else None


def media_type(headers: Mapping[str, str]) -> str:
    """Return the type of the content, without its parameters."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()
