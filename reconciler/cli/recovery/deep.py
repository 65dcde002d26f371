"""Reading storages for `verify --deep`, by the same engine as `scan`."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.recovery.progress import progress
from reconciler.cli.recovery.targets import targets_of
from reconciler.environment.timestamps import utc_now
from reconciler.location import location
from reconciler.model import Storage
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.means import Here
from reconciler.recovery.scanning.outcome import Scanned, Tally, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Target
from reconciler.report.sentences import scans as told

Read = Callable[[Target, tuple[str, ...]], Scanned]


def targets(
    storages: Sequence[SnapshotStorage], moves: Sequence[str], *, are_copies: bool
) -> dict[str, Target]:
    """Return, by place, from where storages are read; `UsageError` for a move that is none.

    Whether what is read elsewhere is a copy nothing that is there can show: it is said. A copy is
    another place: what is found there says nothing of the one that it is read for.
    """
    live = [Storage(s.id, s.name, s.label, s.type, s.default_url) for s in storages if s.place]
    found = targets_of(live, moves)[0]
    return {target.place: _copy(target) if are_copies else target for target in found}


def _copy(target: Target) -> Target:
    here = location(target.type, target.url).place
    return target if here == target.place else replace(target, place=here, copy_of=target.place)


@contextmanager
def reading(
    context: Context, options: VerifyOptions, repository: Repository, stop: Stop
) -> Iterator[Read]:
    """Give what reads all of a storage; a place is read once, however many storages lie there."""
    until = math.inf if options.max_duration is None else time.monotonic() + options.max_duration
    pace = Pace(rate=options.limit_rate, until=until, asked=lambda: stop.reason() is not None)
    tally, done = Tally(), dict[str, Scanned]()
    workers = options.workers or _cores()
    with progress(context, tally, pace) as tell:
        here = Here(
            context.origin.host,
            utc_now,
            lambda storage, estimate: tell(told.estimated(storage, estimate)),
        )

        def read(target: Target, excluded: tuple[str, ...]) -> Scanned:
            if target.place not in done:
                wish = Wish(excluded, full=True, workers=workers, limit_rate=options.limit_rate)
                ended = scan(
                    [target],
                    repository,
                    wish,
                    here,
                    open_source=open_source,
                    pace=pace,
                    tally=tally,
                )
                result = done[target.place] = next(ended)
                if result.failure is None:  # else it would raise what it tells of itself
                    next(ended, None)
                ended.close()
            return done[target.place]

        yield read


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what a container or a scheduler leaves us
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
