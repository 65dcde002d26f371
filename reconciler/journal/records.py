"""The lines of a journal beside those of `reconciler.executor.events`.

`schemas/journal.schema.json` describes them. Each line also has a `time`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from reconciler.environment.origin import Origin
from reconciler.model import Values
from reconciler.plan.document import Plan

FORMAT_VERSION = 1


class RunStarted(Struct, frozen=True, tag_field="event", tag="run_started"):
    """The first line: which run this is, and of whom."""

    format_version: int
    tool_version: str
    run: str
    platform: str
    platform_id: str
    digest: str
    #: How many operations the plan has.
    operations: int
    actor: str
    host: str
    commit: str
    job_url: str
    #: Fencing token of the lease that the run holds; None without one.
    fence: int | None


class Planned(Struct, frozen=True, tag_field="event", tag="operation_planned"):
    """What an update or a removal is about to change: enough to declare a storage again."""

    key: str
    action: str
    name: str
    previous_name: str | None
    id: str | None
    before: Values | None
    #: For a removal: whether records of files go with it.
    holds_files: bool | None


class RunEnded(Struct, frozen=True, tag_field="event", tag="run_ended"):
    """The last line; a run that was killed has none."""

    exit: int
    interrupted: bool
    #: How many operations ended in which way.
    summary: dict[str, int]


def started(plan: Plan, origin: Origin, fence: int | None, version: str) -> RunStarted:
    """Return what is known of a run before it begins."""
    return RunStarted(
        format_version=FORMAT_VERSION,
        tool_version=version,
        platform=plan.platform,
        platform_id=plan.platform_id,
        digest=plan.digest,
        operations=len(plan.operations),
        host=origin.host,
        fence=fence,
        **origin.claims(),
    )


def planned(plan: Plan) -> Iterator[Planned]:
    """Yield, of each operation that changes a live storage, how that storage is now."""
    for op in plan.operations:
        if op.before is not None:
            yield Planned(
                op.key, op.action, op.name, op.previous_name, op.id, op.before, op.holds_files
            )


def ended(exit: int, statuses: Iterable[str], *, interrupted: bool) -> RunEnded:
    """Return how a run ended, with the status of each of its operations."""
    return RunEnded(exit, interrupted, dict(sorted(Counter(statuses).items())))
