"""Exit codes: what each means, and which one a plan or an apply ends with."""

from __future__ import annotations

from reconciler.cli import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.plan.document import Plan
    from reconciler.reconcile import Applied, Verdict

SUCCESS = 0
ERROR = 1
CHANGES = 2
BLOCKED = 3
STALE = 4
PARTIAL = 5
LOCKED = 6
USAGE = 64
INTERRUPTED = 130

#: What the reference says of each code; the errors of `reconciler.errors` carry the same numbers.
MEANINGS = {
    SUCCESS: "success, or no changes",
    ERROR: "an error; the message says what to do. Also the answer “no” at the question",
    CHANGES: "changes are pending (`plan --detailed-exitcode`), or `drift` found a difference",
    BLOCKED: "policy blocks the plan",
    STALE: "the plan no longer fits live, or a digest is not the expected one",
    PARTIAL: "applied in part: something was written and something remains",
    LOCKED: "the platform is locked by another run (also the answer of `lock show`)",
    USAGE: "wrong usage of the command line or the environment",
    65: "the manifest, plan file or id map is invalid, or can't be matched with live",
    INTERRUPTED: "interrupted: Ctrl-C, SIGTERM or SIGHUP",
}

_OF_VERDICT: dict[Verdict, int] = {
    "as_planned": SUCCESS,
    "interrupted": INTERRUPTED,
    "partial": PARTIAL,
    "stale": STALE,
    "unread": ERROR,
    "failed": ERROR,
}


def of_plan(plan: Plan, *, detailed: bool) -> int:
    """Give the exit code of `plan`."""
    if not plan.ready:
        return BLOCKED
    return CHANGES if detailed and plan.operations else SUCCESS


def of_applied(applied: Applied) -> int:
    """Give the exit code of a run that was begun, whether or not it wrote anything."""
    return _OF_VERDICT[applied.verdict]
