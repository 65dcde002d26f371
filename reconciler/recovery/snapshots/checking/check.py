"""Whether snapshots are as they were written: every byte of all that they name. Offline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from reconciler.errors import SnapshotError, StaleError
from reconciler.printable import quoted
from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS, INVENTORY
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.snapshots import document, listing
from reconciler.recovery.snapshots.checking import beside
from reconciler.recovery.snapshots.checking.problems import Problem
from reconciler.recovery.snapshots.document import Inventory, Kept


class Checked(Struct, frozen=True):
    """What a check came to."""

    #: The address of the repository, fit to be printed.
    repository: str
    #: Those that could be read at all, the oldest first.
    snapshots: tuple[Kept, ...]
    problems: tuple[Problem, ...]
    #: Whether a digest was expected, and found.
    expected: bool
    #: How many different parts were read, and their bytes.
    parts: int
    bytes: int

    def sound(self, id: str) -> bool:
        """Return whether nothing is wrong with a snapshot."""
        return all(problem.snapshot != id for problem in self.problems)


def check(
    repository: Repository,
    id: str | None = None,
    *,
    expect: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Read every byte of a snapshot, or of all that is kept, and hold it against what was written.

    `expect` is the digest of the one that is meant, which need not be named then. `progress` is
    told each snapshot. Raises `StaleError` if none has that digest, `SnapshotError` if there is
    none, `RepositoryError` if the repository can't be read.
    """
    kept, problems = _chosen(repository, id, expect)
    reading = _Reading(repository)
    for each in kept:
        progress(each.snapshot.id)
        problems += reading.snapshot(each)
    if id is None and expect is None:
        problems += beside.problems(repository, kept, reading.fault)
    return Checked(
        repository.address,
        tuple(kept),
        tuple(problems),
        expect is not None,
        reading.parts,
        reading.bytes,
    )


def _chosen(
    repository: Repository, id: str | None, expect: str | None
) -> tuple[list[Kept], list[Problem]]:
    if id is not None:
        kept = [listing.find_kept(repository, id)]
        problems: list[Problem] = []
    else:
        found = listing.listed(repository)
        kept = list(found.kept)
        problems = [Problem(each.id, "", "snapshot", each.reason) for each in found.damaged]
    if expect is not None:
        return _expected(repository, kept, expect), []
    if not kept and not problems:
        listing.find_kept(repository)  # says that there is none, and what to do
    return kept, problems


def _expected(repository: Repository, kept: Sequence[Kept], expect: str) -> list[Kept]:
    found = [each for each in kept if each.digest == expect]
    if found:
        return found
    which = "its digest" if len(kept) == 1 else "the digest of its last snapshot"
    there = f"; {which} is {kept[-1].digest} ({kept[-1].snapshot.id})" if kept else ""
    raise StaleError(
        f"no snapshot in {repository.address} has the digest {expect}{there}: it was changed, or "
        "it is another one. Trust none of it until you know which"
    )


class _Reading:
    """Reads each part once, however many snapshots name it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: dict[tuple[str, bool], str] = {}
        self.parts = 0
        self.bytes = 0

    def snapshot(self, kept: Kept) -> Iterator[Problem]:
        """Yield what is wrong with a snapshot."""
        snapshot = kept.snapshot
        if problem := self._manifest(snapshot.id, snapshot.manifest_sha256):
            yield Problem(snapshot.id, "", document.MANIFEST, problem)
        for storage, part in snapshot.parts():
            if problem := self._part(part):
                what = "inventory" if isinstance(part, Inventory) else "contents"
                yield Problem(snapshot.id, storage, what, problem)

    def fault(self, sha256: str) -> str:
        """Return what is wrong with a part; empty if nothing is, or a snapshot has told it."""
        if {(sha256, True), (sha256, False)} & self._known.keys():
            return ""
        return self._read(sha256)

    def _manifest(self, id: str, sha256: str) -> str:
        data = self._repository.read(layout.snapshot(id, document.MANIFEST))
        if data is None:
            return "it is lost"
        self.bytes += len(data)
        if hashlib.sha256(data).hexdigest() != sha256:
            return "it is not what was written: its SHA-256 differs"
        return ""

    def _part(self, part: Inventory | document.Contents) -> str:
        """Return what is wrong with a part; empty if nothing is."""
        key = part.sha256, isinstance(part, Inventory)
        if key not in self._known:
            self._known[key] = self._look(part)
        return self._known[key]

    def _look(self, part: Inventory | document.Contents) -> str:
        schema, rows = (
            (INVENTORY, part.rows) if isinstance(part, Inventory) else (CONTENTS, part.counts.rows)
        )

        def counted(path: Path) -> str:
            if read.count(path, schema) == rows:
                return ""
            name = quoted(layout.part(part.sha256))
            return f"{name} has another number of rows than its snapshot says"

        return self._read(part.sha256, counted)

    def _read(self, sha256: str, look: Callable[[Path], str] = lambda _: "") -> str:
        """Return what is wrong with a part, and, if its bytes are right, what `look` says."""
        name = layout.part(sha256)
        try:
            with self._repository.local(name) as path:
                self.parts += 1
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
                    self.bytes += file.tell()
                if found != sha256:
                    return f"{quoted(name)} is not what was written: its SHA-256 differs"
                return look(path)
        except SnapshotError as error:
            return str(error)
        except OSError as error:
            return f"{quoted(name)} can't be read: {error.strerror}"
