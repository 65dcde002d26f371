"""What somebody has reviewed: a digest, or a plan. Only that is applied."""

from __future__ import annotations

import re

from reconciler.errors import BlockedError, StaleError, UsageError
from reconciler.masking import masked
from reconciler.plan.document import Plan
from reconciler.plan.review import beyond
from reconciler.printable import quoted
from reconciler.report.sentences.since_plan import plan_difference

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def check_expected(plan: Plan, reviewed: str | Plan, named: str) -> None:
    """Compare a plan just made with what was reviewed, which messages call `named`.

    A plan may hold more than what is left to do, never less. Raises `StaleError` if it is another
    one, `BlockedError` if the one that was reviewed is blocked, `UsageError` if it is no digest.
    """
    if not isinstance(reviewed, str):
        _check_within(plan, reviewed, named)
    elif plan.digest != _digest(reviewed):
        raise StaleError(
            f"the plan is not the expected one: expected {reviewed}, but the plan now has "
            f"{plan.digest}. Read the new plan, then expect its digest"
        )


def check_reviewed(plan: Plan, reviewed: str | Plan) -> None:
    """Compare a saved plan with the one that was reviewed; raises likewise."""
    digest = _digest(reviewed if isinstance(reviewed, str) else reviewed.digest)
    if plan.digest != digest:
        raise StaleError(
            f"the plan file is not the one that was reviewed: expected {digest}, but it has "
            f"{plan.digest}. Nothing was applied; get the file that was reviewed, or review this "
            "one"
        )


def _digest(expected: str) -> str:
    """Return a digest; raises `UsageError` if it is none."""
    if not _DIGEST.fullmatch(expected):
        wrong = quoted(masked(expected)[:80])
        raise UsageError(
            f"--expect {wrong}: a digest is sha256: and 64 hexadecimal digits, as `plan` prints it"
        )
    return expected


def _check_within(plan: Plan, expected: Plan, named: str) -> None:
    if beyond(expected, plan):
        lines = "".join(f"\n  {line}" for line in plan_difference(expected, plan))
        raise StaleError(
            f"the plan holds what {named} does not:{lines}\nRead the new plan, save it, "
            "then expect that"
        )
    if not expected.ready:
        raise BlockedError(f"the plan in {named} is blocked by policy and can't be expected")
