"""Moments as text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, sampled_from

from reconciler.moments import written


@given(
    datetimes(timezones=sampled_from([UTC])),
    sampled_from([("milliseconds", 3), ("microseconds", 6)]),
)
def test_a_moment_is_written_as_the_standard_library_does(
    moment: datetime, how: tuple[str, int]
) -> None:
    timespec, digits = how
    expected = moment.isoformat(timespec=timespec).replace("+00:00", "Z")
    assert written(moment, digits) == expected


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 500_000, 999_999])
def test_all_digits_are_there(microsecond: int) -> None:
    moment = datetime(2026, 11, 29, 8, 30, 0, microsecond, tzinfo=UTC)
    assert written(moment, 6) == f"2026-11-29T08:30:00.{microsecond:06d}Z"
    assert written(moment, 3) == f"2026-11-29T08:30:00.{microsecond // 1000:03d}Z"
