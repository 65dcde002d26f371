"""`rebuild` on a terminal."""

from __future__ import annotations

from reconciler.printable import shown
from reconciler.recovery.rebuilding.outcome import Rebuilt
from reconciler.report.sentences.recovery import rebuilds as told
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, lines
from reconciler.report.text.results import sections


def rebuilt(rebuilt: Rebuilt, style: Style = PLAIN) -> str:
    """Show how the apply ended, what is not as it was, and what it came to last."""
    run = sections(rebuilt.applied, style) if rebuilt.applied.result.outcomes else []
    facts = [line for fact in told.facts(rebuilt) for line in _wrapped(fact, style)]
    colour = "alarm" if rebuilt.exit_code else "yellow"
    # In one piece each, to be copied.
    proof = [*_steps(rebuilt, style), *(f"  {each}" for each in rebuilt.verify)]
    verdict = [
        style.paint(line, colour)
        for line in lines(_words(told.total(rebuilt)), style.width, rest="  ")
    ]
    unknown = _wrapped(told.unknown(rebuilt), style)
    return joined([*run, facts, unknown, proof, verdict])


def _words(total: str) -> list[str]:
    """Split the last line so that what must be seen stays in one piece."""
    start, found, end = total.partition(told.NOT_VERIFIED)
    return [*start.split(), found + end]


def _steps(rebuilt: Rebuilt, style: Style) -> list[str]:
    steps = told.steps(rebuilt)
    marks = [f"{n}. " for n in range(1, len(steps) + 1)] if len(steps) > 1 else [""]
    filled = (
        lines(step, style.width, first=mark, rest=" " * len(mark))
        for mark, step in zip(marks, steps, strict=True)
    )
    return ["Next:", *(line for each in filled for line in each)]


def _wrapped(fact: str, style: Style) -> list[str]:
    return lines(shown(fact), style.width, rest="  ")
