"""Journals, read back: also those of runs that were killed, and files that were damaged since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.errors import ReconcilerError, UsageError
from reconciler.executor import DONE, NOT_STARTED
from reconciler.journal.records import FORMAT_VERSION
from reconciler.journal.write import journals
from reconciler.model import Values
from reconciler.names import matches
from reconciler.printable import quoted

#: How an operation stands of which the journal tells no end.
STARTED = "started"
#: How a run stands: it has ended; it was killed, or still runs; an audit does not tell.
ENDED, OPEN, RECORDED = "ended", "killed_or_running", "recorded"


class OperationRecord(Struct, frozen=True, omit_defaults=True):
    """What one run did to one storage."""

    key: str
    action: str
    name: str
    #: done, failed, half_done, unknown, not_started; started: there is no end in the journal.
    status: str
    time: str = ""
    previous_name: str | None = None
    id: str | None = None
    error: str = ""
    #: How often a call was made again.
    retries: int = 0
    #: What the storage was before; None for a create.
    before: Values | None = None
    #: It is done, and there was nothing left to write: somebody had done it before this run.
    already: bool = False


class Run(Struct, frozen=True, kw_only=True):
    """One run, as far as its journal (or the audit of its platform) tells."""

    run: str
    #: ENDED, OPEN or RECORDED
    state: str
    started_at: str
    #: Empty where it is not known.
    ended_at: str = ""
    exit: int | None = None
    interrupted: bool = False
    platform: str
    digest: str = ""
    actor: str
    host: str = ""
    commit: str
    job_url: str
    #: How many operations the plan has.
    planned: int
    #: How many operations ended in which way, of those that the journal tells of.
    summary: dict[str, int]
    operations: tuple[OperationRecord, ...]
    #: What is wrong with the file, in words; empty if nothing is.
    damage: str = ""


def runs(folder: Path, wanted: str = "", *, named: bool = False) -> Iterator[Run]:
    """Read the journals of a folder, newest first.

    `wanted` is a part that the id of each must have. A folder that is not there has none, unless
    somebody `named` it: then that is a `UsageError`. Raises `ReconcilerError` if it can't be read.
    """
    for path in _journals(folder, named=named):
        if wanted in path.stem:
            yield of_file(path)


def _journals(folder: Path, *, named: bool) -> list[Path]:
    try:
        return journals(folder)
    except FileNotFoundError:
        if not named:
            return []
        raise UsageError(
            f"there is no folder {quoted(str(folder))}: give --journal the folder that was given "
            "to apply"
        ) from None
    except OSError as error:
        raise ReconcilerError(
            f"can't read the journals in {quoted(str(folder))} ({error.strerror}): make it a "
            "folder that you can read, or give another with --journal DIR"
        ) from None


def only(found: Iterable[Run], wanted: str) -> Run:
    """Return the one run that has `wanted` for its id, or as a part of it; raises `UsageError`."""
    among = [run for run in found if wanted in run.run]
    exact = [run for run in among if run.run == wanted]
    if len(exact or among) == 1:
        return (exact or among)[0]
    if not among:
        raise UsageError(f"there is no run {quoted(wanted)}: see `reconciler history`")
    raise UsageError(f"{len(among)} runs have {quoted(wanted)} in their id: give more of it")


def about(run: Run, globs: tuple[str, ...]) -> Run:
    """Return a run with those operations only that have or had a name like one of `globs`."""
    kept = tuple(
        entry
        for entry in run.operations
        if matches(entry.name, globs) or matches(entry.previous_name or "", globs)
    )
    return replace(run, operations=kept, summary=counted(kept))


def of_file(path: Path) -> Run:
    """Read one journal; what is wrong with it is told by its `damage`."""
    try:
        pieces = path.read_bytes().split(b"\n")
    except OSError as error:
        return _Reading(path.stem).run(f"it can't be read ({error.strerror})")
    reading = _Reading(path.stem)
    half = pieces.pop()
    damaged = sum(not reading.take(piece) for piece in pieces)
    return reading.run(_damage(reading, damaged, half=bool(half)))


def _damage(reading: _Reading, damaged: int, *, half: bool) -> str:
    if reading.first and reading.first.format_version > FORMAT_VERSION:
        return "it was written by a newer version of reconciler, so something may be missing here"
    told = []
    if damaged:
        told.append(f"{damaged} damaged {'line is' if damaged == 1 else 'lines are'} left out")
    if half:
        told.append("its last line is half written")
    if not reading.first:
        told.append("its first line is missing")
    return ", ".join(told)


class _Line(Struct, frozen=True):
    """Any line; fields that its event does not have keep their defaults."""

    event: str
    time: str = ""
    format_version: int = FORMAT_VERSION
    platform: str = ""
    digest: str = ""
    operations: int = 0
    actor: str = ""
    host: str = ""
    commit: str = ""
    job_url: str = ""
    key: str = ""
    action: str = ""
    name: str = ""
    previous_name: str | None = None
    id: str | None = None
    before: Values | None = None
    status: str = ""
    error: str = ""
    exit: int | None = None
    interrupted: bool = False
    writes: int | None = None


class _Reading:
    """What the lines of one file have said so far."""

    def __init__(self, run: str) -> None:
        self.first: _Line | None = None
        self._run = run
        self._last = _Line("")
        self._entries: dict[str, OperationRecord] = {}

    def take(self, piece: bytes) -> bool:
        """Take in a line; False if it is none."""
        try:
            line = msgspec.json.decode(piece, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if line.event == "run_started":
            self.first = line
        elif line.event == "run_ended":
            self._last = line
        elif line.key:
            entry = self._entries.get(line.key) or OperationRecord(
                line.key, line.action, line.name, NOT_STARTED
            )
            self._entries[line.key] = _after(entry, line)
        return True

    def run(self, damage: str) -> Run:
        """Return what is known now."""
        entries = tuple(self._entries.values())
        first, last = self.first or _Line(""), self._last
        return Run(
            run=self._run,
            state=ENDED if last.time else OPEN,
            started_at=first.time,
            ended_at=last.time,
            exit=last.exit,
            interrupted=last.interrupted,
            platform=first.platform,
            digest=first.digest,
            actor=first.actor,
            host=first.host,
            commit=first.commit,
            job_url=first.job_url,
            planned=first.operations,
            summary=counted(entries),
            operations=entries,
            damage=damage,
        )


def _after(entry: OperationRecord, line: _Line) -> OperationRecord:
    """Return how an operation stands after one more line about it."""
    match line.event:
        case "operation_planned":
            return replace(entry, previous_name=line.previous_name, id=line.id, before=line.before)
        case "operation_started":
            return replace(entry, status=STARTED, time=line.time)
        case "operation_retried":
            return replace(entry, retries=entry.retries + 1)
        case "operation_done":
            already = line.writes == 0
            live_id = line.id or entry.id
            return replace(entry, status=DONE, time=line.time, id=live_id, already=already)
        case "operation_failed":
            return replace(entry, status=line.status, time=line.time, error=line.error)
        case _:  # of a later version
            return entry


def counted(entries: Iterable[OperationRecord]) -> dict[str, int]:
    """Return how many operations ended in which way."""
    return dict(sorted(Counter(entry.status for entry in entries).items()))
