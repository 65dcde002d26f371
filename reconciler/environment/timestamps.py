"""Moments as text: RFC 3339, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

Digits = Literal["seconds", "milliseconds", "microseconds"]
#: Seconds by which the clocks of two machines may be apart.
APART = 300
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS: dict[Digits, int] = {"seconds": 19, "milliseconds": 23, "microseconds": 26}


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime, digits: Digits) -> str:
    """Write a moment, cut to these digits; with the same digits, two of them compare as text.

    Several times as quick as `isoformat`: an apply writes thousands of moments.

    >>> timestamp(datetime(2026, 11, 29, 8, 30, tzinfo=UTC), "milliseconds")
    '2026-11-29T08:30:00.000Z'
    """
    text: str = msgspec.to_builtins(moment if moment.tzinfo is UTC else moment.astimezone(UTC))
    if not moment.microsecond:  # then there is no fraction in it
        text = text[:-1] + ".000000Z"
    return text[: _LENGTHS[digits]] + "Z"


def is_moment(text: str) -> bool:
    """Return whether a text is a moment that says which time it is in.

    >>> is_moment("2026-11-29T08:30:00Z"), is_moment("2026-11-29"), is_moment("soon")
    (True, False, False)
    """
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def moment_of(seconds: float) -> str:
    """Return a moment that is given in seconds since 1970.

    >>> moment_of(1767225600)
    '2026-01-01T00:00:00Z'
    """
    return timestamp(_BEGINNING + timedelta(seconds=seconds), "seconds")


def day_of(seconds: int) -> str:
    """Return the day of a moment, given in seconds since 1970, in UTC.

    >>> day_of(1767225600)
    '2026-01-01'
    """
    return (_BEGINNING + timedelta(seconds=seconds)).date().isoformat()


def whole_seconds(text: str) -> str:
    """Return a timestamp without fractions of seconds, as people read it."""
    return re.sub(r"\.[0-9]+(?=Z|[+-]|\Z)", "", text)
