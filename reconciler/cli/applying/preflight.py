"""`--check-backends`: look at what storages are to lie on, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.errors import PreflightError
from reconciler.model import Notice
from reconciler.plan.document import CREATE, Plan
from reconciler.printable import quoted

if TYPE_CHECKING:
    from reconciler.health.backends import Backend

CODE = "backend"


def with_backends(plan: Plan) -> Plan:
    """Add a warning for each storage to be created on something that is not known to be fine."""
    found = [
        Notice(CODE, backend.name, _sentence(backend))
        for backend in _checked(plan)
        if not backend.is_fine
    ]
    return replace(plan, warnings=tuple(sorted({*plan.warnings, *found})))


def require_backends(context: Context, plan: Plan) -> None:
    """Raise `PreflightError` if a storage would be created on something that is not there.

    What nobody can tell is told as a warning.
    """
    checked = _checked(plan)
    unusable = [_sentence(backend) for backend in checked if backend.is_unusable]
    for backend in checked:
        if not (backend.is_fine or backend.is_unusable):
            context.note(f"Warning: {_sentence(backend)}")
    if unusable:
        raise PreflightError(
            "\n".join(["nothing was written: these storages could not be used:", *unusable])
        )


def _checked(plan: Plan) -> tuple[Backend, ...]:
    from reconciler.health.backends import check_backends  # TLS is dear, and few runs look

    return check_backends(
        operation.after
        for operation in plan.operations
        if operation.action == CREATE and operation.after is not None
    )


def _sentence(backend: Backend) -> str:
    return f"{quoted(backend.name)}: {backend.message}"
