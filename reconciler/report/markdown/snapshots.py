"""`snapshot` in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.masking import masked
from reconciler.recovery.snapshots.checking.check import Checked
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.snapshots.listing import Overview
from reconciler.recovery.snapshots.pruned import Pruned
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.recovery import snapshots as told
from reconciler.report.style import PLAIN, Style


def snapshot(kept: Kept, _style: Style = PLAIN) -> str:
    """Show one snapshot: what it lacks first, then its storages."""
    one = kept.snapshot
    facts = (
        f"{told.made(one)}: {code(masked(one.platform.address))}",
        f"Digest of the snapshot {code(kept.digest)}",
    )
    rows = [[code(each.name), *told.storage_cells(each)] for each in one.storages]
    sections = (
        Section("To know", "note", told.notes(one), prose),
        Section("", "storage", rows, row, table=_head(told.STORAGES)),
    )
    return written(Comment(told.total(kept), facts, sections=sections))


def overview(overview: Overview, _style: Style = PLAIN) -> str:
    """List snapshots as a table, the newest first."""
    rows = [told.snapshot_cells(kept, overview) for kept in reversed(overview.kept)]
    damaged = [f"{code(each.id)}: {prose(each.reason)}" for each in overview.damaged]
    sections = (
        Section("Corrupt or lost", "snapshot", damaged, str),
        Section("To know", "note", told.listed_notes(overview), prose),
        Section("", "snapshot", rows, row, table=_head(told.LISTED)),
    )
    return written(Comment(told.total_listed(overview), sections=sections, see="the full list"))


def checked(checked: Checked, _style: Style = PLAIN) -> str:
    """Show what a check found: what is wrong first."""
    each = [f"{code(k.snapshot.id)}: {told.checked(checked, k)}" for k in checked.snapshots]
    wrong = [prose(told.problem(problem)) for problem in checked.problems]
    sections = (
        Section("Corrupt or lost", "file", wrong, str),
        Section("Snapshots", "snapshot", each, str),
    )
    return written(Comment(told.total_checked(checked), sections=sections))


def pruned(pruned: Pruned, _style: Style = PLAIN) -> str:
    """Show which snapshots stay or go, and why."""
    rows = [
        [
            code(fate.kept.snapshot.id),
            fate.kept.snapshot.created_at,
            told.state(fate.kept.snapshot),
            told.because(fate),
        ]
        for fate in told.gone_last(pruned.snapshots)
    ]
    table = Section("", "snapshot", rows, row, table=_head(told.FATES))
    facts = tuple(map(prose, told.pruned_facts(pruned)))
    return written(Comment(told.total_pruned(pruned), facts, sections=(table,)))


def _head(columns: Sequence[str]) -> str:
    return f"{row(each.lower() for each in columns)}\n{row('---' for _ in columns)}\n"
