"""What came of a look and of an apply, as a watch takes it."""

from __future__ import annotations

from hashlib import sha256

from reconciler.cli.watching.surveying import called, fit
from reconciler.errors import (
    BLOCKED,
    CHANGES,
    ERROR,
    INTERRUPTED,
    INVALID,
    SUCCESS,
    USAGE,
    ManifestError,
    ReconcilerError,
)
from reconciler.given.source import Source
from reconciler.masking import masked, masked_in
from reconciler.plan.document import Plan
from reconciler.printable import shown
from reconciler.reconcile import Applied
from reconciler.report.sentences.drift import drift_of
from reconciler.report.watching.lines import of_difference
from reconciler.watching import conditions
from reconciler.watching.conditions import NOT_APPLIED, OF_MANIFEST, OF_PLATFORM, UNREAD, Condition
from reconciler.watching.deeds import Looked, Tried
from reconciler.watching.schedule import Found


def looked(source: Source, plan: Plan, *, applies: bool) -> Looked:
    """Return what a look that worked has found; `applies`: whether it may be applied."""
    policy = source.manifest.desired.policy
    drift = drift_of(plan, ignored=policy.undeclared == "ignore")
    found = [
        Condition(conditions.DRIFT, called(one.name), one.kind, of_difference(one))
        for one in drift.found
    ]
    found += [
        Condition(conditions.BLOCKED, called(one.name), one.code, shown(masked_in(one.message)))
        for one in plan.blocked_by
    ]
    code = CHANGES if drift.found else SUCCESS
    if applies:
        code = SUCCESS if plan.ready else BLOCKED
    return Looked(
        code,
        tuple(found),
        found=Found(plan.ready, plan.digest if plan.operations or not plan.ready else ""),
        platform=shown(masked(plan.platform)),
        platform_id=identity(plan.platform_id),
        declared=len(source.manifest.desired.entries),
        live=plan.summary.live,
    )


def unread(error: ReconcilerError | OSError) -> Looked:
    """Return why a look could not read the manifest, or the platform."""
    code = error.exit_code if isinstance(error, ReconcilerError) else ERROR
    given = isinstance(error, OSError) or code in (USAGE, INVALID)
    cause = OF_MANIFEST if given else OF_PLATFORM
    return Looked(code, problem=Condition(UNREAD, "", cause, _in_a_line(error)))


def failed(error: ReconcilerError | OSError, plan: Plan, what: str) -> Tried:
    """Return why an apply was given up; `what`: how far it came."""
    code = error.exit_code if isinstance(error, ReconcilerError) else ERROR
    why = f"{what}: {_in_a_line(error)}"
    return Tried(code, worked=False, problem=Condition(NOT_APPLIED, "", plan.digest, why))


def tried(done: list[Applied], code: int, *, once: bool) -> Tried:
    """Return what became of an apply that came to its end, of a watch of one round: `once`."""
    (applied,) = done
    if applied.verdict == "as_planned":
        return Tried(code, worked=True)
    if applied.exit_code == INTERRUPTED:  # by somebody: that says nothing of the plan
        return stopped(once=once)
    errors = [f"{one.error}" for one in applied.result.outcomes if one.error]
    why = [*errors, *applied.remaining, applied.unread]
    first = next((" ".join(shown(masked_in(one)).split()) for one in why if one), "")
    left = f"{applied.verdict.replace('_', ' ')}: {first}"
    problem = Condition(NOT_APPLIED, "", applied.plan.digest, left)
    return Tried(code, worked=False, problem=problem)


def stopped(*, once: bool) -> Tried:
    """Return that an end was wanted before all was done, which is what one round is for: `once`.

    A watch that stays has ended in order then, and the next start goes on.
    """
    return Tried(INTERRUPTED if once else SUCCESS, worked=False, busy=True)


def unchanged(source: Source, again: Source) -> bool:
    """Return whether the manifest still wants the same, of the same platform, under one lock."""
    return source.request == again.request and source.platform.address == again.platform.address


def _in_a_line(error: Exception) -> str:
    """Return what is wrong in one line; of a manifest the first problem."""
    if isinstance(error, ManifestError) and (others := len(error.problems) - 1):
        return f"{shown(masked_in(error.problems[0].text()))} (and {others} more)"
    return shown(masked_in(" ".join(str(error).split())))


def identity(id: str) -> str:
    """Return a platform's id as it may be kept and told; what is masked in it still counts."""
    told = fit(masked_in(id))
    if told == id:
        return told
    return f"{told} (sha256:{sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]})"
