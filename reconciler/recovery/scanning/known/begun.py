"""Scans that were begun and are not finished, as whoever keeps what is known has to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reconciler.printable import listed
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository

_SHARD = re.compile(r"shard-(?P<number>[0-9]+)-of-(?P<of>[0-9]+)")


def unfinished(repository: Repository, place: str, *, after: str) -> str:
    """Say that a scan of a place was begun after the scan `after` and is not finished.

    Empty if none was, or if it has read nothing yet. Raises `RepositoryError`.
    """
    prefix = layout.unfinished(place, "").removesuffix("/")
    left = [
        inside
        for name in repository.names(prefix)
        for scan, _, inside in [name.removeprefix(prefix).partition("/")]
        if inside and scan > after
    ]
    if not left:
        return ""
    if shards := "; ".join(_shards(left)):
        return f"a scan of it by shards is not finished: {shards}"
    return "a scan of it was begun and is not finished"


def _shards(names: Iterable[str]) -> Iterator[str]:
    """Yield of each number of shards which are through, and which are not."""
    through: dict[int, set[int]] = {}
    for found in filter(None, map(_SHARD.fullmatch, names)):
        through.setdefault(int(found["of"]), set()).add(int(found["number"]))
    for of, numbers in sorted(through.items()):
        done = listed([f"{number}/{of}" for number in sorted(numbers)], str)
        rest = listed([f"{n}/{of}" for n in range(1, of + 1) if n not in numbers], str)
        yield f"{done} {'is' if len(numbers) == 1 else 'are'} through" + (
            f", {rest} not" if rest else ", and none has made the record"
        )
