"""Short ways to write down what is live and what is declared, and to run the story on both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reconciler.model import Desired, Entry, Policy, Removed, Storage, Values
from reconciler.plan.document import Operation, Plan
from reconciler.reconcile import Applied, Request, apply_plan, make_plan
from reconciler.retry.limits import Limits
from support.values.memory_platform import MemoryPlatform

NOW = "2026-01-01T00:00:00Z"
CREATED = "2025-06-01T12:00:00Z"
IGNORE = Policy(undeclared="ignore")
REMOVE = Policy(undeclared="remove", max_removals="100%")


def storage(name: str, id: str = "", place: str = "", label: str = "L", **more: Any) -> Storage:
    """Give a live local storage; by default its id is `id-NAME` and it lies at `/data/NAME`."""
    return Storage(
        id=id or f"id-{name}",
        name=name,
        label=label,
        type=more.pop("type", "local"),
        default_url=more.pop("url", f"file:///data/{place or name}"),
        created_at=CREATED,
        **more,
    )


def entry(name: str, place: str = "", **more: Any) -> Entry:
    """Give an entry for a local storage; by default it lies at `/data/NAME`."""
    return Entry(
        name=name,
        type=more.pop("type", "local"),
        default_url=more.pop("url", f"file:///data/{place or name}"),
        file="storages.yaml",
        **more,
    )


def desired(
    *entries: Entry, removed: Sequence[Removed] = (), policy: Policy | None = None
) -> Desired:
    """Give what a manifest declares, each entry with its index."""
    return Desired(
        tuple(_placed(item, at) for at, item in enumerate(entries)),
        tuple(_placed(item, at) for at, item in enumerate(removed)),
        policy or Policy(),
    )


def _placed(item: Any, at: int) -> Any:
    fields = {name: getattr(item, name) for name in item.__struct_fields__}
    return type(item)(**{**fields, "file": item.file or "storages.yaml", "index": at})


def removed(name: str, id: str | None = None, *, holds_files: bool = False) -> Removed:
    """Give an entry of `removed:`."""
    return Removed(name, id, holds_files)


def plan_for(
    live: Iterable[Storage] | MemoryPlatform, wanted: Desired | Request, **more: Any
) -> Plan:
    """Plan, by the way that the commands take; `more` are fields of `Request`."""
    platform = live if isinstance(live, MemoryPlatform) else MemoryPlatform(live)
    request = wanted if isinstance(wanted, Request) else Request(wanted, **more)
    return make_plan(platform.reader(), request, address=platform.address, now=NOW)


def run(
    plan: Plan, platform: MemoryPlatform, request: Request | None = None, **limits: Any
) -> Applied:
    """Apply a plan and read again."""
    return apply_plan(plan, platform, Limits(**limits), lambda *_: None, request=request)


def converge(platform: MemoryPlatform, wanted: Desired | Request, **more: Any) -> Plan:
    """Plan and apply; check that live is as desired and that a second plan is empty."""
    request = wanted if isinstance(wanted, Request) else Request(wanted, **more)
    plan = plan_for(platform, request)
    assert plan.ready, messages(plan)
    applied = run(plan, platform, request)
    assert applied.holds, (applied.remaining, applied.result)
    assert {outcome.status for outcome in applied.result.outcomes} <= {"done"}
    second = plan_for(platform, request)
    assert second.ready
    assert second.operations == ()
    return plan


def codes(plan: Plan) -> list[tuple[str, str]]:
    """Give code and name of every reason that blocks."""
    return [(reason.code, reason.name) for reason in plan.blocked_by]


def messages(plan: Plan) -> str:
    """Give the text of every reason that blocks."""
    return "\n".join(reason.message for reason in plan.blocked_by)


def warnings(plan: Plan) -> list[tuple[str, str]]:
    """Give code and name of every warning."""
    return [(notice.code, notice.name) for notice in plan.warnings]


def as_text(plan: Plan) -> str:
    """Number the steps of a plan, one a line, and say what each does and waits for."""
    keys = [step.key for operation in plan.operations for step in operation.steps]
    number = {key: at for at, key in enumerate(keys, 1)}
    lines = []
    for operation in plan.operations:
        for step in operation.steps:
            waits = ", ".join(str(at) for at in sorted(number[key] for key in step.after_steps))
            what = _words(operation, step.name, step.label)
            lines.append(f"{number[step.key]}. {what}" + (f" after {waits}" if waits else ""))
    return "\n".join(lines)


def _words(operation: Operation, name: str | None, label: str | None) -> str:
    if operation.action != "update":
        return f"{operation.action} {operation.name}"
    parts = [f"name {name}"] if name is not None else []
    parts += [f"label {label}"] if label is not None else []
    start = operation.previous_name or operation.name
    return f"update {start}: {', '.join(parts)}"


def values(name: str, place: str = "", label: str = "L") -> Values:
    """Give values of a local storage."""
    return Values(name, label, "local", f"file:///data/{place or name}")


def names(platform: MemoryPlatform) -> dict[str, str]:
    """Give the id behind each live name."""
    return {item.name: item.id for item in platform.storages}


def step_by_step(*reasons: str | None) -> Callable[[], str | None]:
    """Give a `stop` that answers these in turn, then the last for ever."""
    left = list(reasons)
    return lambda: left.pop(0) if len(left) > 1 else left[0]
