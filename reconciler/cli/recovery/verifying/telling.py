"""What `verify` tells of a comparison, in each form that `-o` asks for."""

from __future__ import annotations

from reconciler.cli.context import Context
from reconciler.cli.inputs.places import in_manifest
from reconciler.cli.telling import Told, tell_all
from reconciler.manifest import Manifest
from reconciler.recovery.verifying.results import Verified
from reconciler.report.verdicts.verifications import of_verified


def tell_verified(
    context: Context, verified: Verified, manifest: Manifest | None, code: int
) -> int:
    """Tell of a comparison, and return the exit code."""
    told = Told(
        lambda report, style: report.verified(verified, style),
        lambda: in_manifest(manifest, of_verified(verified)),
    )
    return tell_all(context, told, code)
