"""What the repository of scans knows of each storage, as a watch tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from reconciler.cli.watching.surveying import called
from reconciler.environment.timestamps import moment_of, utc_now, whole_seconds
from reconciler.errors import RepositoryError
from reconciler.masking import masked_in
from reconciler.printable import word
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.paths import argument, shown
from reconciler.recovery.proving.results import StorageProved
from reconciler.recovery.repository.address import in_shell
from reconciler.recovery.repository.contract import Repository
from reconciler.report.metrics import Measured
from reconciler.report.sentences.recovery.objectives import reasons
from reconciler.watching.survey import Finding, Proof

#: So many files of one storage are told, and so many of all.
_OF_ONE, _OF_ALL = 20, 200


def proofs_of(measured: Measured) -> tuple[Proof, ...]:
    """Return what is known of the files of each storage."""
    now = int(utc_now().timestamp())
    return tuple(_proof(one, measured, now) for one in measured.storages)


def findings_of(repository: Repository, measured: Measured) -> tuple[Finding, ...]:
    """Return the first files that are wrong: those of each storage that matter most, by path."""
    found: list[Finding] = []
    verify = f"reconciler verify {in_shell(repository.address)} --explain"
    if measured.snapshot is None:
        verify = ""
    for one in measured.storages:
        if one.wrong and len(found) < _OF_ALL:
            with suppress(RepositoryError):  # then what is known of it is told to be lost
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


def _findings(repository: Repository, one: StorageProved, verify: str) -> Iterator[Finding]:
    wrong = [
        finding
        for finding in episodes.open_ones(store.read(repository, one.place).episodes).values()
        if finding.what in episodes.NEEDS_PROOF and not finding.about
        if not episodes.is_settled(finding)
    ]
    wrong.sort(key=lambda finding: (episodes.SEVERITY.index(finding.what), finding.path))
    for finding in wrong[:_OF_ONE]:
        since = whole_seconds(finding.first_seen)
        explain = verify and f"{verify} {word(one.storage)} {argument(finding.path)}"
        yield Finding(called(one.storage), shown(finding.path), finding.what, since, explain)
