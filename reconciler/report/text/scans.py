"""`scan` on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.recovery.scanning.outcome import DONE, Scanned
from reconciler.report.sentences import scans as told
from reconciler.report.sentences.terms import bare
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines


def scanned(results: Sequence[Scanned], style: Style = PLAIN) -> str:
    """Show how the scan of each storage ended; the total stands last."""
    each = [
        line
        for result in results
        if result.status not in DONE or result.found or result.forgotten or not style.quiet
        for line in style.record(_record(result, style))
    ]
    last = lines(told.total(results), style.width, rest="  ")
    colour = "alarm" if any(result.found for result in results) else "bold"
    return joined([each, [style.paint(line, colour) for line in last]])


def _record(result: Scanned, style: Style) -> list[str]:
    colour = "green" if result.status in DONE else "alarm"
    facts = [*told.facts(result)]
    if oldest := told.oldest(result):
        facts.append(f"oldest proof {oldest}")
    status = told.result(result)
    first, *more = lines(
        f"{bare(result.storage)}: {status}{': ' if facts else ''}{', '.join(facts)}",
        style.width,
        rest="    ",
    )
    told_lines = [first.replace(status, style.paint(status, colour), 1), *more]
    for note in told.notes(result):
        told_lines += lines(note, style.width, "    ", "      ")
    return told_lines
