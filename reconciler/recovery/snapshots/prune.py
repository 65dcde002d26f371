"""Removing what nobody needs any more: shown first, and done only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec import Struct

from reconciler.environment.origin import Origin
from reconciler.environment.timestamps import timestamp
from reconciler.errors import LeaseLostError, PlatformBusyError, PlatformError, RepositoryError
from reconciler.lease.contract import Holder, holder_of
from reconciler.lease.keeper import Keeper, Wait, acquire
from reconciler.lease.opening import open_lock
from reconciler.recovery.repository import condemned, layout
from reconciler.recovery.repository.condemned import Condemned, Sentence
from reconciler.recovery.repository.contract import Entry, Repository
from reconciler.recovery.snapshots import needed
from reconciler.recovery.snapshots.pruned import Pruned
from reconciler.recovery.snapshots.retention import Rules
from reconciler.recovery.snapshots.staying import Plan


class Task(Struct, frozen=True):
    """What is to be pruned, by whom."""

    rules: Rules
    origin: Origin
    #: UTC, now.
    clock: Callable[[], datetime]
    #: Gets a line for people once there is something to wait for.
    told: Callable[[str], None] = lambda _: None
    #: Seconds for which another prune is waited for; of one that was killed, the lease runs 60.
    wait: float = 90.0


def show(repository: Repository, task: Task) -> Pruned:
    """Say what would be removed, and remove nothing; raises as `prune` does."""
    moment = task.clock()
    now = moment.timestamp()
    plan = Plan.of(repository, task.rules, moment, there=now)
    sentences = condemned.read(repository).parts
    waiting = [e for sha, e in _parts(repository) if sha not in plan.named]
    due = [e for e in waiting if _is_due(sentences, e, now)]
    rest = [e for e in waiting if e not in due]
    return plan.result(repository, due, rest, done=False, again_after="")


def prune(repository: Repository, task: Task) -> Pruned:
    """Remove the snapshots and scans that no rule keeps, and parts that nobody names any more.

    A part is deleted only if an earlier prune, `condemned.GRACE` seconds before or more, has found
    that nothing names it. Raises `SnapshotError` if a snapshot or scan is damaged, or if the clock
    is behind the newest; `PlatformBusyError` while another prune runs, `LeaseLostError`,
    `RepositoryError`.
    """
    with _held(repository, task) as keeper:
        now = condemned.now(repository)
        plan = Plan.of(repository, task.rules, task.clock(), there=now)
        removing = _Removing(repository, keeper)
        for name in plan.names(repository):
            removing.remove(name)
        # What others have made since counts as well.
        found = needed.look(repository)
        plan.require_staying(found)
        plan.named = needed.parts_of(found.snapshots, found.scans.values())
        return _sweep(repository, plan, removing, now)


class _Removing:
    """Deletes while the lease is held."""

    def __init__(self, repository: Repository, keeper: Keeper) -> None:
        self._repository = repository
        self._keeper = keeper

    def remove(self, name: str, *, stamp: str = "") -> bool:
        lost = self._keeper.lost()
        if lost is not None:
            raise LeaseLostError(f"{lost}: nothing more is removed; run it again")
        return self._repository.remove(name, stamp=stamp)


def _sweep(repository: Repository, plan: Plan, removing: _Removing, now: float) -> Pruned:
    """Delete the parts whose time has come, and condemn the others that nothing names."""
    before = condemned.read(repository).parts
    unnamed = {sha256: entry for sha256, entry in _parts(repository) if sha256 not in plan.named}
    sentences = {sha256: _sentence(before, sha256, e, now) for sha256, e in unnamed.items()}
    # First, so that whoever is about to name one of them can know.
    condemned.write(repository, Condemned(parts=sentences))
    due = [sha256 for sha256, entry in unnamed.items() if _is_due(before, entry, now)]
    removed = [
        unnamed[sha256]
        for sha256 in due
        if removing.remove(unnamed[sha256].name, stamp=unnamed[sha256].stamp)
    ]
    gone = {needed.part_in(entry.name) for entry in removed}
    left = {sha256: told for sha256, told in sentences.items() if sha256 not in gone}
    condemned.write(repository, Condemned(parts=left))
    latest = max((told.since for told in left.values()), default=None)
    again = "" if latest is None else _moment(latest + condemned.GRACE)
    waiting = [unnamed[sha256] for sha256 in left]
    return plan.result(repository, removed, waiting, done=True, again_after=again)


def _sentence(before: dict[str, Sentence], sha256: str, entry: Entry, now: float) -> Sentence:
    earlier = before.get(sha256)
    if earlier is not None and earlier.stamp == entry.stamp:
        return earlier
    return Sentence(now, entry.stamp)


def _is_due(before: dict[str, Sentence], entry: Entry, now: float) -> bool:
    told = before.get(needed.part_in(entry.name) or "")
    if told is None or told.stamp != entry.stamp:
        return False
    return told.since <= now - condemned.GRACE


def _parts(repository: Repository) -> Iterator[tuple[str, Entry]]:
    for entry in repository.entries(layout.PARTS):
        if sha256 := needed.part_in(entry.name):
            yield sha256, entry


def _moment(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC), "seconds")


@contextmanager
def _held(repository: Repository, task: Task) -> Iterator[Keeper]:
    """Hold the lease of the repository while entered."""
    lock = open_lock(repository.lock())
    origin = task.origin
    holder = Holder(origin.actor, origin.host, origin.job_url, f"prune, run {origin.run}")
    try:
        keeper = acquire(lock, holder, Wait(task.wait, told=task.told))
    except PlatformBusyError:
        current = lock.current()
        by = f" by {holder_of(current)}" if current else ""
        raise PlatformBusyError(
            f"another prune of {repository.address} is under way{by}: wait for it"
        ) from None
    except PlatformError as error:
        raise RepositoryError(f"{repository.address} can't be pruned: {error}") from None
    try:
        yield keeper
    finally:
        keeper.close()
