"""Which version of an object lies under its delete marker and is the file, as it was.

A listing tells all that are there; only who knows what the object should be can choose. Somebody
may have put other bytes there before they deleted it, and the good ones lie deeper.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Of one object so many versions are told, the newest first.
MOST = 1_000
#: The version that an object has that was written while its bucket kept none.
NULL = "null"


class Version(NamedTuple):
    """One version, as a listing has it."""

    id: str
    #: Bytes.
    size: int | None
    #: Nanoseconds since 1970, UTC.
    mtime_ns: int | None


def told(versions: Iterable[Version]) -> bytes:
    """Return versions as the `detail` of a row in a listing; it is never kept."""
    each = (f"{v.size or 0} {v.mtime_ns or 0} {v.id}" for v in versions)
    return "\n".join(each).encode("utf-8", "surrogateescape")


def heard(detail: bytes) -> list[Version]:
    """Return versions of which a row in a listing tells."""
    lines = detail.decode("utf-8", "surrogateescape").split("\n")
    return [Version(id, int(size), int(at)) for size, at, id in (x.split(" ", 2) for x in lines)]


def fitting(versions: Iterable[Version], good: Version | None) -> Version | None:
    """Return the version that a file was, whose id may not be known; None if it is not there.

    A version never changes. One without an id is that of before its bucket kept any, if that has
    its size and time; else it may be the newest of its size.
    """
    if good is None:
        return None
    every = list(versions)
    if good.id:
        return next((version for version in every if version.id == good.id), None)
    alike = [version for version in every if version.size == good.size]
    same = [v for v in alike if v.id == NULL and v.mtime_ns == good.mtime_ns]
    return next(iter([*same, *alike]), None)
