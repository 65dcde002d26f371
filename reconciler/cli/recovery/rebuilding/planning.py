"""What a rebuild is to do: a plan like any other, and the records of files that go with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from reconciler import reconcile
from reconciler.applying.apart import Lying, live
from reconciler.cli.commands.recovery.rebuild import RebuildOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.platform import choose_platform
from reconciler.cli.recovery.rebuilding.advice import fitting
from reconciler.cli.recovery.rebuilding.choosing import Chosen, check_alike
from reconciler.cli.recovery.rebuilding.doubts import not_rebuilt, strange, taken_over, unwanted
from reconciler.cli.recovery.rebuilding.following import Follow, following
from reconciler.cli.recovery.relocating import moved
from reconciler.errors import ManifestError, SnapshotError, UsageError
from reconciler.given import read_scopes
from reconciler.given.source import Source, plan_by, reading
from reconciler.location import same_place, sanitize_local_url, usable_url
from reconciler.manifest import Manifest, load
from reconciler.masking import quoted_url
from reconciler.model import Desired, Entry
from reconciler.names import Scope
from reconciler.plan.document import Plan
from reconciler.printable import quoted
from reconciler.recovery.rebuilding import remaining, wanted
from reconciler.recovery.rebuilding.outcome import (
    DAMAGED,
    ELSEWHERE,
    KEPT_LIVE,
    NO_INVENTORY,
    NOT_TAKEN,
    Left,
)
from reconciler.recovery.rebuilding.records import Comparing, Records
from reconciler.recovery.rebuilding.wanted import Found, Wanted
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.address import bare
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots.document import MANIFEST, Kept, SnapshotStorage
from reconciler.report.sentences.recovery import rebuilds as told

_ANEW = "`reconciler scan` makes new ones, of the files that are there"
_DAMAGED = (
    "what the snapshot has of them is corrupt or lost. Rebuild from another copy of the "
    f"repository; without one, {_ANEW}"
)


class Work(NamedTuple):
    """What is to be done, and what can't be."""

    chosen: Chosen
    #: How many storages of the snapshot are asked for, those that can't be declared too.
    asked: int
    wanted: tuple[Wanted, ...]
    found: Found
    source: Source
    plan: Plan
    #: By the id in the snapshot, what is to be added to a storage.
    records: Mapping[str, Records]
    #: Storages that no manifest can express, and records that can't be added.
    unmanaged: tuple[SnapshotStorage, ...]
    left_records: tuple[Left, ...]
    #: Ids by which the user's own manifest pins storages.
    pins: frozenset[str]

    @property
    def missing(self) -> int:
        """How many records are to be added."""
        return sum(each.missing for each in self.records.values())


def plan(context: Context, options: RebuildOptions, repository: Repository, chosen: Chosen) -> Work:
    """Read live, and plan what is missing; raises what reading a manifest and a platform does."""
    kept, own = chosen.kept, read_manifest_if_any(context)
    platform = choose_platform(context, own)
    storages = _in_scope(context, kept)
    manifest = _declared(repository, kept)
    ours = _wanted(storages, manifest, options.relocate or ())
    with reading(platform) as reader:
        state = reconcile.read_live(reader)
        context.apart.know(live(state.storages))
        same = state.platform_id == kept.snapshot.platform.id
        found = wanted.find(ours, state, same_platform=same)
        desired = wanted.desired(ours, found, protect=_protected(own), keep_live=options.keep_live)
        request = reconcile.Request(desired, lock=own.lock if own else None)
        source = Source(replace(manifest, desired=desired), platform, request)
        plan = fitting(plan_by(source, reader, state), ours, found, state)
        with (
            Comparing(repository, reader) as comparing,
            following(context, "Comparing file records", len(found.live)) as follow,
        ):
            takes = reader.abilities.record_inventory
            lacking, left_records = _records(comparing, chosen, ours, found, follow, takes=takes)
    unmanaged = tuple(each for each in storages if each.unmanaged)
    keeps = {id for id, each in lacking.items() if options.keep_live and each.is_torn}
    notices = [
        *strange(kept, state, found),
        *taken_over(ours, found),
        *not_rebuilt(remaining.of_list(kept.snapshot)),
        *not_rebuilt(remaining.of_unmanaged(unmanaged, state, same_platform=same)),
        *not_rebuilt(remaining.of_storages(ours, found) if options.keep_live else ()),
        *unwanted(plan, own),
        *told.strange_records(ours, lacking, keeps),
    ]
    return Work(
        chosen,
        len(storages),
        ours,
        found,
        source,
        replace(plan, warnings=tuple(sorted({*plan.warnings, *notices}))),
        {id: each for id, each in lacking.items() if id not in keeps},
        unmanaged,
        (*left_records, *_kept_live(ours, lacking, keeps)),
        frozenset(entry.id for entry in own.desired.entries if entry.id) if own else frozenset(),
    )


def _kept_live(
    ours: Sequence[Wanted], lacking: Mapping[str, Records], keeps: Collection[str]
) -> Iterator[Left]:
    """Yield the storages whose records are left as they are, though some of them are missing."""
    for one in ours:
        if one.storage.id in keeps:
            missing = lacking[one.storage.id].missing
            told = f"{missing:,} of them {'is' if missing == 1 else 'are'} missing: --keep-live"
            yield Left(one.storage.name, KEPT_LIVE, told)


def _in_scope(context: Context, kept: Kept) -> list[SnapshotStorage]:
    scope = Scope.of(("*",), read_scopes(context))
    found = [each for each in kept.snapshot.storages if scope.holds(each.name)]
    if not found and kept.snapshot.storages:
        raise UsageError(f"the snapshot {kept.snapshot.id} has no storage in this scope")
    return found


def _declared(repository: Repository, kept: Kept) -> Manifest:
    """Read the snapshot's manifest; its places are named by where it lies, not by our copy.

    Raises `SnapshotError` if it is none, or declares something else than its `snapshot.json` has.
    """
    name = layout.snapshot(kept.snapshot.id, MANIFEST)
    where = f"{bare(repository.address)}/{name}"
    with repository.local(name) as path:
        try:
            manifest, data = load([str(path)], {}), path.read_bytes()
        except ManifestError as error:
            raise SnapshotError(
                f"the {MANIFEST} of the snapshot {kept.snapshot.id} is no manifest that this "
                f"program has written: {error.problems[0].message}. Take another copy of the "
                "repository, or name another snapshot"
            ) from error
    entries = tuple(
        replace(entry, file=where, id=None, renamed_from=(), protect=False)
        for entry in manifest.desired.entries
    )
    check_alike(repository, kept.snapshot, {entry.name: entry for entry in entries})
    return replace(manifest, desired=Desired(entries), files=(where,), streams={where: data})


def _wanted(
    storages: Sequence[SnapshotStorage], manifest: Manifest, moves: Sequence[str]
) -> tuple[Wanted, ...]:
    """Join storages with their entries, at the addresses that they have now.

    Raises `UsageError` for a move that means nothing.
    """
    entries = {entry.name: entry for entry in manifest.desired.entries}
    pairs = [(each, entries[each.name]) for each in storages if not each.unmanaged]
    chosen = {each.name for each in storages}
    others = [_lying(entry) for entry in entries.values() if entry.name not in chosen]
    lying = [_lying(entry) for _, entry in pairs]
    urls = moved(lying, moves, "storage of the snapshot", others)
    return tuple(
        Wanted(storage, _at(entry, url)) for (storage, entry), url in zip(pairs, urls, strict=True)
    )


def _lying(entry: Entry) -> Lying:
    return Lying(entry.name, entry.type, entry.default_url)


def _at(entry: Entry, url: str) -> Entry:
    if url == entry.default_url:
        return entry
    if not usable_url(entry.type, url):
        raise UsageError(
            f"--relocate would put {quoted(entry.name)}, a storage of type {entry.type}, at "
            f"{quoted_url(url)}, where no such storage can lie"
        )
    if entry.type == "local":
        url = sanitize_local_url(url)
    return replace(entry, default_url=url, region=None, bucket=None)


def _protected(own: Manifest | None) -> tuple[str, ...]:
    """Return what the user's own manifest protects: no snapshot may rename it away."""
    if own is None:
        return ()
    entries = tuple(entry.name for entry in own.desired.entries if entry.protect)
    return (*own.desired.policy.protect, *entries)


def _records(
    comparing: Comparing,
    chosen: Chosen,
    ours: Sequence[Wanted],
    found: Found,
    follow: Follow,
    *,
    takes: bool,
) -> tuple[dict[str, Records], tuple[Left, ...]]:
    """Compare what is live with the inventories; say of which that means nothing, and why."""
    damaged = {each.storage for each in chosen.problems if each.what == "inventory"}
    pairs: list[tuple[Wanted, str | None]] = []
    left = []
    for one in ours:
        storage, live = one.storage, found.live.get(one.storage.id)
        if not takes:
            if storage.inventory is None or storage.inventory.rows:
                left.append(Left(storage.name, NOT_TAKEN, "this platform takes none"))
        elif storage.inventory is None:
            left.append(Left(storage.name, NO_INVENTORY, f"the snapshot has none. {_ANEW}"))
        elif storage.name in damaged:
            left.append(Left(storage.name, DAMAGED, _DAMAGED))
        elif not storage.inventory.rows:
            continue
        elif live is not None and not same_place(one.entry, live):
            left.append(Left(storage.name, ELSEWHERE, "what has its name lies elsewhere"))
        else:
            pairs.append((one, live.id if live else None))
    return comparing.compare_each(pairs, lambda name: follow(1, name)), tuple(left)
