"""What every format says of snapshots: made, listed, checked, pruned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.environment.timestamps import moment_of, whole_seconds
from reconciler.printable import listed
from reconciler.recovery import rows
from reconciler.recovery.snapshots.checking.check import Checked
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import Kept, Snapshot, SnapshotStorage
from reconciler.recovery.snapshots.listing import Overview
from reconciler.recovery.snapshots.marks import Verified
from reconciler.recovery.snapshots.pruned import Fate, Pruned
from reconciler.recovery.values import Counts, LeftOut
from reconciler.report.sentences import left_out
from reconciler.report.sentences.scans import amount
from reconciler.report.sentences.terms import bare, count

COMPLETE, INCOMPLETE, CORRUPT = "complete", "incomplete", "corrupt"
#: The columns of `snapshot list`, and of the storages of one snapshot.
LISTED = ("SNAPSHOT", "STORAGES", "RECORDS", "FILES", "SIZE", "STATE", "VERIFIED")
STORAGES = ("STORAGE", "RECORDS", "FILES", "SIZE", "SCANNED")
FATES = ("SNAPSHOT", "MADE", "STATE", "FATE")
NO_SCAN, NOT_READ = "not scanned", "not read"
RECORDS_ONLY, SOME_OUT = "records only", "with something left out by --exclude"


def state(snapshot: Snapshot) -> str:
    """Return whether a snapshot is complete, and how many storages were never scanned."""
    if not snapshot.complete:
        return INCOMPLETE
    unknown = sum(storage.contents is None for storage in snapshot.storages)
    return f"{COMPLETE}, {unknown:,} {NO_SCAN}" if unknown else COMPLETE


def made(snapshot: Snapshot) -> str:
    """Say of which platform it is, and which number it has."""
    return f"Snapshot {snapshot.id}, number {snapshot.serial:,} of this platform"


def storage_cells(storage: SnapshotStorage) -> tuple[str, str, str, str]:
    """Return what a snapshot has of a storage, as `STORAGES` names it, without the name."""
    records = NOT_READ if storage.inventory is None else f"{storage.inventory.rows:,}"
    if storage.contents is None:
        return records, "", "", NO_SCAN
    counts = storage.contents.counts
    scanned = whole_seconds(storage.contents.ended_at)
    if not storage.contents.complete:
        scanned += f" ({INCOMPLETE})"
    return records, f"{_files(counts):,}", amount(counts.bytes), scanned


def snapshot_cells(kept: Kept, overview: Overview) -> tuple[str, ...]:
    """Return a snapshot as `LISTED` names it."""
    snapshot = kept.snapshot
    mark = overview.verified.get(snapshot.id)
    records, files, size = _sums(snapshot)
    return (
        snapshot.id,
        f"{len(snapshot.storages):,}",
        f"{records:,}",
        f"{files:,}" if size else "",
        amount(size) if size else "",
        state(snapshot),
        _verified(mark) if mark else "",
    )


def _verified(mark: Verified) -> str:
    """Say when a snapshot was verified, and if so that no byte of a file was read for it."""
    day = mark.verified_at[:10]
    return f"{day}, {RECORDS_ONLY}" if mark.method == "inventories" else day


def notes(snapshot: Snapshot) -> list[str]:
    """Return what a reader has to know of a snapshot beside, in sentences, the worst first."""
    told = [
        f"{_of(each.storage)}{each.message}".strip().rstrip(".") + "." for each in snapshot.lacking
    ]
    told += [
        f"{bare(each.name)}: {omitted}."
        for each in snapshot.storages
        if (omitted := left_out.note(_left_out(each)))
    ]
    told += [f"{note}." for note in _by_cloud(snapshot)]
    unmanaged = [each for each in snapshot.storages if each.unmanaged]
    if unmanaged:
        told.append(
            f"{count(len(unmanaged), 'storage')} can't be expressed by a manifest, and can't be "
            "rebuilt from it; the records are kept."
        )
    if snapshot.platform.complete_list is None:
        told.append(
            "Whether there are storages that this account does not see, the platform can't tell."
        )
    return told


def total(kept: Kept) -> str:
    """Say how complete a snapshot is, and how much it holds."""
    snapshot = kept.snapshot
    records, files, _ = _sums(snapshot)
    scanned = sum(storage.contents is not None for storage in snapshot.storages)
    unknown = len(snapshot.storages) - scanned
    contents = f"contents of {scanned:,} ({count(files, 'file')})" if scanned else "no contents"
    storages = count(len(snapshot.storages), "storage")
    held = f"{storages}, {count(records, 'file record')}, {contents}"
    if unknown:
        where = "it" if len(snapshot.storages) == 1 else f"{unknown:,} of them"
        held += f"; what lies on {where} is not known"
    partly = left_out.in_all(_scanned_partly(snapshot))
    if snapshot.complete:
        of = " of what was scanned" if unknown and scanned else ", with nothing scanned"
        return f"Complete{of if unknown else ''}: {held}{partly}."
    lacks = f"{count(len(snapshot.lacking), 'thing')} could not be read"
    return f"INCOMPLETE: {held}; {lacks}{partly}."


def total_listed(overview: Overview) -> str:
    """Say how many snapshots there are."""
    told = f"{count(len(overview.kept) + len(overview.damaged), 'snapshot')}"
    extras = [
        (sum(not kept.snapshot.complete for kept in overview.kept), INCOMPLETE),
        (len(overview.damaged), CORRUPT),
        (sum(bool(_scanned_partly(kept.snapshot)) for kept in overview.kept), SOME_OUT),
    ]
    more = ", ".join(f"{number:,} {word}" for number, word in extras if number)
    return f"{told}{': ' if more else ''}{more}."


def checked(checked: Checked, kept: Kept) -> str:
    """Say of one snapshot what a check found, in a line."""
    if not checked.sound(kept.snapshot.id):
        return CORRUPT
    proved = "undamaged and untampered" if checked.expected else "undamaged"
    return proved if kept.snapshot.complete else f"{proved}, {INCOMPLETE}"


def problem(problem: Problem) -> str:
    """Say what is wrong with a snapshot."""
    what = f"{problem.what} of {bare(problem.storage)}" if problem.storage else problem.what
    return ": ".join(filter(None, (problem.snapshot, what, problem.message)))


def total_checked(checked: Checked) -> str:
    """Say what a check came to, and what it does not prove."""
    damaged = {problem.snapshot for problem in checked.problems} - {""}
    number = len({*damaged, *(kept.snapshot.id for kept in checked.snapshots)})
    read = f"{count(checked.parts, 'part')}, {amount(checked.bytes)} read"
    if checked.problems:
        others = sum(not problem.snapshot for problem in checked.problems)
        beside = f", and {count(others, 'file')} beside" if others else ""
        return (
            f"CORRUPT: {len(damaged):,} of {count(number, 'snapshot')}{beside} ({read}). Restore "
            "what is named from another copy of the repository."
        )
    if checked.expected:
        return f"Undamaged and untampered: {count(number, 'snapshot')} ({read})."
    return (
        f"Undamaged: {count(number, 'snapshot')} ({read}). That nobody has replaced it, only "
        "--expect can prove."
    )


def because(fate: Fate) -> str:
    """Say why a snapshot stays, or that it goes."""
    return f"stays: {', '.join(fate.reasons)}" if fate.reasons else "goes"


def pruned_facts(pruned: Pruned) -> list[str]:
    """Say what becomes of scans and parts, in sentences."""
    verb = "removed" if pruned.done else "to be removed"
    kept, removed = pruned.scans_kept, pruned.scans_removed
    told = [f"Scans: {kept:,} {_stay(kept)}, {removed:,} {verb}."]
    parts = f"Parts: {pruned.parts_kept:,} needed"
    if pruned.parts_removed:
        parts += f", {pruned.parts_removed:,} {verb} ({amount(pruned.bytes_removed)})"
    if pruned.parts_waiting:
        when = f"after {pruned.again_after}" if pruned.again_after else "an hour later or more"
        parts += (
            f", {pruned.parts_waiting:,} needed no more ({amount(pruned.bytes_waiting)}): a prune "
            f"{when} deletes them"
        )
    told.append(f"{parts}.")
    if pruned.remains:
        told.append(f"{count(pruned.remains, 'file')} that killed runs had left: {verb}.")
    return told


def total_pruned(pruned: Pruned) -> str:
    """Say how many snapshots stay, and how many go or have gone."""
    gone = sum(not fate.reasons for fate in pruned.snapshots)
    stay = len(pruned.snapshots) - gone
    if pruned.done:
        return f"Pruned: {count(gone, 'snapshot')} removed, {stay:,} left."
    if not gone and not pruned.scans_removed and not pruned.parts_removed:
        return f"Nothing to prune: {count(stay, 'snapshot')} {_stay(stay)}."
    return (
        f"Prune: {count(gone, 'snapshot')} to remove, {stay:,} to stay. Nothing was removed: "
        "repeat with --yes."
    )


def gone_last(fates: Sequence[Fate]) -> Iterable[Fate]:
    """Return what stays, then what goes, each with the newest first."""
    newest = list(reversed(fates))
    return [*(f for f in newest if f.reasons), *(f for f in newest if not f.reasons)]


def _scanned_partly(snapshot: Snapshot) -> list[str]:
    """Name the storages of which a scan was told to leave something out, and did."""
    return [each.name for each in snapshot.storages if left_out.any_of(_left_out(each))]


def listed_notes(overview: Overview) -> list[str]:
    """Return which snapshots rest on what a cloud tells, the newest first."""
    return [
        f"{kept.snapshot.id}: {'; '.join(told)}."
        for kept in reversed(overview.kept)
        if (told := _by_cloud(kept.snapshot))
    ]


def _by_cloud(snapshot: Snapshot) -> list[str]:
    """Say of each storage by which list it was listed, and which reports attest files of it."""
    found = []
    for storage in snapshot.storages:
        told, contents = [], storage.contents
        if contents and contents.listed_at:
            told.append(f"listed by an S3 Inventory of {contents.listed_at}")
        if contents and (attested := contents.counts.proofs.get(rows.ATTESTED)):
            newest = contents.reports[::-1]
            by = [f"{moment_of(one.at)} (sha256:{one.digest[:12]})" for one in newest]
            of = f" of {listed(by, str)}" if by else ""
            told.append(f"{count(attested, 'file')} not read here, but by reports of the cloud{of}")
        found += [f"{bare(storage.name)}: {', '.join(told)}"] if told else []
    return found


def _left_out(storage: SnapshotStorage) -> tuple[LeftOut, ...]:
    return storage.contents.counts.left_out if storage.contents else ()


def _stay(number: int) -> str:
    return "stays" if number == 1 else "stay"


def _of(storage: str) -> str:
    return f"{bare(storage)}: " if storage else ""


def _sums(snapshot: Snapshot) -> tuple[int, int, int]:
    """Return file records, files, and bytes of those."""
    inventories = [each.inventory.rows for each in snapshot.storages if each.inventory]
    scans = [each.contents.counts for each in snapshot.storages if each.contents]
    return sum(inventories), sum(map(_files, scans)), sum(c.bytes for c in scans)


def _files(counts: Counts) -> int:
    """Return how many files, or whatever else has a name there, `verify` would compare."""
    return counts.rows - counts.kinds.get(rows.DELETED, 0)
