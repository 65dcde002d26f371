"""How things stand as numbers, in the text format of Prometheus.

What nobody knows has no line: a 0 would say that somebody has looked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from reconciler.report.sentences.drift import KINDS as DRIFTED
from reconciler.watching.conditions import (
    APPLYING,
    BLOCKED,
    CHECKOUT,
    DRIFT,
    KINDS,
    LIVE,
    PROOFS,
    READING,
    RUNNING,
    SCANNING,
)
from reconciler.watching.status import Destination, Status


class _Family(NamedTuple):
    """A metric, and what is known of it: labels, and a number."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, float]]


def numbers(status: Status) -> str:
    """Write all that a watch knows of itself; the same for the same."""
    lines = []
    for family in _families(status):
        if family.samples:
            lines.append(f"# HELP {family.name} {family.help}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines += [f"{family.name}{labels} {value:.15g}" for labels, value in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _families(status: Status) -> Iterator[_Family]:
    yield _moment("started", "When the watch was started.", status.started_at)
    yield _moment("last_look", "When manifest and live were last read.", status.looked_at)
    yield _moment("last_try", "When that was last tried, whatever came of it.", status.tried_at)
    seconds = [("", status.seconds)] if status.seconds else []
    yield _gauge("last_look_duration_seconds", "How long the last look that worked took.", seconds)
    yield _total("looks", "Looks since the start, also those that failed.", status.rounds)
    yield _total("failed_looks", "Looks since the start that failed.", status.failures)
    yield _gauge("interval_seconds", "From one look to the next.", [("", status.interval)])
    if status.platform:
        yield _gauge("declared_storages", "Storages declared.", [("", status.declared)])
        yield _gauge("live_storages", "Live storages in scope.", [("", status.live)])
    yield from _conditions(status)
    yield _moment("last_apply", "When an apply last ended.", status.applied_at)
    yield _code("last_apply", "Exit code of the last apply.", status.applied_code)
    yield _moment("paused_until", "Until when a plan that failed is left.", status.paused_until)
    yield _moment("last_scan", "When a scan last ended.", status.scanned_at)
    yield _moment("scan_begun", "When the scan that runs was begun.", status.scanning_since)
    yield _code("last_scan", "Exit code of the last scan.", status.scanned_code)
    yield from _notified(status)
    yield _moment(
        "oldest_proof", "When the file was proved whose proof is the oldest.", (status.oldest_proof)
    )


def _conditions(status: Status) -> Iterator[_Family]:
    """Count what lasts; of what was looked for and not found, there is a 0."""
    lasting = [one.condition for one in status.lasting]
    drifted = Counter(one.code for one in lasting if one.kind == DRIFT)
    blocked = Counter(one.code for one in lasting if one.kind == BLOCKED)
    kinds = Counter(one.kind for one in lasting)
    has_looked = bool(status.looked_at)
    asked = {
        *(READING if status.tried_at else ()),
        *(LIVE | APPLYING if has_looked else ()),
        *(CHECKOUT if status.commit else ()),
        *(PROOFS if status.knows_files else ()),
        *(SCANNING if status.scanned_at else ()),
        *(RUNNING if status.scans and status.tried_at else ()),
    }
    ways = {*DRIFTED, *drifted} if has_looked else {*drifted}
    yield _gauge(
        "drifted_storages",
        "Storages that differ from the manifest, by the way in which they do.",
        [_labelled("kind", kind, drifted[kind]) for kind in sorted(ways)],
    )
    yield _gauge(
        "blocking_reasons",
        "Reasons for which policy blocks the plan, by their code.",
        [_labelled("code", code, number) for code, number in sorted(blocked.items())],
    )
    yield _gauge(
        "conditions",
        "All that is not as it should be, by kind.",
        [_labelled("kind", kind, kinds[kind]) for kind in KINDS if kind in asked | kinds.keys()],
    )


def _notified(status: Status) -> Iterator[_Family]:
    def of_each(number: Callable[[Destination], float]) -> list[tuple[str, float]]:
        return [_labelled("destination", one.name, number(one)) for one in status.destinations]

    taken = of_each(lambda one: one.messages)
    name = "reconciler_watch_notifications_total"
    yield _Family(name, "counter", "Messages that a destination took since the start.", taken)
    yield _gauge(
        "notification_failures",
        "How often in a row a destination took none.",
        of_each(lambda one: one.failures),
    )
    yield _gauge(
        "untold_conditions",
        "Conditions of which a destination is not told yet.",
        of_each(lambda one: one.waiting),
    )


def _labelled(label: str, value: str, number: float) -> tuple[str, float]:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'{{{label}="{escaped}"}}', number


def _gauge(name: str, help: str, samples: list[tuple[str, float]]) -> _Family:
    return _Family(f"reconciler_watch_{name}", "gauge", help, samples)


def _total(name: str, help: str, number: float) -> _Family:
    return _Family(f"reconciler_watch_{name}_total", "counter", help, [("", number)])


def _moment(name: str, help: str, moment: str) -> _Family:
    samples = [("", datetime.fromisoformat(moment).timestamp())] if moment else []
    return _gauge(f"{name}_timestamp_seconds", help, samples)


def _code(name: str, help: str, code: int | None) -> _Family:
    return _gauge(f"{name}_exit_code", help, [] if code is None else [("", code)])
