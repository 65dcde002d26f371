"""What the repository of scans knows of each storage, as a watch tells it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from reconciler.cli.recovery.proving.metering import About
from reconciler.cli.watching.surveying import called
from reconciler.environment.timestamps import moment_of, utc_now, whole_seconds
from reconciler.errors import RepositoryError
from reconciler.manifest import Manifest
from reconciler.masking import masked_in
from reconciler.printable import word
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.paths import argument, shown
from reconciler.recovery.proving.results import Proved, StorageProved
from reconciler.recovery.repository import layout, marker
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Entry, Repository
from reconciler.recovery.values import FileFinding
from reconciler.report.metrics import Measured
from reconciler.report.sentences.recovery.objectives import reasons
from reconciler.report.watching.lines import name_of, of_dues, of_elsewhere, of_proofs
from reconciler.watching.conditions import NOT_PROVED, Condition
from reconciler.watching.files import Due, Known
from reconciler.watching.survey import Finding, Proof

#: Seconds by which two clocks may part that nobody has set.
_SET = 60.0
#: What is read of a repository, but for the files that its scans list.
_RECORDS = (layout.SCANS, layout.SNAPSHOTS, layout.FINDINGS, layout.FOUND)

#: So many files of one storage are told, and so many of all.
_OF_ONE, _OF_ALL = 20, 200


class Memo(Struct, frozen=True):
    """What the repository knew, and by what it is seen that it may know something else by now."""

    #: Of its marker and its records, and of what is asked.
    digest: str
    #: The lists of files that were there. A scan that goes on adds more, which tells nothing yet.
    parts: frozenset[Entry]
    #: When the clock that never goes back was begun, by the one that may be set.
    begun: float
    known: Known = Known()
    #: RFC 3339, UTC.
    at: str = ""

    @classmethod
    def of(cls, repository: Repository, about: About, manifest: Manifest | None) -> Memo:
        """Look at names, sizes and times alone, but for the marker; raises `RepositoryError`."""
        asked = sorted(about.storages.items()), sorted(about.asked.names), sorted(about.without)
        scope = manifest.desired.policy.scope if manifest else ()
        digest = hashlib.sha256(repr((asked, scope, marker.read(repository))).encode())
        for prefix in _RECORDS:
            for entry in repository.entries(prefix):
                digest.update(repr(entry).encode())
        begun = utc_now().timestamp() - time.monotonic()
        return cls(digest.hexdigest(), frozenset(repository.entries(layout.PARTS)), begun)

    def tells(self, other: Memo, now: str) -> bool:
        """Return whether it is still known: the same records, and no proof is too old since.

        What was reckoned before a clock was set is reckoned anew.
        """
        if self.digest != other.digest or not self.parts <= other.parts:
            return False
        if abs(self.begun - other.begun) > _SET:
            return False
        return not any(self.at <= due.at < now for due in self.known.dues)


def known_of(repository: Repository, measured: Measured) -> Known:
    """Return what the repository knows; `measured` is that of storages."""
    each = (one.coverage.oldest for one in measured.storages if one.coverage)
    oldest = min((moment for moment in each if moment is not None), default=None)
    without, marked = measured.without, marker.read(repository)
    found = [
        (one.storage, *told)
        for one in measured.storages
        for told in of_proofs(
            one, _open(repository, one), wanted=(one.storage, one.place) not in without
        )
    ]
    found += [(name_of(one), *told) for one in measured.elsewhere for told in of_elsewhere(one)]
    wanted = tuple(one for one in measured.storages if (one.storage, one.place) not in without)
    if wanted and Proved("", 0, wanted, elsewhere=measured.elsewhere).is_known_empty:
        found.append(("", NOT_PROVED, "", "nothing lies in any storage that is to be proved"))
    unread = {one.storage for one in measured.storages if one.problem or one.coverage is None}
    unread |= {name_of(one) for one in measured.elsewhere if one.problem}
    read = {one.storage for one in measured.storages} | {*map(name_of, measured.elsewhere)}
    return Known(
        tuple(
            Condition(kind, called(name), code, masked_in(said)) for name, kind, code, said in found
        ),
        proofs_of(measured),
        findings_of(repository, measured),
        tuple(
            Due(called(due.storage), due.at, masked_in(due.message))
            for one in measured.storages
            for due in of_dues(one)
        ),
        "" if oldest is None else moment_of(oldest),
        marked.id if marked else "",
        measured.repository,
        frozenset(map(called, read - unread)),
        frozenset(map(called, unread)),
        numbers=measured,
    )


def proofs_of(measured: Measured) -> tuple[Proof, ...]:
    """Return what is known of the files of each storage."""
    now = int(utc_now().timestamp())
    return tuple(_proof(one, measured, now) for one in measured.storages)


def findings_of(repository: Repository, measured: Measured) -> tuple[Finding, ...]:
    """Return the first files that are wrong: those of each storage that matter most, by path."""
    found: list[Finding] = []
    verify = f"reconciler verify {in_shell(repository.address)} --explain"
    for one in measured.storages:
        if one.wrong and len(found) < _OF_ALL:
            found += _findings(repository, one, verify)
    return tuple(found[:_OF_ALL])


def _proof(one: StorageProved, measured: Measured, now: int) -> Proof:
    every = 0 if (one.storage, one.place) in measured.without else one.objective.every
    told = tuple(masked_in(reason) for reason in reasons(one, now))
    coverage = one.coverage
    if coverage is None:
        return Proof(one.place, every, one.scanned_at, verdict=one.verdict, reasons=told)
    return Proof(
        one.place,
        every,
        whole_seconds(one.scanned_at),
        coverage.files,
        coverage.proved.bytes + coverage.late.bytes + coverage.never.bytes + coverage.ahead.bytes,
        coverage.proved.files,
        coverage.attested.files,
        "" if coverage.oldest is None else moment_of(coverage.oldest),
        one.verdict,
        told,
    )


def _open(repository: Repository, one: StorageProved) -> list[FileFinding]:
    """Return what is wrong and not accepted; nothing where that is told to be lost."""
    with suppress(RepositoryError):
        return [
            finding
            for finding in episodes.open_ones(store.read(repository, one.place).episodes).values()
            if finding.what in episodes.NEEDS_PROOF and not finding.about
            if not episodes.is_settled(finding)
        ]
    return []


def _findings(repository: Repository, one: StorageProved, verify: str) -> Iterator[Finding]:
    wrong = _open(repository, one)
    wrong.sort(key=lambda finding: (episodes.SEVERITY.index(finding.what), finding.path))
    for finding in wrong[:_OF_ONE]:
        since = whole_seconds(finding.first_seen)
        explain = f"{verify} {word(one.storage)} {argument(finding.path)}"
        if called(one.storage) != one.storage:  # nothing is found by a masked name
            explain = ""
        yield Finding(called(one.storage), shown(finding.path), finding.what, since, explain)
