"""Which snapshots, or scans, stay, and why. Pure: what is decided here, `prune` carries out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct


class Rules(Struct, frozen=True):
    """How many stay; of a period the last one that is complete, else the last one."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0

    def __bool__(self) -> bool:
        """Whether they keep anything at all."""
        return any(getattr(self, name) for name in self.__struct_fields__)


class Item(Struct, frozen=True):
    """One that may go: a snapshot of a platform, or a scan of a storage."""

    id: str
    #: RFC 3339, UTC.
    at: str
    #: Each group is judged by itself: a platform's snapshots, a place's scans.
    group: str
    complete: bool
    #: Why it stays whatever the rules say; empty: they decide.
    spared: str = ""


def kept(items: Sequence[Item], rules: Rules) -> dict[str, tuple[str, ...]]:
    """Return why each one stays; one that goes has no reason.

    The last complete one of a group always stays, and the last one where none is complete.
    """
    reasons: dict[str, list[str]] = {item.id: [] for item in items}
    groups: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda each: (each.at, each.id), reverse=True):
        groups.setdefault(item.group, []).append(item)
    for group in groups.values():
        for item, reason in _reasons(group, rules):
            reasons[item.id].append(reason)
    return {id: tuple(told) for id, told in reasons.items()}


def _reasons(group: Sequence[Item], rules: Rules) -> Iterator[tuple[Item, str]]:
    """Yield whatever stays of a group, the newest first, with each of its reasons."""
    complete = next((item for item in group if item.complete), None)
    yield (complete, "last complete") if complete else (group[0], "the last, and none is complete")
    yield from ((item, item.spared) for item in group if item.spared)
    yield from ((item, "last") for item in group[: rules.last])
    for count, word, period in (
        (rules.daily, "daily", _day),
        (rules.weekly, "weekly", _week),
        (rules.monthly, "monthly", _month),
        (rules.yearly, "yearly", _year),
    ):
        yield from ((item, word) for item in _of_periods(group, period)[:count])


def _of_periods(group: Sequence[Item], period: Callable[[datetime], str]) -> list[Item]:
    """Return one of each period, the newest first: the last complete one, else the last one."""
    chosen: dict[str, Item] = {}
    for item in group:
        key = period(datetime.fromisoformat(item.at).astimezone(UTC))
        first = chosen.setdefault(key, item)
        if item.complete and not first.complete:
            chosen[key] = item
    return list(chosen.values())


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _week(moment: datetime) -> str:
    year, week, _ = moment.isocalendar()
    return f"{year}-{week}"


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def _year(moment: datetime) -> str:
    return f"{moment:%Y}"
