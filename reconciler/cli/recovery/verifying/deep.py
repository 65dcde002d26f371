"""Reading storages for `verify --deep`, by the same engine as `scan`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.recovery.reading import prepared
from reconciler.cli.recovery.targets import targets_of
from reconciler.environment.timestamps import utc_now
from reconciler.location import location
from reconciler.model import Storage
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.outcome import Scanned, Wish
from reconciler.recovery.scanning.run import scan
from reconciler.recovery.snapshots.document import SnapshotStorage
from reconciler.recovery.sources import open_source
from reconciler.recovery.values import Target
from reconciler.recovery.verifying import remembered

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
    done = dict[str, Scanned]()
    with prepared(context, options, stop) as by:

        def read(target: Target, excluded: tuple[str, ...]) -> Scanned:
            if target.place not in done:
                wish = Wish(excluded, full=True, workers=by.workers, limit_rate=options.limit_rate)
                ended = scan(
                    [target],
                    repository,
                    wish,
                    by.here,
                    open_source=open_source,
                    pace=by.pace,
                    tally=by.tally,
                    catch_up=lambda place: remembered.catch_up(repository, place, utc_now),
                )
                result = done[target.place] = next(ended)
                if result.failure is None:  # else it would raise what it tells of itself
                    next(ended, None)
                ended.close()
            return done[target.place]

        yield read
