"""`scan` in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.recovery.scanning.outcome import Scanned
from reconciler.report.markdown.comments import Comment, Section, row, written
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences import scans as told
from reconciler.report.sentences.scans import amount
from reconciler.report.style import PLAIN, Style


def scanned(results: Sequence[Scanned], _style: Style = PLAIN) -> str:
    """Show how the scan of each storage ended as a table, and then what else is to be known."""
    head = (
        "| storage | result | files | bytes | read | kept | oldest proof |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    noted = [(result, note) for result in results for note in told.notes(result)]
    sections = (
        Section("", "storage", results, _row, table=head),
        Section("To look at", "note", noted, _note),
    )
    return written(Comment(told.total(results), sections=sections))


def _row(result: Scanned) -> str:
    counts = result.scan.counts if result.scan else None
    cells = [
        code(result.storage),
        told.result(result),
        f"{counts.kinds.get('file', 0):,}" if counts else "",
        amount(counts.bytes) if counts else "",
        f"{result.files_read:,} ({amount(result.bytes_read)})",
        f"{result.files_kept:,}",
        told.oldest(result),
    ]
    return row(cells)


def _note(noted: tuple[Scanned, str]) -> str:
    result, note = noted
    return f"{code(result.storage)}: {prose(note)}"
