"""What `RECONCILER_SCOPE` means for a plan that was made elsewhere, maybe without it."""

from __future__ import annotations

from reconciler.cli.context import Context
from reconciler.cli.inputs.source import SCOPE_VARIABLE, read_scopes
from reconciler.errors import UsageError
from reconciler.names import Scope, resting
from reconciler.plan.document import Plan
from reconciler.printable import quoted


def check_scope(context: Context, plan: Plan) -> None:
    """Refuse a saved plan that touches a storage outside the scope.

    Raises `UsageError`, before anything is opened.
    """
    scope = Scope.of(("*",), read_scopes(context))
    for operation in plan.operations:
        names = [values.name for values in (operation.before, operation.after) if values]
        for name in (resting(name, operation.id or "") for name in names):
            if not scope.holds(name):
                raise UsageError(
                    f"the plan is to {operation.action} {quoted(operation.name)}, and "
                    f"{quoted(name)} is outside {SCOPE_VARIABLE}={quoted(_said(context))}: "
                    "nothing was applied; plan again with this scope"
                )


def _said(context: Context) -> str:
    return context.environ.get(SCOPE_VARIABLE, "")
