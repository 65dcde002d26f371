"""What `plan` and `apply` do, for scripts: a manifest is loaded, planned and applied.

    plan = load("storages.yaml").plan()
    for operation in plan.operations:
        print(operation.action, operation.name)
    plan.apply()

docs/scripts.md tells of each name; those that are listed here stay what they are. Errors are those
of `reconciler.errors`: each has the `exit_code` with which the command would end.
"""

from __future__ import annotations

from reconciler.executor import Outcome
from reconciler.model import Notice
from reconciler.plan.document import Operation
from reconciler.scripting.manifests import Manifest, load
from reconciler.scripting.plans import Plan, read_plan
from reconciler.scripting.results import NotAsPlannedError, Result

__all__ = [
    "Manifest",
    "NotAsPlannedError",
    "Notice",
    "Operation",
    "Outcome",
    "Plan",
    "Result",
    "load",
    "read_plan",
]
