"""What a command reads storages with: its limits, its workers, and how far it has come."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from reconciler.cli.applying.signals import Stop
from reconciler.cli.context import Context
from reconciler.cli.inputs.cluster import Cluster
from reconciler.cli.recovery.progress import progress
from reconciler.environment.timestamps import utc_now
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.scanning.outcome import Tally
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.report.sentences import scans as told


class Limits(Protocol):
    """What is asked for: options of `scan`, and of `verify --deep`."""

    #: Seconds; bytes a second; threads.
    max_duration: float | None
    limit_rate: int | None
    workers: int | None


class Reading(NamedTuple):
    """What scans of one run are given; `workers` is how many read at once."""

    workers: int
    here: Here
    pace: Pace
    tally: Tally


@contextmanager
def prepared(
    context: Context,
    limits: Limits,
    stop: Stop,
    *,
    most: int | None = None,
    cluster: Cluster | None = None,
) -> Iterator[Reading]:
    """Give what storages are read with, and tell how far it has come, while entered.

    `most` bytes are read.
    """
    until = math.inf if limits.max_duration is None else time.monotonic() + limits.max_duration
    pace = Pace(
        rate=limits.limit_rate, most=most, until=until, asked=lambda: stop.reason() is not None
    )
    tally = Tally()
    workers = limits.workers or (cluster.threads if cluster else _cores())
    with progress(context, tally, pace) as tell:
        here = Here(
            context.origin.host,
            utc_now,
            lambda storage, estimate: tell(told.estimated(storage, estimate)),
        )
        yield Reading(workers, here, pace, tally)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what a container or a scheduler leaves us
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
