"""`list`, `doctor`, `lock` and `token list` on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.health.platform import Check, Facts, checks
from reconciler.lease.contract import Lease, holder_of
from reconciler.model import State
from reconciler.printable import shown
from reconciler.report.sentences import doctor
from reconciler.report.sentences import storages as live
from reconciler.report.sentences.terms import address, bare
from reconciler.report.sentences.tokens import COLUMNS, Told, cells
from reconciler.report.style import PLAIN, Style
from reconciler.report.text.lines import joined, laid_out, lines, table

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "alarm"}


def storages(state: State, declared: Mapping[str, str], style: Style = PLAIN) -> str:
    """List live storages: a table where it fits the width, else a paragraph for each."""
    rows = live.listed(state, declared)
    last = live.total(rows)
    if style.quiet or not rows:
        return joined([[last]])
    aligned = laid_out(_cells(rows, style), style.width, records=style.records)
    return joined([aligned, [last]])


def examined(facts: Facts, style: Style = PLAIN) -> str:
    """Show what `doctor` found, what the platform is able to do, and the verdict last."""
    judged = checks(facts)
    told = [
        line
        for check in judged
        if check.status != "ok" or not style.quiet
        for line in style.record(_check(check, style))
    ]
    first = lines(["Platform:", address(facts.address)], style.width)
    sections = [told] if style.quiet else [first, told, _abilities(facts, style)]
    return joined([*sections, [style.paint(doctor.total(judged), "bold")]])


def lease(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return who holds the platform."""
    return f"Locked by {holder_of(lease)}.\n" if lease else "Not locked.\n"


def released(lease: Lease | None, _style: Style = PLAIN) -> str:
    """Return that nobody holds the platform now; `lease` is the one that was released, if any."""
    return "Released.\n" if lease else "Not locked.\n"


def tokens(tokens: Told, style: Style = PLAIN) -> str:
    """List the tokens of a server in columns, or one record a line."""
    rows = [[shown(cell) for cell in row] for row in cells(tokens)]
    return "\n".join(table([COLUMNS, *rows], records=style.records)) + "\n"


def _check(check: Check, style: Style) -> list[str]:
    mark = style.paint(f"{check.status:7}", _COLOURS[check.status])
    message = f"{check.topic}: {shown(check.message)}"
    indent = " " * 9
    first, *more = lines(message, style.width, indent, f"{indent}  ")
    return [
        f"{mark}  {first.removeprefix(indent)}",
        *more,
        *lines(shown(check.advice), style.width, f"{indent}  next: ", f"{indent}  "),
    ]


def _abilities(facts: Facts, style: Style) -> list[str]:
    if facts.abilities is None:
        return []
    told = ["What the platform is able to do:"]
    for name, has, meaning in doctor.abilities(facts.abilities):
        told += lines(meaning, style.width, f"  {name:17}  {has:7}  ", " " * 30)
    return told


def _cells(rows: Sequence[live.Listed], style: Style) -> list[tuple[str, ...]]:
    """Return the table of `list`, with its heading; a column that nobody fills is left out."""
    storages = [row.storage for row in rows]
    filled = [
        ("NAME", *(bare(live.name) for live in storages)),
        ("TYPE", *(shown(live.type) for live in storages)),
        ("LOCATION", *(address(live.default_url) for live in storages)),
        ("LABEL", *(shown(live.label) for live in storages)),
    ]
    if any(row.status for row in rows):
        filled.append(("STATUS", *(row.status for row in rows)))
    if style.verbose:
        filled.append(("ID", *(shown(live.id) for live in storages)))
    return list(zip(*filled, strict=True))
