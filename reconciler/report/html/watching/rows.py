"""One storage of the page: how it stands, where it lies, what is known of its files."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from reconciler.recovery.proving.results import PROVED, WRONG
from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN
from reconciler.report.html.watching.lists import ALL, DIFFERING, UNPROVED, moment
from reconciler.report.html.watching.standing import differs, is_too_old, is_unproved
from reconciler.report.sentences.recovery.objectives import lasting
from reconciler.report.sentences.scans import amount
from reconciler.report.sentences.terms import count, spoken
from reconciler.watching.survey import DECLARED, LEFT_ALONE, Proof, Storage

#: Which storages a reader may want to see: values with words.
OPTIONS = (
    (ALL, "all storages"),
    (DIFFERING, "those not as declared"),
    (UNPROVED, "those not proved"),
)
_WORDS = {DECLARED: "as declared", LEFT_ALONE: "undeclared, left alone"}
_UNKNOWN = "unknown"


class Row(Struct, frozen=True):
    """One storage, in words."""

    #: By which it is known to be the same after a refresh.
    key: str
    name: str
    standing: str
    level: str
    label: str
    location: str
    files: str
    #: How far its files are proved, and by which method.
    proof: str
    method: str
    #: What else is known.
    more: tuple[str, ...] = ()


def row(one: Storage, now: datetime, *, scans: bool, is_fresh: bool) -> Row:
    """Say all that is known of a storage.

    `scans`: somebody reads files at all; `is_fresh`: it was looked at lately.
    """
    proof = one.proof
    files, proved, method = _UNKNOWN, _unproved(proof, scans=scans), ""
    if proof is not None and proof.files is not None:
        files = f"{proof.files:,} ({amount(proof.bytes or 0)})"
        proved, method = _proved(proof, now), _method(proof)
    return Row(
        one.id or f"name {one.name}",
        one.name,
        _standing(one, is_fresh=is_fresh),
        _level(one, now, is_fresh=is_fresh),
        one.label,
        f"{one.type} at {one.location}",
        files,
        proved,
        method or _UNKNOWN,
        tuple(_more(proof)) if proof is not None else (),
    )


def _standing(one: Storage, *, is_fresh: bool) -> str:
    told = _WORDS.get(one.standing, spoken(one.standing))
    told = told if is_fresh else f"before: {told}"
    return f"{told}, files are wrong" if _is_wrong(one) else told


def _is_wrong(one: Storage) -> bool:
    return one.proof is not None and one.proof.verdict == WRONG


def _level(one: Storage, now: datetime, *, is_fresh: bool) -> str:
    if _is_wrong(one) or differs(one):
        return ALARM
    if is_unproved(one, now):
        return DOUBT
    return FINE if one.standing == DECLARED and is_fresh else PLAIN


def _unproved(proof: Proof | None, *, scans: bool) -> str:
    """Say why nothing is known of the files."""
    if proof is not None:
        return "; ".join(proof.reasons) or _UNKNOWN
    if not scans:
        return f"{_UNKNOWN}: this watch reads no files"
    return f"{_UNKNOWN}: no scan has told of it"


def _proved(proof: Proof, now: datetime) -> str:
    oldest = f"; oldest proof {moment(proof.oldest)}" if proof.oldest else ""
    if not proof.every:
        return f"no proof is wanted{oldest}"
    within = f"{proof.proved or 0:,} of {count(proof.files or 0, 'file')}"
    if is_too_old(proof, now) and proof.verdict == PROVED:
        within = f"when it was scanned {within}"
        oldest += ", which is too long ago"
    return f"{within} within {lasting(proof.every)}{oldest}"


def _method(proof: Proof) -> str:
    proved, attested = proof.proved or 0, proof.attested or 0
    if not proof.oldest:
        return "none: no file was proved"
    if not attested:
        return "read here"
    if attested >= proved:
        return "by reports of the cloud, not read here"
    return f"read here; {attested:,} of {proved:,} by reports of the cloud"


def _more(proof: Proof) -> list[str]:
    scanned = [f"last scan {moment(proof.scanned_at)}"] if proof.scanned_at else []
    return [*scanned, *proof.reasons]
