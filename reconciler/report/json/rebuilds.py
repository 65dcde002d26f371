"""`rebuild` as JSON."""

from __future__ import annotations

from reconciler.recovery.rebuilding.outcome import Rebuilt
from reconciler.report.documents import of_fields
from reconciler.report.json.results import fields_of
from reconciler.report.style import PLAIN, Style


def rebuilt(rebuilt: Rebuilt, _style: Style = PLAIN) -> str:
    """Return what a rebuild came to; `verified` is always false: `verify` has what proves it."""
    snapshot = rebuilt.kept.snapshot
    return of_fields(
        snapshot={
            "id": snapshot.id,
            "digest": rebuilt.kept.digest,
            "created_at": snapshot.created_at,
            "complete": snapshot.complete,
        },
        platform=rebuilt.platform,
        storages=rebuilt.wanted,
        rebuilt=rebuilt.live,
        verified=False,
        verify=rebuilt.verify,
        again=rebuilt.again,
        warnings=rebuilt.applied.plan.warnings,
        left=rebuilt.left,
        records=rebuilt.records,
        spaces=[
            {"storage": name, "spaces": spaces} for name, spaces in sorted(rebuilt.spaces.items())
        ],
        ids=dict(sorted(rebuilt.ids.items())),
        files=rebuilt.files,
        problems=rebuilt.problems,
        exit=rebuilt.exit_code,
        applied=fields_of(rebuilt.applied),
    )
