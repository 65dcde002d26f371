"""Moments as text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, sampled_from

from reconciler.environment.timestamps import Digits, timestamp


@given(
    datetimes(timezones=sampled_from([UTC])),
    sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_a_moment_is_written_as_the_standard_library_does(moment: datetime, digits: Digits) -> None:
    expected = moment.isoformat(timespec=digits).replace("+00:00", "Z")
    assert timestamp(moment, digits) == expected


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 500_000, 999_999])
def test_all_digits_are_there(microsecond: int) -> None:
    moment = datetime(2026, 11, 29, 8, 30, 0, microsecond, tzinfo=UTC)
    assert timestamp(moment, "microseconds") == f"2026-11-29T08:30:00.{microsecond:06d}Z"
    assert timestamp(moment, "milliseconds") == f"2026-11-29T08:30:00.{microsecond // 1000:03d}Z"
