"""What `history` reports, in each of the formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from reconciler.journal.read import DONE, ENDED, OPEN, STARTED, Entry, Run
from reconciler.printable import masked, quoted, shown
from reconciler.report.escape import code, prose
from reconciler.report.layout import laid_out, lines
from reconciler.report.said.words import SYMBOLS, bare, count
from reconciler.report.style import PLAIN, Style
from reconciler.timestamps import whole_seconds

FORMAT_VERSION = 1
NO_RUNS = "No runs."
_NO_END = "no end: killed, or still running."
#: As much of a commit as people tell commits apart by.
_COMMIT = 12
_COLUMNS = ("RUN", "STARTED", "BY", "COMMIT", "PLATFORM", "END", "OPERATIONS")
#: Operations of a run that are named where only their number is asked for.
_ENOUGH = 3


def text(runs: Sequence[Run], style: Style = PLAIN) -> str:
    """List runs, newest first, a line each."""
    if not runs:
        return f"{NO_RUNS}\n"
    told = _table([_COLUMNS, *map(_row, runs)], style)
    if any(run.state == OPEN for run in runs):
        told += ["", _NO_END]
    told += [line for run in runs for line in _damage(run, style)]
    return "\n".join([*told, "", f"{count(len(runs), 'run')}."]) + "\n"


def text_of_operations(runs: Sequence[Run], style: Style = PLAIN) -> str:
    """List what runs did to some storages, newest run first, a line for each operation."""
    rows = [
        (
            whole_seconds(entry.time or run.started_at),
            shown(run.run),
            shown(run.actor),
            shown(masked(run.platform)),
            shown(entry.action),
            bare(entry.name),
            _ended(entry),
        )
        for run in runs
        for entry in run.operations
    ]
    if not rows:
        return f"{NO_RUNS}\n"
    heading = ("TIME", "RUN", "BY", "PLATFORM", "ACTION", "STORAGE", "END")
    told = _table([heading, *rows], style)
    told += [line for run in runs for line in _damage(run, style)]
    return "\n".join([*told, "", f"{count(len(rows), 'operation')}."]) + "\n"


def text_of_run(run: Run, style: Style = PLAIN) -> str:
    """Show one run: where it came from, how it ended, and what it did."""
    told = [f"Run {shown(run.run)}"]
    told += [f"  {name:9}{value}" for name, value in _facts(run)]
    told += _damage(run, style)
    told.append("")
    for entry in run.operations:
        told += _operation(entry, style)
    if run.operations:
        told.append("")
    return "\n".join([*told, _total(run)]) + "\n"


def markdown(runs: Sequence[Run], _style: Style = PLAIN) -> str:
    """List runs as a table."""
    if not runs:
        return f"{NO_RUNS}\n"
    told = [f"| {' | '.join(map(str.lower, _COLUMNS))} |", "|---" * len(_COLUMNS) + "|"]
    for run in runs:
        name, started, actor, commit, platform, end, operations = _row(run)
        cells = [code(name), started, prose(actor), prose(commit), prose(platform), end]
        told.append(f"| {' | '.join([*cells, prose(operations)])} |")
    return "\n".join(told) + "\n"


def markdown_of_run(run: Run, _style: Style = PLAIN) -> str:
    """Show one run."""
    told = [f"**Run {code(run.run)}**", ""]
    told += [f"- {name}: {prose(value)}" for name, value in _facts(run)]
    told += [f"- {prose(run.damage)}"] if run.damage else []
    told.append("")
    for entry in run.operations:
        error = f": {prose(entry.error)}" if entry.error else ""
        told.append(f"- {entry.action} {code(entry.name)}: {_ended(entry)}{error}")
    return "\n".join([*told, "", _total(run)]) + "\n"


def json(runs: Sequence[Run], *, operations: bool) -> str:
    """Give runs as one document; with their operations only if they are asked for."""
    told = [_document(run, operations=operations) for run in runs]
    encoded = msgspec.json.encode({"format_version": FORMAT_VERSION, "runs": told})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _document(run: Run, *, operations: bool) -> dict[str, Any]:
    safe = replace(
        run,
        platform=masked(run.platform),
        job_url=masked(run.job_url),
        operations=tuple(map(_masked, run.operations)) if operations else (),
    )
    told: dict[str, Any] = msgspec.to_builtins(safe)
    if not operations:
        del told["operations"]
    return told


def _masked(entry: Entry) -> Entry:
    if entry.before is None:
        return entry
    before = replace(entry.before, default_url=masked(entry.before.default_url))
    return replace(entry, before=before)


def _table(rows: Sequence[Sequence[str]], style: Style) -> list[str]:
    """Lay out a table; columns that nobody fills are left out, but not where programs read."""
    if not style.records:
        filled = [column for column in zip(*rows, strict=True) if any(column[1:])]
        rows = list(zip(*filled, strict=True))
    return laid_out(rows, style.width, records=style.records)


def _row(run: Run) -> tuple[str, str, str, str, str, str, str]:
    return (
        shown(run.run),
        whole_seconds(shown(run.started_at)),
        shown(run.actor),
        shown(run.commit[:_COMMIT]),
        shown(masked(run.platform)),
        _end(run),
        ": ".join(filter(None, [_counts(run), _names(run)])),
    )


def _names(run: Run) -> str:
    """Name what the first operations were about; a row has no room for thousands."""
    told = [f"{_symbol(entry)} {bare(entry.name)}" for entry in run.operations[:_ENOUGH]]
    cut = len(run.operations) - len(told)
    return ", ".join([*told, *([f"{cut:,} more"] if cut else [])])


def _end(run: Run) -> str:
    if run.state == ENDED:
        return f"exit {run.exit}"
    return "no end" if run.state == OPEN else ""


def _counts(run: Run) -> str:
    already = sum(entry.already for entry in run.operations)
    numbers = {status.replace("_", " "): number for status, number in run.summary.items()}
    if already:
        numbers |= {"done": numbers.get(DONE, 0) - already, "done already": already}
    told = [f"{number:,} {status}" for status, number in sorted(numbers.items()) if number]
    missing = run.planned - len(run.operations)
    if run.state == OPEN and missing > 0:
        told.append(f"{missing:,} not begun")
    return ", ".join(told)


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """Name what is known of where a run came from and how it ended."""
    yield "started", shown(run.started_at or "unknown")
    if run.state == OPEN:
        yield "ended", "killed, or still running: no end is recorded"
    elif run.state == ENDED:
        interrupted = ", interrupted" if run.interrupted else ""
        yield "ended", f"{shown(run.ended_at)}, exit {run.exit}{interrupted}"
    where = f" on {shown(run.host)}" if run.host else ""
    for name, value in (
        ("by", shown(run.actor) + where),
        ("commit", shown(run.commit)),
        ("job", shown(masked(run.job_url))),
        ("platform", shown(masked(run.platform))),
        ("digest", shown(run.digest)),
    ):
        if value:
            yield name, value


def _damage(run: Run, style: Style) -> list[str]:
    return lines(f"! {shown(run.run)}: {run.damage}", style.width, "", "  ") if run.damage else []


def _operation(entry: Entry, style: Style) -> list[str]:
    told = [f"{_symbol(entry)} {bare(entry.name)}: {_ended(entry)}"]
    told += lines(shown(entry.error), style.width, "    ", "    ")
    before = entry.before
    if before is not None:
        phrase = [
            "before:",
            quoted(before.name) + ",",
            f"label {quoted(before.label)},",
            f"{shown(before.type)} at {shown(masked(before.default_url))}",
        ]
        told += lines(phrase, style.width, "    ", "      ")
    return told


def _symbol(entry: Entry) -> str:
    return SYMBOLS.get(entry.action) or shown(entry.action.replace("_", " "))


def _ended(entry: Entry) -> str:
    again = f", tried again {entry.retries}×" if entry.retries else ""
    if entry.status == STARTED:
        return f"begun, no end is recorded{again}"
    if entry.already:
        return "had been done already"
    moved = entry.previous_name if entry.status == DONE else None
    was = f", was {quoted(moved)}" if moved is not None else ""
    return f"{shown(entry.status.replace('_', ' '))}{was}{again}"


def _total(run: Run) -> str:
    return f"{count(len(run.operations), 'operation')}: {_counts(run) or 'none'}."
