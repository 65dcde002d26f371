"""When a digest is due: by day or week, at a time of day in some zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct

from reconciler.environment.timestamps import timestamp

DAILY, WEEKLY = "daily", "weekly"


class Rhythm(Struct, frozen=True):
    """Every day, or every Monday, at the same time by the clocks of a zone.

    A time that a zone's clocks leave out is as much later, of one that they show twice it is the
    first.
    """

    every: str
    at: time
    zone: tzinfo = UTC

    def last(self, now: datetime) -> str:
        """Return the latest moment for a digest that is not after `now`: RFC 3339, UTC."""
        return timestamp(self._around(now)[0], "seconds")

    def next(self, now: datetime) -> datetime:
        """Return the first moment for a digest after `now`."""
        return self._around(now)[1]

    def _around(self, now: datetime) -> tuple[datetime, datetime]:
        step = timedelta(days=7 if self.every == WEEKLY else 1)
        day = now.astimezone(self.zone).date() + timedelta(days=1)
        if self.every == WEEKLY:
            day += timedelta(days=-day.weekday() % 7)
        while self._moment(day) > now:
            day -= step
        return self._moment(day), self._moment(day + step)

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)


def due(rhythm: Rhythm, digested: str, now: datetime) -> str:
    """Return the moment of a digest that is to be sent now; empty if none is.

    `digested`: the moment of the last one. Of one in the future, by a clock that was wrong, nothing
    is believed once a whole period lies between.
    """
    moment = rhythm.last(now)
    ahead = bool(digested) and datetime.fromisoformat(digested) > rhythm.next(now)
    return moment if moment > digested or ahead else ""
