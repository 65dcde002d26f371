"""Executes a plan and tells how its operations ended."""

from __future__ import annotations

import pytest

from reconciler.executor import Outcome, Result, execute
from reconciler.plan.document import Plan
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from support.values.building import desired, entry
from support.values.memory_platform import Call, MemoryPlatform

TWO_CALLS = Abilities(conditional_write=True, atomic_update=False)
IN_TURN_AND_AT_ONCE = pytest.mark.parametrize("parallelism", [1, 10])
SWAP = desired(entry("b", "a", id="id-a"), entry("a", "b", id="id-b"))
CHAIN = desired(entry("b", "a", id="id-a"), entry("c", "b", id="id-b"), entry("free"))
#: How long a test waits for another thread before it fails; nothing waits that long.
PATIENCE = 10


def go(plan: Plan, platform: MemoryPlatform, **limits) -> Result:
    return execute(plan, platform.writer(wait=0), Limits(**limits), lambda *_: None)


def statuses(result: Result) -> dict[str, str]:
    return {outcome.key: outcome.status for outcome in result.outcomes}


def outcome(result: Result, key: str) -> Outcome:
    return next(found for found in result.outcomes if found.key == key)


def failing(method: str, subject: str, error: BaseException):
    """Make a hook that fails every call of `method` about `subject`."""

    def hook(call: Call) -> None:
        if call == Call(method, subject):
            raise error

    return hook
