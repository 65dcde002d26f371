"""What holds for every plan, whatever is live and whatever is declared."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.diff.temporary_names import resting
from reconciler.errors import MatchingError
from reconciler.model import Desired, Entry
from reconciler.plan.document import Plan, to_json
from reconciler.plan.steps import operation_of
from support.sampling import examples
from support.values.building import plan_for
from support.values.memory_platform import MemoryPlatform
from support.values.scenarios import Scenario, likely_scenarios, live_storages, wild_scenarios
from support.values.steps import carry_out, legal_order

SLOW = settings(deadline=None, max_examples=examples(80, 1_000))
anything = st.one_of(likely_scenarios(), wild_scenarios())


def planned(scenario: Scenario) -> Plan | None:
    """Plan; None where manifest and live can't be matched."""
    try:
        return plan_for(scenario.platform(), scenario.request)
    except MatchingError:
        return None


@given(anything, st.randoms(use_true_random=False))
@SLOW
def test_shuffling_changes_no_byte(scenario: Scenario, random) -> None:
    plan = planned(scenario)
    wanted = scenario.request.desired
    entries, removed, live = list(wanted.entries), list(wanted.removed), list(scenario.live)
    for items in (entries, removed, live):
        random.shuffle(items)
    spread = [
        replace(item, file=f"{random.randint(0, 3)}.yaml", index=at)
        for at, item in enumerate(entries)
    ]
    shuffled = Desired(tuple(spread), tuple(removed), wanted.policy)
    request = replace(scenario.request, desired=shuffled)
    again = planned(replace(scenario, live=tuple(live), request=request))
    if plan is None or again is None:
        assert plan is again
        return
    assert again.digest == plan.digest
    assert to_json(again) == to_json(plan)


@given(live_storages())
@SLOW
def test_the_diff_of_equal_states_is_empty(live) -> None:
    plan = plan_for(live, Desired(tuple(as_entry(s) for s in live if manageable(s))))
    assert plan.operations == ()
    assert plan.ready


def manageable(storage) -> bool:
    return not (
        storage.type == "tape" or "ftp:" in storage.default_url or "@" in storage.default_url
    )


def as_entry(storage) -> Entry:
    return Entry(storage.name, storage.type, storage.default_url, storage.label)


@given(st.data(), anything)
@SLOW
def test_every_legal_order_of_steps_is_accepted(data: st.DataObject, scenario: Scenario) -> None:
    plan = planned(scenario)
    assume(plan is not None and plan.ready and plan.operations)
    platform = scenario.platform()
    order = legal_order(data.draw, plan)
    event(f"{len(order)} steps")
    for operation, step in order:
        carry_out(platform, plan, operation, step)
    assert plan_for(platform, scenario.request).operations == ()


@given(anything)
@SLOW
def test_operations_do_not_wait_for_each_other_in_a_circle(scenario: Scenario) -> None:
    plan = planned(scenario)
    assume(plan is not None)
    waits = {op.key: set(op.after_operations) for op in plan.operations}
    by_steps = {
        op.key: {operation_of(key) for step in op.steps for key in step.after_steps}
        for op in plan.operations
    }
    for key, others in waits.items():
        assert others <= by_steps[key]
    while waits:
        free = [key for key, others in waits.items() if not others & waits.keys()]
        assert free, waits
        for key in free:
            del waits[key]


@given(anything)
@settings(SLOW, max_examples=examples(160, 2_000))
def test_a_ready_plan_respects_scope_protection_and_consent(scenario: Scenario) -> None:
    plan = planned(scenario)
    assume(plan is not None and plan.ready)
    request, policy = scenario.request, scenario.request.desired.policy
    live = {storage.id: storage for storage in scenario.live}
    protected = {entry.name for entry in request.desired.entries if entry.protect}
    at_stake = set(scenario.files)
    if scenario.abilities.spaces:
        at_stake |= {id for id, _ in scenario.spaces}
    for operation in plan.operations:
        touched = {operation.after.name} if operation.after else set()
        storage = live.get(operation.id or "")
        name = resting(storage.name, storage.id) if storage else operation.name
        for globs in (policy.scope, *request.scopes):
            assert all(is_one_of(touched_name, globs) for touched_name in {name, *touched})
        if storage is None:
            continue
        guarded = name in protected or is_one_of(name, policy.protect)
        if guarded:
            assert operation.action == "update"
            assert operation.name == name
        if operation.action == "remove":
            consents = [i for i in request.desired.removed if i.id == storage.id and i.holds_files]
            assert storage.id not in at_stake or consents
        assert manageable(storage)


def is_one_of(name: str, globs) -> bool:
    return any(fnmatchcase(name, glob) or name == glob for glob in globs)


@given(anything)
@SLOW
def test_a_blocked_plan_says_why_and_a_ready_one_has_no_reason(scenario: Scenario) -> None:
    plan = planned(scenario)
    assume(plan is not None)
    assert plan.ready == (not plan.blocked_by)
    assert plan.status == ("ready" if plan.ready else "blocked")
    assert [op.action for op in plan.operations] == sorted(
        (op.action for op in plan.operations), key=["remove", "update", "create"].index
    )
    assert len({op.key for op in plan.operations}) == len(plan.operations)


def test_planning_never_writes() -> None:
    platform = MemoryPlatform()
    plan_for(platform, Desired())
    assert platform.writes == []
