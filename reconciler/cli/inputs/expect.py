"""`apply --expect`: go on only with what somebody has reviewed."""

from __future__ import annotations

import re

from reconciler.cli.inputs.files import PLAN_MAKER, plan_of, read_whole
from reconciler.errors import BlockedError, StaleError, UsageError
from reconciler.plan.document import Plan
from reconciler.plan.review import beyond
from reconciler.printable import quoted
from reconciler.report.sentences.since_plan import plan_difference

_SHA = "sha256:"
_SHA_BYTES = _SHA.encode()
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def check_expected(plan: Plan, expected: str) -> None:
    """Compare a plan just made with a digest, a file that has one, or a plan file.

    Raises:
        StaleError: it is another plan, or the file was changed after it was made.
        BlockedError: the plan in the file is blocked.
        UsageError: `expected` is neither a digest nor a file.
        PlanFileError: the file is neither a digest nor a plan.
    """
    reviewed = _reviewed(expected)
    if not isinstance(reviewed, str):
        _check_plan(plan, reviewed, expected)
    elif plan.digest != _digest(reviewed):
        raise StaleError(
            f"the plan is not the expected one: expected {reviewed}, but the plan now has "
            f"{plan.digest}. Read the new plan, then expect its digest"
        )


def check_reviewed(plan: Plan, expected: str) -> None:
    """Compare a saved plan with the digest that was reviewed; raises like `check_expected`."""
    reviewed = _reviewed(expected)
    digest = _digest(reviewed if isinstance(reviewed, str) else reviewed.digest)
    if plan.digest != digest:
        raise StaleError(
            f"the plan file is not the one that was reviewed: expected {digest}, but it has "
            f"{plan.digest}. Nothing was applied; get the file that was reviewed, or review this "
            "one"
        )


def _reviewed(expected: str) -> str | Plan:
    """Return the digest that is meant, itself or in a file of `--digest-file`, or a file's plan.

    It is read once: it may be a pipe (`<(…)`).
    """
    if expected.startswith(_SHA):
        return expected
    content = read_whole(expected, PLAN_MAKER)
    if content.startswith(_SHA_BYTES):
        return content.decode("utf-8", "replace").strip()
    return plan_of(expected, content)


def _digest(expected: str) -> str:
    """Return a digest; raises `UsageError` if it is none."""
    if not _DIGEST.fullmatch(expected):
        raise UsageError(
            f"--expect {quoted(expected[:80])}: a digest is sha256: and 64 hexadecimal digits, as "
            "`plan` prints it"
        )
    return expected


def _check_plan(plan: Plan, expected: Plan, path: str) -> None:
    if beyond(expected, plan):
        lines = "".join(f"\n  {line}" for line in plan_difference(expected, plan))
        raise StaleError(
            f"the plan holds what {quoted(path)} does not:{lines}\nRead the new plan, save it, "
            "then expect that"
        )
    if not expected.ready:
        raise BlockedError(f"the plan in {quoted(path)} is blocked by policy and can't be expected")
