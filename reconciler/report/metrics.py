"""What is known of storages as numbers, in the text format of Prometheus, and the runs read back.

What nobody knows has no line: a 0 would say that somebody has looked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from reconciler.environment.timestamps import is_moment
from reconciler.masking import masked_in
from reconciler.printable import shown
from reconciler.recovery.findings.episodes import NEEDS_PROOF
from reconciler.recovery.proving.results import PROVED, Coverage, StorageProved
from reconciler.recovery.verifying.results import Elsewhere

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]


class Run(Struct, frozen=True):
    """The last run of a command."""

    command: str
    #: When it ended, in seconds since 1970; its exit code; how many seconds it took.
    ended: float
    exit_code: int
    seconds: float
    #: When one ended last with exit code 0; None: nobody knows.
    succeeded: float | None = None


class Measured(Struct, frozen=True):
    """All that is told of a repository."""

    #: Its address, absolute.
    repository: str
    runs: tuple[Run, ...]
    storages: tuple[StorageProved, ...] = ()
    #: Those without an objective, by name and place: no reading of theirs is late.
    without: frozenset[tuple[str, str]] = frozenset()
    elsewhere: tuple[Elsewhere, ...] = ()
    #: When the last snapshot was made, and the last complete one: seconds since 1970.
    snapshot: int | None = None
    complete_snapshot: int | None = None


class Family(Struct, frozen=True):
    """A metric: what is told of it, and what two samples with the same labels become."""

    help: str
    joined: Callable[[float, float], float] = min


def _sum(one: float, other: float) -> float:
    return one + other


_ENDED = "reconciler_last_run_timestamp_seconds"
_CODE = "reconciler_last_run_exit_code"
_SECONDS = "reconciler_last_run_duration_seconds"
_SUCCEEDED = "reconciler_last_success_timestamp_seconds"
_SNAPSHOT = "reconciler_last_snapshot_timestamp_seconds"
_COMPLETE = "reconciler_last_complete_snapshot_timestamp_seconds"
_SCANNED = "reconciler_storage_scanned"
_REACHABLE = "reconciler_storage_reachable"
_SCAN = "reconciler_storage_last_scan_timestamp_seconds"
_FILES = "reconciler_storage_files"
_BYTES = "reconciler_storage_bytes"
_ATTESTED = "reconciler_storage_attested_files"
_UNLISTED = "reconciler_storage_unlisted_folders"
_OLDEST = "reconciler_storage_oldest_proof_timestamp_seconds"
_EVERY = "reconciler_storage_objective_seconds"
_MET = "reconciler_storage_objective_met"
_FINDINGS = "reconciler_storage_findings"
_OTHERS = "reconciler_other_storage_findings"

#: All metrics, by name. All are gauges: each is what is known now.
FAMILIES = {
    _ENDED: Family("When the last run of the command ended.", max),
    _CODE: Family("Exit code of the last run of the command."),
    _SECONDS: Family("How long the last run of the command took."),
    _SUCCEEDED: Family("When a run of the command last ended with exit code 0.", max),
    _SNAPSHOT: Family("When the last snapshot was made, complete or not.", max),
    _COMPLETE: Family("When the last complete snapshot was made.", max),
    _SCANNED: Family("Whether what is known of the storage by scans can be used (1) or not (0)."),
    _REACHABLE: Family("Whether the last scan reached the storage (1) or not (0)."),
    _SCAN: Family("When the last scan that reached the storage ended."),
    _FILES: Family(
        "Files by when their bytes were proved, read here or by reports of the cloud: within the "
        "cycle, longer ago, never (unproved).",
        _sum,
    ),
    _BYTES: Family("Sizes of the files, by when their bytes were proved.", _sum),
    _ATTESTED: Family(
        "Of the files that were proved within the cycle, those not read here: by reports of the "
        "cloud.",
        _sum,
    ),
    _UNLISTED: Family("Folders that could not be listed: nobody knows what is in them.", _sum),
    _OLDEST: Family("When the file was proved whose proof is the oldest."),
    _EVERY: Family("In which time every byte is to be proved, as the manifest says."),
    _MET: Family(
        "Whether every byte is known to be proved within the cycle, and nothing wrong (1), or not."
    ),
    _FINDINGS: Family("Findings that last and that nobody has accepted, by class.", _sum),
    _OTHERS: Family(
        "Findings that last with storages that nobody asks for any more, by class.", _sum
    ),
}
#: A line that this program has written of a run.
_LINE = re.compile(
    r'(?P<name>reconciler_last_\w+)\{(?P<labels>(?:"(?:\\.|[^"\\])*"|[^"}])*)\} (?P<value>\S+)'
)
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')
#: By what a file of metrics is known; a file without it is somebody else's.
BEGINNING = "# HELP reconciler_"


def metrics(measured: Measured, at: float | None = None) -> str:
    """Write all that is known as metrics: sorted, the same for the same.

    `at` is the moment, in seconds since 1970, by which proofs grow old that were looked up before.
    """
    found: dict[str, dict[Labels, float]] = {name: {} for name in FAMILIES}
    for name, labels, value in _samples(measured, at):
        every = (("repository", measured.repository), *labels)
        told = tuple(sorted((key, shown(text)) for key, text in every))
        known = found[name].get(told)
        found[name][told] = value if known is None else FAMILIES[name].joined(known, value)
    lines = []
    for name, samples in found.items():
        if samples:
            lines += [f"# HELP {name} {FAMILIES[name].help}", f"# TYPE {name} gauge"]
        for labels, value in sorted(samples.items()):
            pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            lines.append(f"{name}{{{pairs}}} {_number(value)}")
    return "".join(f"{line}\n" for line in lines)


def tells_of(text: str, repository: str) -> bool:
    """Return whether metrics tell of a repository; those that tell of none do."""
    return _ENDED not in text or f'repository="{_escaped(shown(repository))}"' in text


def runs_in(text: str, repository: str) -> tuple[Run, ...]:
    """Return the last runs that metrics of a repository tell; what is not ours is left out."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        labels = dict(_LABEL.findall(match["labels"])) if match else {}
        if match is None or labels.get("repository") != _escaped(shown(repository)):
            continue
        with suppress(ValueError):
            value = float(match["value"])
            if math.isfinite(value):
                found.setdefault(labels.get("command", ""), {})[match["name"]] = value
    needed = (_ENDED, _CODE, _SECONDS)
    return tuple(
        Run(command, one[_ENDED], int(one[_CODE]), one[_SECONDS], one.get(_SUCCEEDED))
        for command, one in sorted(found.items())
        if command.isprintable() and "\\" not in command and all(name in one for name in needed)
    )


def _samples(measured: Measured, at: float | None) -> Iterator[Sample]:
    for run in measured.runs:
        of: Labels = (("command", run.command),)
        yield _ENDED, of, run.ended
        yield _CODE, of, run.exit_code
        yield _SECONDS, of, run.seconds
        if run.succeeded is not None:
            yield _SUCCEEDED, of, run.succeeded
    if measured.snapshot is not None:
        yield _SNAPSHOT, (), measured.snapshot
    if measured.complete_snapshot is not None:
        yield _COMPLETE, (), measured.complete_snapshot
    for one in measured.storages:
        yield from _storage(one, at, declared=(one.storage, one.place) not in measured.without)
    for other in measured.elsewhere:
        for what, count in other.lasts.items():
            name = other.storage or other.address  # a label that is empty is none
            yield _OTHERS, (("storage", masked_in(name)), ("class", what)), count


def _storage(one: StorageProved, at: float | None, *, declared: bool) -> Iterator[Sample]:
    of: Labels = (("storage", masked_in(one.storage)),)
    coverage = None if one.problem else one.coverage
    yield _SCANNED, of, coverage is not None
    if one.not_reachable_since or coverage is not None:
        yield _REACHABLE, of, not one.not_reachable_since
    if is_moment(one.scanned_at):
        yield _SCAN, of, int(datetime.fromisoformat(one.scanned_at).timestamp())
    if declared:
        yield _EVERY, of, one.objective.every
        oldest = coverage.oldest if coverage else None
        is_late = at is not None and oldest is not None and at - oldest > one.objective.every
        yield _MET, of, one.verdict == PROVED and not is_late
    if coverage is not None:
        yield from _coverage(of, coverage)
    # That there is none of a class is known only where a scan has looked.
    looked = coverage is not None and not one.not_reachable_since
    for what in sorted(one.wrong.keys() | (NEEDS_PROOF if looked else set())):
        yield _FINDINGS, (*of, ("class", what)), one.wrong.get(what, 0)


def _coverage(of: Labels, coverage: Coverage) -> Iterator[Sample]:
    unproved = (coverage.never, coverage.ahead)  # a reading of a time to come proves nothing
    for state, much in (
        ("proved", (coverage.proved,)),
        ("late", (coverage.late,)),
        ("unproved", unproved),
    ):
        yield _FILES, (*of, ("state", state)), sum(each.files for each in much)
        yield _BYTES, (*of, ("state", state)), sum(each.bytes for each in much)
    yield _ATTESTED, of, coverage.attested.files
    yield _UNLISTED, of, coverage.closed
    if coverage.oldest is not None:
        yield _OLDEST, of, coverage.oldest


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
