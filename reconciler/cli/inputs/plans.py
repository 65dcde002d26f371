"""Plans that a command names: a saved one, and with `--expect` what somebody has reviewed."""

from __future__ import annotations

from reconciler.cli.options.hints import is_manifest
from reconciler.errors import ReconcilerError, UsageError
from reconciler.given import expect, read_whole, saved
from reconciler.plan.document import Plan
from reconciler.printable import quoted

_SHA = "sha256:"
_SHA_BYTES = _SHA.encode()


def read_plan(path: str) -> Plan:
    """Read a plan file; raises like `saved.read_plan`."""
    return _plan_of(path, read_whole(path, saved.MAKER))


def check_expected(plan: Plan, expected: str) -> None:
    """Compare a plan just made with a digest, a file that has one, or a plan file.

    Raises:
        StaleError: it is another plan, or the file was changed after it was made.
        BlockedError: the plan in the file is blocked.
        UsageError: `expected` is neither a digest nor a file.
        PlanFileError: the file is neither a digest nor a plan.
    """
    expect.check_expected(plan, _reviewed(expected), quoted(expected))


def check_reviewed(plan: Plan, expected: str) -> None:
    """Compare a saved plan with the digest that was reviewed; raises like `check_expected`."""
    expect.check_reviewed(plan, _reviewed(expected))


def _reviewed(expected: str) -> str | Plan:
    """Return the digest that is meant, itself or in a file of `--digest-file`, or a file's plan.

    It is read once: it may be a pipe (`<(…)`).
    """
    if expected.startswith(_SHA):
        return expected
    content = read_whole(expected, saved.MAKER)
    if content.startswith(_SHA_BYTES):
        return content.decode("utf-8", "replace").strip()
    return _plan_of(expected, content)


def _plan_of(path: str, data: bytes) -> Plan:
    try:
        return saved.plan_of(path, data)
    except ReconcilerError as error:
        if is_manifest(path):
            raise UsageError(
                f"{quoted(path)} is no saved plan: a manifest is given with -f {quoted(path)}"
            ) from error
        raise
