"""`--relocate`: addresses that begin otherwise here than where they were written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reconciler.applying.apart import Lying
from reconciler.errors import UsageError
from reconciler.location import sanitize_local_url
from reconciler.masking import quoted_url
from reconciler.printable import quoted

_SCHEME = re.compile(r"\A(?!(?i:file)://)[A-Za-z][A-Za-z0-9+.-]*://")
_ROOTED = re.compile(r"(?i:file:///)|/|\\\\|[A-Za-z]:[/\\]")
#: What leads elsewhere than it says.
_DOTS = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")


def moved(
    storages: Sequence[Lying], moves: Sequence[str], what: str, others: Iterable[Lying] = ()
) -> list[str]:
    """Return the addresses of storages as they are here.

    `moves` are the values of `--relocate`: raises `UsageError` for one that is none, or that moves
    nothing; `what` names what was to be moved. Raises it too for two storages that would lie at one
    place and did not before, `others` among them, which stay where they are.
    """
    pairs = [_pair(move) for move in moves]
    used: set[int] = set()
    found = [_moved(each.url, pairs, used) for each in storages]
    for i, (start, _) in enumerate(pairs):
        if i not in used:
            why = f"no {what} lies there"
            if start in {each.name for each in storages}:
                why = "FROM is the start of an address, and not a name: `reconciler list` shows it"
            raise UsageError(f"--relocate {quoted_url(start)}=…: {why}")
    if pairs:
        now = [each._replace(url=url) for each, url in zip(storages, found, strict=True)]
        _check_apart([*others, *storages], [*others, *now])
    return found


def _check_apart(before: Sequence[Lying], now: Sequence[Lying]) -> None:
    first: dict[str, int] = {}
    for i, each in enumerate(now):
        other = first.setdefault(each.place, i)
        if before[i].place != before[other].place:
            raise UsageError(
                f"--relocate would put {quoted(now[other].name)} and {quoted(each.name)} at one "
                f"place, {quoted_url(each.url)}, where each had its own: nobody could tell them "
                "apart any more. Give each a place of its own"
            )


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
    if why := _unclear(start, end):
        raise UsageError(f"--relocate …={quoted_url(end)}: {why}")
    return start, end


def _unclear(start: str, end: str) -> str:
    """Return why nobody can say where an address leads; empty if it is clear."""
    path = _SCHEME.sub("/", end)
    if _DOTS.search(path.removeprefix("file://")):
        return "`.` and `..` in it mean another place than it says: write the place itself"
    if path.removeprefix("file://").startswith("~"):
        return "no shell puts your home folder there for `~`: write an absolute path"
    rooted = _ROOTED.match(path)
    # A server and its share, which `file://` can name, are moved to another such.
    if not rooted and not (end.startswith("file://") and start.startswith("file://")):
        return "it means another place in each folder and on each machine: write an absolute path"
    return ""


def _below(url: str, start: str) -> str | None:
    """Return what follows `start` in an address, beginning with `/`; None if it lies elsewhere."""
    if "://" not in start or start.startswith("file://"):
        url, start = sanitize_local_url(url), sanitize_local_url(start)
    start = start.rstrip("/")
    if url == start:
        return ""
    return url[len(start) :] if url.startswith(start + "/") else None
