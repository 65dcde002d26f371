"""`verify --objective` on a terminal."""

from __future__ import annotations

from reconciler.recovery.proving.results import PROVED, WRONG, Proved, StorageProved
from reconciler.report.sentences.recovery import objectives as told
from reconciler.report.sentences.terms import bare
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines

_COLOURS = {PROVED: "green", WRONG: "alarm"}


def proved(result: Proved, style: Style = PLAIN) -> str:
    """Show of each storage how much was proved, and why it is not more; the verdict stands last."""
    each = [
        line
        for one in result.storages
        if one.verdict != PROVED or not style.quiet
        for line in style.record(_storage(one, result.at, style))
    ]
    notes = [line for note in told.notes(result) for line in lines(note, style.width, "", "  ")]
    colour = _COLOURS.get(result.verdict, "yellow")
    last = lines(told.total(result), style.width, rest="  ")
    return joined([each, notes, [style.paint(line, colour) for line in last]])


def _storage(one: StorageProved, at: int, style: Style) -> list[str]:
    status, facts = told.result(one), told.facts(one, at)
    text = f"{bare(one.storage)}: {status}{': ' if facts else ''}{', '.join(facts)}"
    first, *more = lines(text, style.width, rest="    ")
    colour = _COLOURS.get(one.verdict, "yellow")
    done = [first.replace(status, style.paint(status, colour), 1), *more]
    for reason in told.reasons(one, at):
        done += lines(reason, style.width, "    ", "      ")
    return done
