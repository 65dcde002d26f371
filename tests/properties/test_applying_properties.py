"""What holds after applying a ready plan, whole or in part."""

from __future__ import annotations

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reconciler.errors import MatchingError
from reconciler.plan.document import Plan, to_json
from reconciler.plan.file import from_json
from support.sampling import examples
from support.values.building import messages, plan_for, run
from support.values.scenarios import Scenario, check_outcome, likely_scenarios, wild_scenarios
from support.values.steps import carry_out, legal_order

SLOW = settings(deadline=None, max_examples=examples(60, 1_000))
anything = st.one_of(likely_scenarios(), likely_scenarios(), wild_scenarios())


def ready_plan(scenario: Scenario) -> Plan:
    """Plan; scenarios whose plan can't be applied are left out."""
    try:
        plan = plan_for(scenario.platform(), scenario.request)
    except MatchingError:
        plan = None
    assume(plan is not None and plan.ready)
    assert plan is not None
    return plan


@given(anything, st.sampled_from([1, 3]))
@SLOW
def test_applying_makes_live_as_desired_and_touches_nothing_else(
    scenario: Scenario, parallelism: int
) -> None:
    plan = ready_plan(scenario)
    event(f"{len(plan.operations)} operations")
    platform = scenario.platform()
    applied = run(plan, platform, scenario.request, parallelism=parallelism)
    assert applied.holds, applied
    assert all(outcome.status == "done" for outcome in applied.result.outcomes)
    check_outcome(scenario.live, platform.storages, scenario.request, plan)
    second = plan_for(platform, scenario.request)
    assert second.ready
    assert second.operations == ()


@given(anything)
@SLOW
def test_a_saved_plan_applied_twice_writes_once(scenario: Scenario) -> None:
    plan = from_json(to_json(ready_plan(scenario)))
    platform = scenario.platform()
    assert run(plan, platform).holds
    left = platform.storages
    again = run(plan, platform)
    assert again.holds
    assert {(found.status, found.writes) for found in again.result.outcomes} <= {("done", 0)}
    assert platform.storages == left


@given(st.data(), anything)
@SLOW
def test_stopping_after_any_step_and_planning_again_converges(
    data: st.DataObject, scenario: Scenario
) -> None:
    plan = ready_plan(scenario)
    assume(plan.operations)
    platform = scenario.platform()
    order = legal_order(data.draw, plan)
    for operation, step in order:
        carry_out(platform, plan, operation, step)
        twin = platform.copy()
        rest = plan_for(twin, scenario.request)
        assert rest.ready, messages(rest)
        assert run(rest, twin, scenario.request, parallelism=1).holds
        check_outcome(scenario.live, twin.storages, scenario.request, plan)


@given(st.data(), anything)
@SLOW
def test_a_saved_plan_goes_on_where_it_was_cut_off(data: st.DataObject, scenario: Scenario) -> None:
    plan = ready_plan(scenario)
    assume(plan.operations)
    platform = scenario.platform()
    order = legal_order(data.draw, plan)
    for operation, step in order[: data.draw(st.integers(0, len(order)))]:
        carry_out(platform, plan, operation, step)
    applied = run(plan, platform, parallelism=1)
    assert applied.holds, applied
    check_outcome(scenario.live, platform.storages, scenario.request, plan)
