"""A verification as a JSON document has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from reconciler.recovery.findings.accepting import Acceptance
from reconciler.recovery.findings.record import written
from reconciler.recovery.paths import shown
from reconciler.recovery.repository.address import bare
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.losses import Loss
from reconciler.recovery.verifying.results import Elsewhere, Side, StorageVerified, Taken, Verified
from reconciler.report.documents import of_fields
from reconciler.report.sentences.recovery.verifications import all_found
from reconciler.report.style import PLAIN, Style


def verified(result: Verified, _style: Style = PLAIN) -> str:
    """Return all of it; findings are as `schemas/findings.schema.json` has them.

    Of each class and storage the first 1,000 are listed; `summary` and `found` count all.
    """
    sides = {"was": _side(result.was), "is": _side(result.now)}
    return of_fields(
        verdict=result.verdict,
        how=result.how,
        repository=bare(result.repository),
        platform=result.platform or None,
        **sides,
        passed_over=result.passed_over,
        redacted=result.redacted,
        rows=result.rows or None,
        summary={
            "of": result.of,
            "compared": result.compared,
            "not_verified": result.not_verified,
            "found": all_found(result.storages),
        },
        notes=result.notes,
        storages=[_storage(one) for one in result.storages],
        elsewhere=[_elsewhere(one) for one in result.elsewhere],
    )


def accepted(done: Acceptance, _style: Style = PLAIN) -> str:
    """Return what was accepted, or withdrawn.

    `changed` counts what was something else again, and was not, and `before` how many of those that
    are meant were accepted before.
    """
    return of_fields(
        storage=done.storage,
        **{"withdrawn" if done.withdrawn else "accepted": _written(done.findings)},
        changed=done.changed,
        before=done.before,
    )


def loss(result: Loss, _style: Style = PLAIN) -> str:
    """Return what was lost, and is missed no more: sentences, of which there may be none."""
    return of_fields(storage=result.storage, accepted=result.problems)


def _storage(one: StorageVerified) -> dict[str, Any]:
    return {
        "storage": one.storage,
        "verdict": one.verdict,
        "of": one.of,
        "compared": one.compared,
        "not_verified": one.not_verified,
        "found": one.found,
        "only_counted": one.quiet,
        "was": _taken(one.was),
        "is": _taken(one.now),
        "findings": _written(one.findings),
        "emptied": [
            {"path": shown(each.path), "what": each.what, "files": each.files}
            for each in one.emptied
        ],
        "counted": _written(one.counted),
        "resolved": _written(one.resolved),
        "resolved_count": one.resolved_count,
        "still_open": one.still_open,
        "still_open_since": one.still_open_since or None,
        "lasts": one.lasts,
        "lasting": _written(one.lasting),
        "accepted": _written(one.accepted),
        "accepted_count": one.accepted_count,
        "restored": one.restored,
        "incomplete": one.incomplete,
        "notes": one.notes,
    }


def _elsewhere(one: Elsewhere) -> dict[str, Any]:
    return {
        "storage": one.storage or None,
        "address": one.address or None,
        "named": one.named or None,
        "lasts": one.lasts,
        "lasting": _written(one.lasting),
        "problem": one.problem or None,
    }


def _side(side: Side | None) -> object:
    return None if side is None else msgspec.to_builtins(side)


def _taken(taken: Taken | None) -> dict[str, Any] | None:
    if taken is None:
        return None
    proofs = taken.proofs
    return {
        "at": taken.at,
        "scan": taken.scan or None,
        "read": proofs.read,
        "kept": proofs.kept,
        "stored": proofs.stored,
        "attested": proofs.attested,
        "oldest_proof": proofs.oldest or None,
        "left_out": taken.left_out,
        "listed_at": taken.listed_at or None,
    }


def _written(findings: Iterable[FileFinding]) -> list[object]:
    return [msgspec.to_builtins(written(finding)) for finding in findings]
