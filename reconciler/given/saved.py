"""A plan that was saved: read back, and whether it may be applied here."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.temporary_names import resting
from reconciler.errors import AddressError, ReconcilerError, UsageError
from reconciler.given import SCOPE_VARIABLE, Given, read_scopes, read_whole, variable
from reconciler.given.platform import names_platform, token_at_risk
from reconciler.masking import quoted_url
from reconciler.model import UNKNOWN_PLATFORM, Notice
from reconciler.names import Scope
from reconciler.plan.document import WITHOUT_ADDRESS, Plan, leads_to_file
from reconciler.plan.file import from_json
from reconciler.platforms import PLATFORM_VARIABLE, same_address
from reconciler.printable import quoted

#: The command that makes a plan file.
MAKER = "reconciler plan --out FILE"


def read_plan(path: str) -> Plan:
    """Read a plan file; raises like `read_whole` and `from_json`, and names the file."""
    return plan_of(path, read_whole(path, MAKER))


def plan_of(path: str, data: bytes) -> Plan:
    """Read what was in a plan file; raises like `from_json`, and names the file."""
    try:
        return from_json(data)
    except ReconcilerError as error:
        raise type(error)(f"{quoted(path)}: {error}") from error


def check_saved(given: Given, plan: Plan) -> None:
    """Refuse a saved plan that may not be applied as things are, before anything is opened.

    Raises `UsageError` (`AddressError`): nobody knows whether it is for this platform, it is for
    another one than arguments and environment say, or it touches a storage outside the scope.
    """
    _check_identity(given, plan)
    _check_format(given, plan)
    _check_scope(given, plan)
    _check_address(given, plan.platform)


def warnings(given: Given, plan: Plan, *, expected: bool) -> Iterator[Notice]:
    """Yield what whoever applies a saved plan should know; `expected`: its digest was reviewed."""
    if plan.format_version <= WITHOUT_ADDRESS:
        yield Notice(
            "old_format",
            "",
            f"this plan was made by an earlier version (format {plan.format_version}), whose "
            "digest does not hold the lock that it is applied under: a new plan's does",
        )
    if not expected:
        yield from token_at_risk(given, plan.platform, "the plan")


def _check_identity(given: Given, plan: Plan) -> None:
    """Refuse to take a platform that can't tell which one it is for the one of the plan."""
    if plan.platform_id == UNKNOWN_PLATFORM and given.platform is None:
        raise UsageError(
            f"{plan.platform} can't tell which organisation it leads to (its identity is unknown), "
            "so that nobody knows whether it is still the one that the plan was made for: if it "
            f"is, give --platform {plan.platform}, or let the module say it in `platform_id`"
        )


def _check_format(given: Given, plan: Plan) -> None:
    """Send no token on the word of an older plan, whose digest promises less."""
    if plan.format_version > WITHOUT_ADDRESS:
        return
    if not leads_to_file(plan.platform) and not names_platform(given, None):
        raise UsageError(
            f"this plan was made by an earlier version (format {plan.format_version}), whose "
            "digest does not hold the address of the platform, so that nobody knows whether it is "
            f"the one that was reviewed: if it is, give --platform {plan.platform}, "
            "or make a new plan"
        )


def _check_scope(given: Given, plan: Plan) -> None:
    """Refuse a plan that touches a storage outside the scope."""
    scope = Scope.of(("*",), read_scopes(given))
    said = given.environ.get(SCOPE_VARIABLE, "")
    for operation in plan.operations:
        names = [values.name for values in (operation.before, operation.after) if values]
        for name in (resting(name, operation.id or "") for name in names):
            if not scope.holds(name):
                raise UsageError(
                    f"the plan is to {operation.action} {quoted(operation.name)}, and "
                    f"{quoted(name)} is outside {SCOPE_VARIABLE}={quoted(said)}: "
                    "nothing was applied; plan again with this scope"
                )


def _check_address(given: Given, address: str) -> None:
    """Let arguments and environment only confirm the plan's own platform."""
    for origin, named in (
        ("--platform", given.platform),
        (PLATFORM_VARIABLE, variable(given, PLATFORM_VARIABLE)),
    ):
        if named is None:
            continue
        if not same_address(address, None, named, None):
            raise AddressError(
                f"the plan is for the platform {quoted_url(address)} and {origin} says "
                f"{quoted_url(named)}: apply the plan where it was made for, or plan again"
            )
        break
