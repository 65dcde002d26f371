"""What `history` says of runs, as text and Markdown say it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.environment.timestamps import whole_seconds
from reconciler.executor import DONE
from reconciler.journal.read import ENDED, OPEN, STARTED, OperationRecord, Run
from reconciler.printable import quoted, shown
from reconciler.report.sentences.terms import SYMBOLS, address, bare, count, spoken

NO_RUNS = "No runs."
COLUMNS = ("RUN", "STARTED", "BY", "COMMIT", "PLATFORM", "END", "OPERATIONS")
#: As much of a commit as people tell commits apart by.
_COMMIT = 12
#: Operations of a run that are named where only their number is asked for.
_ENOUGH = 3


def row(run: Run) -> tuple[str, str, str, str, str, str, str]:
    """Return the cells of a run, one for each of `COLUMNS`."""
    return (
        shown(run.run),
        whole_seconds(shown(run.started_at)),
        shown(run.actor),
        shown(run.commit[:_COMMIT]),
        address(run.platform),
        end(run),
        ": ".join(filter(None, [_counts(run), _names(run)])),
    )


def facts(run: Run) -> Iterator[tuple[str, str]]:
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
        ("job", address(run.job_url)),
        ("platform", address(run.platform)),
        ("digest", shown(run.digest)),
    ):
        if value:
            yield name, value


def total(run: Run) -> str:
    """Count the operations of a run by how they ended."""
    return f"{count(len(run.operations), 'operation')}: {_counts(run) or 'none'}."


def of_writes(number: int, *, at_least: bool) -> str:
    """Count what a run has written, as `total` does; `at_least`: or more."""
    told = f"{count(number, 'operation')}: {number:,} {DONE}."
    return f"at least {told}" if at_least else told


def ended(entry: OperationRecord) -> str:
    """Return how an operation ended, and what it was called before."""
    again = f", tried again {entry.retries}×" if entry.retries else ""
    if entry.status == STARTED:
        return f"begun, no end is recorded{again}"
    if entry.already:
        return "had been done already"
    moved = entry.previous_name if entry.status == DONE else None
    was = f", was {quoted(moved)}" if moved is not None else ""
    return f"{shown(spoken(entry.status))}{was}{again}"


def headed(entry: OperationRecord) -> str:
    """Name an operation by the symbol of its action and its storage."""
    symbol = SYMBOLS.get(entry.action) or shown(spoken(entry.action))
    return f"{symbol} {bare(entry.name)}"


def _names(run: Run) -> str:
    """Name what the first operations were about; a row has no room for thousands."""
    told = [headed(entry) for entry in run.operations[:_ENOUGH]]
    cut = len(run.operations) - len(told)
    return ", ".join([*told, *([f"{cut:,} more"] if cut else [])])


def end(run: Run) -> str:
    """Return how a run ended, in a word or two; empty where nobody tells."""
    if run.state == ENDED:
        return f"exit {run.exit}"
    return "no end" if run.state == OPEN else ""


def _counts(run: Run) -> str:
    already = sum(entry.already for entry in run.operations)
    numbers = {spoken(status): number for status, number in run.summary.items()}
    if already:
        numbers |= {DONE: numbers.get(DONE, 0) - already, "done already": already}
    told = [f"{number:,} {status}" for status, number in sorted(numbers.items()) if number]
    missing = run.planned - len(run.operations)
    if run.state == OPEN and missing > 0:
        told.append(f"{missing:,} not begun")
    return ", ".join(told)
