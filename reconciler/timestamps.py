"""Moments as text: RFC 3339, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

Digits = Literal["seconds", "milliseconds", "microseconds"]


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime, digits: Digits) -> str:
    """Write a moment; with the same digits, two of them compare as text."""
    return moment.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")


def whole_seconds(text: str) -> str:
    """Return a timestamp without fractions of seconds, as people read it."""
    return re.sub(r"\.[0-9]+(?=Z|[+-]|\Z)", "", text)
