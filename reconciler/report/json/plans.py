"""Plans and drift as JSON."""

from __future__ import annotations

from reconciler.plan.document import Plan, to_json
from reconciler.report.documents import of_fields
from reconciler.report.sentences.drift import Drift
from reconciler.report.style import PLAIN, Style


def plan(plan: Plan, _style: Style = PLAIN) -> str:
    """Return the plan document, the same as `plan --out` writes."""
    return to_json(plan).decode()


def drift(drift: Drift, _style: Style = PLAIN) -> str:
    """Return every difference between live and the manifest; `drift` is whether there is any.

    `undeclared` names storages that are no difference, as policy ignores them.
    """
    plan = drift.plan
    return of_fields(
        platform=plan.platform,
        platform_id=plan.platform_id,
        account=plan.account,
        plan_digest=plan.digest,
        drift=bool(drift.found),
        differences=drift.found,
        undeclared=drift.undeclared,
    )
