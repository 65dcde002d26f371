"""`--relocate`: addresses that begin otherwise here than where they were written down."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.location import sanitize_local_url
from reconciler.masking import quoted_url
from reconciler.printable import quoted


def moved(urls: Sequence[str], moves: Sequence[str], what: str) -> list[str]:
    """Return the addresses as they are here.

    `moves` are the values of `--relocate`: raises `UsageError` for one that is none, or that moves
    nothing; `what` names what was to be moved.
    """
    pairs = [_pair(move) for move in moves]
    used: set[int] = set()
    found = [_moved(url, pairs, used) for url in urls]
    for i, (start, _) in enumerate(pairs):
        if i not in used:
            raise UsageError(f"--relocate {quoted_url(start)}=…: no {what} lies there")
    return found


def _moved(url: str, pairs: Sequence[tuple[str, str]], used: set[int]) -> str:
    # The longest that fits: what is said of a folder says more than what is said above it.
    fits = [i for i, (start, _) in enumerate(pairs) if _below(url, start) is not None]
    best = max(fits, key=lambda i: len(pairs[i][0]), default=None)
    if best is None:
        return url
    used.update(fits)
    start, end = pairs[best]
    rest = _below(url, start) or ""
    return end.rstrip("/") + rest if rest else end


def _pair(move: str) -> tuple[str, str]:
    start, equals, end = move.partition("=")
    if not (start and equals and end):
        raise UsageError(
            f"--relocate {quoted(move)} is no FROM=TO: write the start of an address, an equals "
            "sign, and what takes its place"
        )
    return start, end


def _below(url: str, start: str) -> str | None:
    """Return what follows `start` in an address, beginning with `/`; None if it lies elsewhere."""
    if "://" not in start or start.startswith("file://"):
        url, start = sanitize_local_url(url), sanitize_local_url(start)
    start = start.rstrip("/")
    if url == start:
        return ""
    return url[len(start) :] if url.startswith(start + "/") else None
