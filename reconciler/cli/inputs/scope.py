"""What narrows the scope: options and `RECONCILER_SCOPE`, for plans from elsewhere too."""

from __future__ import annotations

from reconciler.cli.context import Context
from reconciler.diff.temporary_names import resting
from reconciler.errors import UsageError
from reconciler.names import Scope
from reconciler.plan.document import Plan
from reconciler.printable import quoted

SCOPE_VARIABLE = "RECONCILER_SCOPE"


def read_scopes(context: Context) -> tuple[tuple[str, ...], ...]:
    """Return the lists that narrow the scope: all `--scope` together, and the environment's."""
    lists = [context.settings.scope] if context.settings.scope else []
    variable = context.variable(SCOPE_VARIABLE)
    if variable is not None:
        globs = tuple(part.strip() for part in variable.split(","))
        if not all(globs):
            raise UsageError(
                f"{SCOPE_VARIABLE} holds an empty name: write globs separated by single commas"
            )
        lists.append(globs)
    return tuple(lists)


def check_scope(context: Context, plan: Plan) -> None:
    """Refuse a saved plan that touches a storage outside the scope.

    Raises `UsageError`, before anything is opened.
    """
    scope = Scope.of(("*",), read_scopes(context))
    said = context.environ.get(SCOPE_VARIABLE, "")
    for operation in plan.operations:
        names = [values.name for values in (operation.before, operation.after) if values]
        for name in (resting(name, operation.id or "") for name in names):
            if not scope.holds(name):
                raise UsageError(
                    f"the plan is to {operation.action} {quoted(operation.name)}, and "
                    f"{quoted(name)} is outside {SCOPE_VARIABLE}={quoted(said)}: "
                    "nothing was applied; plan again with this scope"
                )
