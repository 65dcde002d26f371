"""Reports as Markdown that fits a comment on GitHub: summary first, and never cut unseen."""

from typing import TYPE_CHECKING

from reconciler.report.lazy import handing_out

if TYPE_CHECKING:
    from reconciler.report.markdown.manifests import failure, problems, valid
    from reconciler.report.markdown.plans import drift, plan
    from reconciler.report.markdown.platforms import examined, storages, tokens
    from reconciler.report.markdown.results import applied, operations, run, runs
    from reconciler.report.text.platforms import lease, released

__all__ = [
    "applied",
    "drift",
    "examined",
    "failure",
    "lease",
    "operations",
    "plan",
    "problems",
    "released",
    "run",
    "runs",
    "storages",
    "tokens",
    "valid",
]

__getattr__ = handing_out(
    __name__,
    {
        "applied": "results",
        "drift": "plans",
        "examined": "platforms",
        "failure": "manifests",
        "lease": "reconciler.report.text.platforms",
        "operations": "results",
        "plan": "plans",
        "released": "reconciler.report.text.platforms",
        "problems": "manifests",
        "run": "results",
        "runs": "results",
        "storages": "platforms",
        "tokens": "platforms",
        "valid": "manifests",
    },
)
