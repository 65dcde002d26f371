"""`apply --expect`: go on only with what somebody has reviewed."""

from __future__ import annotations

import re

from reconciler.cli.files import read_plan
from reconciler.errors import BlockedError, StaleError, UsageError
from reconciler.names import quoted
from reconciler.plan.document import UPDATE, Operation, Plan
from reconciler.plan.expectation import began, on_the_way
from reconciler.platform import UNKNOWN

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NEW = "new"


def check_expected(plan: Plan, expected: str) -> None:
    """Compare a plan just made with a digest, or with a plan file.

    Raises:
        StaleError: it is another plan, or the file was changed after it was made.
        BlockedError: the plan in the file is blocked.
        UsageError: `expected` is neither a digest nor a file.
        PlanFileError: the file is not a plan.
    """
    if expected.startswith("sha256:"):
        _check_digest(plan, expected)
    else:
        _check_plan(plan, read_plan(expected), expected)


def _check_digest(plan: Plan, expected: str) -> None:
    if not _DIGEST.fullmatch(expected):
        raise UsageError(
            f"--expect {quoted(expected)}: a digest is sha256: and 64 hexadecimal digits, as "
            "`plan` prints it"
        )
    if plan.digest != expected:
        raise StaleError(
            f"the plan is not the expected one: expected {expected}, but the plan now has "
            f"{plan.digest}. Read the new plan, then expect its digest"
        )


def _check_plan(plan: Plan, expected: Plan, path: str) -> None:
    if not _within(plan, expected):
        from reconciler.report.explain import plan_difference

        lines = "".join(f"\n  {line}" for line in plan_difference(expected, plan))
        raise StaleError(
            f"the plan holds what {quoted(path)} does not:{lines}\nRead the new plan, save it, "
            "then expect that"
        )
    if not expected.ready:
        raise BlockedError(f"the plan in {quoted(path)} is blocked by policy and can't be expected")


def _within(plan: Plan, expected: Plan) -> bool:
    """Say whether all that is planned now was in the expected plan; some may be done since."""
    reviewed = {operation.key: operation for operation in expected.operations}
    return (
        _same_platform(plan, expected)
        and set(plan.consents) <= set(expected.consents)
        and all(
            operation.key in reviewed and _continues(operation, reviewed[operation.key])
            for operation in plan.operations
        )
    )


def _same_platform(plan: Plan, expected: Plan) -> bool:
    was_new = expected.platform_id == NEW and expected.platform == plan.platform
    same_address = expected.platform_id != UNKNOWN or expected.platform == plan.platform
    if expected.platform_id == plan.platform_id:
        return same_address
    return was_new and began(expected, plan)


def _continues(now: Operation, reviewed: Operation) -> bool:
    """Say whether an operation is the reviewed one, or what a run that was cut off left of it."""
    if (now.action, now.id, now.after, now.holds_files) != (
        reviewed.action,
        reviewed.id,
        reviewed.after,
        reviewed.holds_files,
    ):
        return False
    if now.action == UPDATE and now.before is not None:
        return on_the_way(reviewed, now.before)
    return now.before == reviewed.before
