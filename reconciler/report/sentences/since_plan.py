"""What changed since a plan was made, for people. The only place that asks deepdiff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from reconciler.executor import Outcome
from reconciler.location import same_place
from reconciler.model import Storage, Values, path_text
from reconciler.plan.document import FIELDS, Operation, Plan
from reconciler.plan.review import beyond, was_new
from reconciler.printable import quoted, shown
from reconciler.report.sentences.operations import name_of
from reconciler.report.sentences.terms import address, count
from reconciler.report.sentences.terms import value as printed

#: Every line costs a comparison of some 200 µs, and nobody reads more of them.
_ENOUGH = 100
#: What must not differ from the reviewed plan; steps may have become fewer, as some are done.
_MEANING = ("id", "before", "after", "holds_files")


def changes_in_live(expected: Values, found: Storage | None) -> list[str]:
    """Return what was touched since the plan was made: `label was 'A', is now 'B'`."""
    if found is None:
        return ["it is gone: no live storage has its id"]
    before = {field: getattr(expected, field) for field in FIELDS}
    after = {field: getattr(found, field) for field in FIELDS}
    if same_place(expected, found):
        after["default_url"] = before["default_url"]
    return list(_differences(before, after))


def changed_since(outcome: Outcome, operation: Operation | None) -> list[str]:
    """Return what was touched in live since the plan was made, for an operation that is stale."""
    if not outcome.stale or operation is None or outcome.found is None:
        return []
    if operation.before is not None:
        return changes_in_live(operation.before, outcome.found)
    place = f"{shown(outcome.found.type)} at {address(outcome.found.default_url)}"
    return [f"a storage of this name was made (id {quoted(outcome.found.id)}, {place})"]


def plan_difference(expected: Plan, now: Plan) -> list[str]:
    """Return which operations of `now` the reviewed plan `expected` does not hold as they are.

    Operations that only `expected` has may be done by now, and are no difference.
    """
    lines = list(islice(_plan_differences(expected, now), _ENOUGH + 1))
    if len(lines) > _ENOUGH:
        lines[-1] = f"… and more: only the first {count(_ENOUGH, 'difference')} are listed"
    return lines


def _plan_differences(expected: Plan, now: Plan) -> Iterator[str]:
    found = beyond(expected, now)
    if found.elsewhere and was_new(expected, now):
        yield "it was made for a new and empty platform, and this one holds other storages"
    elif found.elsewhere:
        yield f"the reviewed plan is for {_platform(expected)}, this one for {_platform(now)}"
    for operation, old in found.operations:
        told = f"{operation.action} of {quoted(name_of(operation))}"
        if old is None:
            yield f"{told} is not in the reviewed plan"
        else:
            changed = _differences(_meaning(old), _meaning(operation))
            yield from (f"{told}: {line}" for line in changed)
    for consent in found.consents:
        yield f"the consent {consent.kind} for {quoted(consent.name)} was not in it"


def _platform(plan: Plan) -> str:
    return f"{address(plan.platform)} (id {quoted(plan.platform_id)})"


def _meaning(operation: Operation) -> Mapping[str, Any]:
    fields = msgspec.to_builtins(operation)
    return {field: fields[field] for field in _MEANING}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before == after:
        return
    from deepdiff import DeepDiff, helper  # half a second, and few plans are refused

    found = DeepDiff(before, after, view="tree", verbose_level=2, threshold_to_diff_deeper=0)
    levels = sorted(
        (level for kind in found.values() for level in kind),
        key=lambda level: [str(part) for part in level.path(output_format="list")],
    )
    for level in levels:
        path = level.path(output_format="list")
        sides = (None if side is helper.notpresent else side for side in (level.t1, level.t2))
        was, now = (_value(path[-1], side) for side in sides)
        yield f"{path_text(path)} was {was}, is now {now}"


def _value(field: str, value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printed(field)(str(value))
