"""Whether what a repository holds beside its snapshots is as it was written: scans, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.findings import store
from reconciler.recovery.findings.record import decode, findings_of
from reconciler.recovery.repository import condemned, layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import read_listed, read_many
from reconciler.recovery.scanning.known import record
from reconciler.recovery.snapshots import marks
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import Kept
from reconciler.recovery.values import Scan


def problems(
    repository: Repository, snapshots: Sequence[Kept], fault: Callable[[str], str]
) -> Iterator[Problem]:
    """Yield what is wrong; `fault` says it of a part by its SHA-256, and is empty if nothing is.

    `snapshots` are those whose marks are read. Pieces of unfinished scans are left out: the next
    one reads again what is damaged of them. Raises `RepositoryError` if the repository can't be
    read.
    """
    lasts = dict[str, Scan]()
    yield from _scans(repository, fault, snapshots, lasts)
    yield from _marks(repository, snapshots)
    yield from _findings(repository, lasts)
    try:
        condemned.read(repository)
    except RepositoryError as error:
        yield Problem("", "", "prune", str(error))


def _findings(repository: Repository, lasts: Mapping[str, Scan]) -> Iterator[Problem]:
    """Yield what is wrong with records of findings; the `lasts` scans name the newest ones."""
    # First: what is replaced meanwhile must not look as if it were missing.
    marks = list(repository.names(layout.FOUND))
    there, contained = set[str](), set[str]()
    for name, data in read_listed(repository, repository.names(layout.FINDINGS)):
        there.add(name)
        try:
            found = decode(data)
            findings_of(found, "")
            contained.update(found.replaces)
        except SnapshotError as error:
            yield Problem("", "", "findings", f"{quoted(name)} can't be used: {error}")
    if lost := store.missed(marks, there, contained):
        still = set(map(store.record_of, repository.names(layout.FOUND)))
        for name in lost:
            if name in still:
                yield Problem("", "", "findings", f"{quoted(name)} is lost")
    for scan in lasts.values():
        name = scan.findings
        if name and name not in there and name not in contained and name not in lost:
            yield Problem("", scan.name, "findings", f"{quoted(name)} is lost")


def _marks(repository: Repository, snapshots: Sequence[Kept]) -> Iterator[Problem]:
    named = {layout.verified(kept.snapshot.id): kept for kept in snapshots}
    for name, data in read_many(repository, named):
        try:
            marks.understood(repository, named[name], data)
        except SnapshotError as error:
            yield Problem("", "", "verified.json", str(error))


def _scans(
    repository: Repository,
    fault: Callable[[str], str],
    snapshots: Sequence[Kept],
    lasts: dict[str, Scan],
) -> Iterator[Problem]:
    """Yield what is wrong with records of scans; `lasts` gets the last one of each place."""
    # First: what ends meanwhile must not look as if its record were missing.
    ended = {_folder(name): name for name in repository.names(layout.FINISHED)}
    newest: dict[str, str] = {}
    for name, data in read_listed(repository, repository.names(layout.SCANS)):
        newest[_folder(name)] = name
        try:
            scan = record.decoded(name, data)
        except SnapshotError as error:
            yield Problem("", "", "scan", f"{quoted(name)} can't be used: {error}")
            continue
        lasts[_folder(name)] = scan
        for sha256 in sorted(scan.parts()):
            if problem := fault(sha256):
                yield Problem("", scan.name, f"scan {scan.id}", problem)
    ends = [record.name_of(name) for name in ended.values()]
    for last in sorted({*ends, *_named(snapshots)}):
        if last > newest.get(_folder(last), ""):
            yield Problem("", "", "scan", f"{quoted(last)} is lost: it is the last of its storage")


def _named(snapshots: Sequence[Kept]) -> Iterator[str]:
    """Yield the names of the records of the last scans whose contents snapshots have."""
    lasts: dict[str, str] = {}
    for kept in snapshots:
        for storage in kept.snapshot.storages:
            if storage.contents is not None:
                scan = storage.contents.scan
                lasts[storage.place] = max(lasts.get(storage.place, ""), scan)
    for place, scan in lasts.items():
        yield record.name_of(layout.finished(place, scan))


def _folder(name: str) -> str:
    return name.split("/")[1]
