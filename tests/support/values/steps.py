"""Carries out single steps of a plan with no checks at all, in any legal order."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.plan.document import CREATE, REMOVE, Operation, Plan, Step, steps
from support.values.memory_platform import MemoryPlatform


def legal_order(draw: st.DrawFn, plan: Plan) -> list[tuple[Operation, Step]]:
    """Draw an order in which every step comes after those that it waits for.

    Fails if the steps wait for each other in a circle.
    """
    waiting = list(steps(plan))
    done: set[str] = set()
    ordered = []
    while waiting:
        ready = [item for item in waiting if done.issuperset(item[1].after_steps)]
        assert ready, f"these wait for each other: {[step.key for _, step in waiting]}"
        item = draw(st.sampled_from(ready))
        waiting.remove(item)
        done.add(item[1].key)
        ordered.append(item)
    return ordered


def carry_out(platform: MemoryPlatform, plan: Plan, operation: Operation, step: Step) -> None:
    """Make the one call of a step; the platform refuses names that are taken."""
    writer = platform.writer(wait=0)
    if operation.action == CREATE:
        assert operation.after is not None
        writer.create(operation.after)
        return
    live = platform.by_id[operation.id or ""]
    if operation.action == REMOVE:
        consented = any(c.kind == "holds_files" and c.id == live.id for c in plan.consents)
        writer.remove(live, holds_files=consented)
    else:
        writer.update(live, name=step.name, label=step.label)
