"""Moments as text: RFC 3339, in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import msgspec


def written(moment: datetime, digits: int) -> str:
    """Write a moment in UTC, cut to so many digits of a second; texts compare as moments do.

    Several times as quick as `isoformat`: an apply writes thousands of moments.

    >>> from datetime import UTC
    >>> written(datetime(2026, 11, 29, 8, 30, tzinfo=UTC), digits=3)
    '2026-11-29T08:30:00.000Z'
    """
    text = cast("str", msgspec.to_builtins(moment))
    if not moment.microsecond:  # then there is no fraction in it
        text = text[:-1] + ".000000Z"
    return text[: 20 + digits] + "Z"
