"""Which snapshot is rebuilt, and whether it may be: it is checked before anything is planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.context import Context
from reconciler.environment.timestamps import utc_now
from reconciler.errors import SnapshotError, UsageError
from reconciler.location import same_place
from reconciler.masking import masked
from reconciler.model import Entry
from reconciler.printable import quoted
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import listing
from reconciler.recovery.snapshots.checking.check import check
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import (
    MANIFEST,
    Kept,
    Snapshot,
    SnapshotStorage,
    is_digest,
)
from reconciler.report.sentences.recovery import rebuilds as told

#: So many things that are wrong with a snapshot are told; each is long.
_TOLD = 2


class Chosen(Struct, frozen=True):
    """A snapshot that was checked, and what is wrong with its parts."""

    kept: Kept
    problems: tuple[Problem, ...]


def _others(repository: Repository) -> str:
    return f"`reconciler snapshot list {in_shell(repository.address)}` has the others"


def check_digest(options: RebuildOptions) -> None:
    """Raise `UsageError` if what is expected of the snapshot can't be a digest."""
    if options.expect is not None and not is_digest(options.expect):
        wrong = quoted(masked(options.expect)[:80])
        raise UsageError(
            f"--expect {wrong}: a digest of a snapshot is sha256: and 64 hex "
            "digits, as `snapshot create` tells it; a plan is expected with --expect-plan"
        )


def choose(
    context: Context, repository: Repository, id: str | None, options: RebuildOptions
) -> Chosen:
    """Find the snapshot that is meant, and read every byte of it.

    Raises `SnapshotError` if there is none, if its manifest is damaged, or, unless it may be
    incomplete, if anything else of it is missing; `StaleError` if it is not the expected one.
    """
    if options.expect is None:
        id = listing.find_kept(repository, id).snapshot.id
    checked = check(
        repository,
        id,
        expect=options.expect,
        progress=lambda each: context.note(f"Checking the snapshot {each}."),
    )
    chosen = Chosen(checked.snapshots[-1], checked.problems)
    _refuse(chosen, _others(repository), allow_incomplete=options.allow_incomplete)
    return chosen


def _refuse(chosen: Chosen, others: str, *, allow_incomplete: bool) -> None:
    snapshot = chosen.kept.snapshot
    broken = [each for each in chosen.problems if each.what == MANIFEST]
    if broken:
        raise SnapshotError(
            f"the {MANIFEST} of the snapshot {snapshot.id} can't be used: {broken[0].message}. "
            f"Restore it from another copy of the repository, or name another snapshot: {others}"
        )
    reasons = told.lacking(snapshot) + [told.damaged(each) for each in chosen.problems]
    if reasons and not allow_incomplete:
        raise SnapshotError(
            f"the snapshot {snapshot.id} is {'corrupt' if chosen.problems else 'incomplete'}: "
            f"{_some(reasons)}. To rebuild what it has, say --allow-incomplete; {others}"
        )


def check_alike(repository: Repository, snapshot: Snapshot, entries: Mapping[str, Entry]) -> None:
    """Raise `SnapshotError` unless a snapshot's manifest declares what its `snapshot.json` has.

    The program writes them together, so that one of them was changed by somebody, seals and all.
    """
    managed = [each for each in snapshot.storages if not each.unmanaged]
    listed = {each.name: each for each in managed}
    ids = {each.id for each in snapshot.storages}
    if len(listed) != len(managed) or len(ids) != len(snapshot.storages):
        raise SnapshotError(
            f"the snapshot {snapshot.id} has two storages with one name or one id, so that nobody "
            f"can tell which is which; {_others(repository)}"
        )
    for name in [*listed, *entries]:
        storage, entry = listed.get(name), entries.get(name)
        if storage is None or entry is None or not _is_alike(storage, entry):
            raise SnapshotError(
                f"the {MANIFEST} of the snapshot {snapshot.id} is not what its snapshot.json was "
                f"made with: they differ in {quoted(name)}. Somebody has changed it, so trust none "
                "of it: take another copy of the repository, whose digest you know; "
                f"{_others(repository)}"
            )


def _is_alike(storage: SnapshotStorage, entry: Entry) -> bool:
    return storage.label == entry.label and same_place(entry, storage)


def notes(repository: Repository, kept: Kept) -> Iterator[str]:
    """Yield what is to be known of a snapshot before anything is made of it."""
    yield told.source(kept, utc_now())
    newest = listing.ids(repository)[-1]
    if newest != kept.snapshot.id:
        yield f"The repository has a newer snapshot, {newest}: {_others(repository)}."


def _some(reasons: Sequence[str]) -> str:
    told = "; ".join(reasons[:_TOLD])
    left = len(reasons) - _TOLD
    return told if left <= 0 else f"{told}; and {left:,} more"
