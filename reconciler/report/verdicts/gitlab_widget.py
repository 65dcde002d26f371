"""What the widget of a merge request shows on GitLab, for `artifacts: reports: terraform`."""

from __future__ import annotations

from reconciler.report.documents import written as document
from reconciler.report.verdicts.verdict import Verdict


def written(verdict: Verdict) -> str:
    """Write how much would change; where nobody knows, what GitLab shows as a failed report."""
    changes = verdict.changes
    if changes is None:
        return document({"error": verdict.headline})
    told = {"create": changes.create, "update": changes.update, "delete": changes.remove}
    return document(told)
