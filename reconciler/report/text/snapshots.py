"""`snapshot` on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.printable import shown
from reconciler.recovery.snapshots.checking.check import Checked
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.snapshots.listing import Overview
from reconciler.recovery.snapshots.pruned import Pruned
from reconciler.report.sentences.recovery import snapshots as told
from reconciler.report.sentences.terms import address, bare
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, laid_out, lines


def snapshot(kept: Kept, style: Style = PLAIN) -> str:
    """Show one snapshot: its storages, what it lacks, its digest, and the verdict last."""
    first = [
        *lines(
            f"{told.made(kept.snapshot)}: {address(kept.snapshot.platform.address)}",
            style.width,
            rest="  ",
        )
    ]
    rows = [
        (bare(storage.name), *told.storage_cells(storage)) for storage in kept.snapshot.storages
    ]
    table = _laid_out([told.STORAGES, *rows], style) if rows and not style.quiet else []
    notes = [line for note in told.notes(kept.snapshot) for line in _wrapped(note, style)]
    colour = "green" if kept.snapshot.complete else "alarm"
    digest = [f"Digest of the snapshot: {kept.digest}"]
    last = [style.paint(line, colour) for line in _wrapped(told.total(kept), style)]
    return joined([[] if style.quiet else first, table, notes, [*digest, *last]])


def overview(overview: Overview, style: Style = PLAIN) -> str:
    """List snapshots, the newest first."""
    rows = [told.snapshot_cells(kept, overview) for kept in reversed(overview.kept)]
    heading: tuple[str, ...] = told.LISTED
    if style.verbose:
        heading = (*heading, "DIGEST")
        rows = [
            (*row, kept.digest) for row, kept in zip(rows, reversed(overview.kept), strict=True)
        ]
    damaged = [
        line
        for each in overview.damaged
        for line in _wrapped(f"{each.id}: {told.CORRUPT}: {each.reason}", style)
    ]
    table = _laid_out([heading, *rows], style) if rows and not style.quiet else []
    by_cloud = [] if style.quiet else told.listed_notes(overview)
    notes = [line for note in by_cloud for line in _wrapped(note, style)]
    return joined([table, damaged, notes, _wrapped(told.total_listed(overview), style)])


def checked(checked: Checked, style: Style = PLAIN) -> str:
    """Show what a check found: each snapshot, what is wrong, and the verdict last."""
    each = [f"{kept.snapshot.id}: {told.checked(checked, kept)}" for kept in checked.snapshots]
    problems = [line for one in checked.problems for line in _wrapped(told.problem(one), style)]
    colour = "alarm" if checked.problems else "green"
    last = _wrapped(told.total_checked(checked), style)
    return joined([[] if style.quiet else each, problems, [style.paint(x, colour) for x in last]])


def pruned(pruned: Pruned, style: Style = PLAIN) -> str:
    """Show which snapshots stay or go, and why; then what becomes of the rest."""
    rows = [
        (
            fate.kept.snapshot.id,
            fate.kept.snapshot.created_at,
            told.state(fate.kept.snapshot),
            told.because(fate),
        )
        for fate in told.gone_last(pruned.snapshots)
    ]
    table = _laid_out([told.FATES, *rows], style) if rows and not style.quiet else []
    facts = [line for fact in told.pruned_facts(pruned) for line in _wrapped(fact, style)]
    last = _wrapped(told.total_pruned(pruned), style)
    return joined([table, facts, [style.paint(x, "bold") for x in last]])


def _laid_out(rows: Sequence[tuple[str, ...]], style: Style) -> list[str]:
    return laid_out(rows, style.width, records=style.records)


def _wrapped(note: str, style: Style) -> list[str]:
    return lines(shown(note), style.width, rest="  ")
