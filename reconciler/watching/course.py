"""How things stood over time: few points, however long a watch goes on."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from reconciler.watching.survey import Proof

#: So many points are kept: of those that are older each two become one.
MOST = 240


class Point(Struct, frozen=True):
    """How things stood at a moment, or, where points became one, at worst until then."""

    at: str
    #: How many storages differed; None: manifest or platform could not be read.
    drifted: int | None = None
    #: How many files there are on storages that have an objective, and how many of them were
    #: proved within their cycles; None: no scan has told.
    files: int | None = None
    proved: int | None = None


def with_point(course: tuple[Point, ...], point: Point) -> tuple[Point, ...]:
    """Add a point at the end.

    Of too many the older half becomes coarser: what was worst of each two stays, so that no drift
    vanishes, and what happened lately is told in full.
    """
    if len(course) < MOST:
        return (*course, point)
    half = MOST // 2
    older = course[:half]
    joined = tuple(_worse(*pair) for pair in zip(older[::2], older[1::2], strict=True))
    return (*joined, *course[half:], point)


def covered(proofs: Iterable[Proof]) -> tuple[int | None, int | None]:
    """Count the files of storages that have an objective, and those that were proved in time.

    Of storages of which no scan has told nothing counts; None where it has told of none.
    """
    known = [one for one in proofs if one.every and one.files is not None]
    if not known:
        return None, None
    return sum(one.files or 0 for one in known), sum(one.proved or 0 for one in known)


def _worse(one: Point, other: Point) -> Point:
    """Join two points that follow each other: the later moment, and the worse of what is known."""
    shares = [each for each in (one, other) if each.files is not None and each.proved is not None]
    least = min(shares, key=lambda each: _share(each.proved or 0, each.files or 0), default=other)
    return Point(
        other.at,
        _most(each.drifted for each in (one, other)),
        files=least.files,
        proved=least.proved,
    )


def _most(numbers: Iterable[int | None]) -> int | None:
    return max((number for number in numbers if number is not None), default=None)


def _share(proved: int, files: int) -> float:
    return proved / files if files else 1.0
