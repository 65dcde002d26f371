"""A status that takes in what a look or a scan has told; values in, a value out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from reconciler.watching.conditions import (
    APPLYING,
    CHECKOUT,
    DRIFT,
    KINDS,
    PROOFS,
    READING,
    RUNNING,
    SCANNING,
    Lasting,
)
from reconciler.watching.course import Point, covered, with_point
from reconciler.watching.deeds import Looked
from reconciler.watching.files import Known
from reconciler.watching.schedule import Terms
from reconciler.watching.status import Status
from reconciler.watching.survey import Proof, Survey, with_proofs


def not_looked_at(terms: Terms, lasting: Iterable[Lasting]) -> frozenset[str]:
    """Return the kinds of conditions that a watch on these terms never sees.

    Of those that last that are also what a later version has told, and this one does not know.
    """
    none = frozenset[str]()
    files = SCANNING | RUNNING | PROOFS if terms.scan_every is None else none
    later = frozenset(one.condition.kind for one in lasting).difference(KINDS)
    checkout, applying = none if terms.pulls else CHECKOUT, none if terms.applies else APPLYING
    return files | checkout | applying | later


def looked(status: Status, looked: Looked, time: str, seconds: float) -> Status:
    """Take in what a look that worked has read."""
    return replace(
        status,
        platform=looked.platform,
        looked_at=time,
        seconds=seconds,
        declared=looked.declared,
        live=looked.live,
    )


def scanned(status: Status, code: int, time: str) -> Status:
    """Take in that a scan has ended."""
    return replace(status, scanning=False, scanning_since="", scanned_at=time, scanned_code=code)


def surveyed(status: Status, survey: Survey | None, proofs: Mapping[str, Proof]) -> Status:
    """Take in what there is in all; None: nobody asks."""
    if survey is None:
        return status
    storages = with_proofs(survey.storages, proofs)
    return replace(status, storages=storages, differences=survey.differences, runs=survey.runs)


def applied(status: Status, survey: Survey | None, proofs: Mapping[str, Proof]) -> Status:
    """Take in what there is after an apply by which all of a plan was done."""
    live = status.live if survey is None else len(survey.storages)
    return surveyed(replace(status, digest="", paused_until="", live=live), survey, proofs)


def proved(status: Status, proofs: Mapping[str, Proof], known: Known) -> Status:
    """Take in what is known of files."""
    storages = None if status.storages is None else with_proofs(status.storages, proofs)
    return replace(
        status,
        storages=storages,
        findings=known.findings,
        oldest_proof=known.oldest_proof,
        knows_files=True,
    )


def plotted(status: Status, time: str, proofs: Mapping[str, Proof]) -> Status:
    """Add to the course how things stand: what a look that failed did not see is unknown."""
    kinds = {one.condition.kind for one in status.lasting}
    differing = {one.condition.name for one in status.lasting if one.condition.kind == DRIFT}
    drifted = len(differing) if status.platform and not kinds & READING else None
    point = Point(time, drifted, *covered(proofs.values()))
    return replace(status, course=with_point(status.course, point))
