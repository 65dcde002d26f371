"""`--target` selects of a plan what is named and what that depends on."""

from __future__ import annotations

import pytest

from reconciler.diff.temporary_names import temporary
from reconciler.errors import UsageError
from reconciler.model import Policy
from support.values.building import (
    REMOVE,
    codes,
    desired,
    entry,
    messages,
    plan_for,
    removed,
    run,
    storage,
)
from support.values.memory_platform import MemoryPlatform


def keys(plan) -> list[str]:
    return [operation.key for operation in plan.operations]


def test_only_what_is_named_remains() -> None:
    wanted = desired(entry("a"), entry("b"), entry("c1"), entry("c2"))
    assert keys(plan_for([], wanted, targets=("a",))) == ["create:a"]
    assert keys(plan_for([], wanted, targets=("c*", "b"))) == ["create:b", "create:c1", "create:c2"]


def test_it_is_said_how_much_is_left_out() -> None:
    wanted = desired(entry("a"), entry("b"), entry("same"))
    for targets, said in (
        (("a",), "leaves out 1 operation:"),
        (("same",), "leaves out 2 operations:"),
    ):
        (notice,) = plan_for([storage("same")], wanted, targets=targets).warnings
        assert notice.code == "targeted"
        assert said in notice.message
    assert plan_for([storage("same")], wanted, targets=("a", "b")).warnings == ()


def test_it_is_said_that_blocking_reasons_are_left_out() -> None:
    plan = plan_for([storage("same"), storage("theirs")], desired(entry("same")), targets=("same",))
    assert plan.ready
    assert "leaves out 1 blocking reason:" in plan.warnings[0].message


@pytest.mark.parametrize("target", ["old", "new"])
def test_a_rename_goes_by_both_names(target: str) -> None:
    wanted = desired(entry("new", "old", renamed_from=["old"]), entry("other"))
    assert keys(plan_for([storage("old")], wanted, targets=(target,))) == ["update:new"]


def test_what_a_target_depends_on_comes_along() -> None:
    live = [storage(name) for name in "abcx"]
    wanted = desired(
        entry("b", "a", id="id-a"),
        entry("c", "b", id="id-b"),
        entry("d", "c", id="id-c"),
        entry("x", label="new"),
    )
    assert keys(plan_for(live, wanted, targets=("b",))) == ["update:b", "update:c", "update:d"]
    assert keys(plan_for(live, wanted, targets=("d",))) == ["update:d"]


def test_a_circle_comes_along_whole() -> None:
    live = [storage("a"), storage("b")]
    wanted = desired(entry("b", "a", id="id-a"), entry("a", "b", id="id-b"), entry("c"))
    platform = MemoryPlatform(live)
    plan = plan_for(platform, wanted, targets=("a",))
    assert keys(plan) == ["update:a", "update:b"]
    assert run(plan, platform).holds


def test_matching_uses_the_whole_manifest() -> None:
    """Without the entry for `a`, the target would be a rename of it."""
    wanted = desired(entry("a"), entry("b", "x"))
    assert keys(plan_for([storage("a")], wanted, targets=("b",))) == ["create:b"]


def test_a_removal_that_is_pulled_in_blocks_until_it_is_targeted_too() -> None:
    live = [storage("a"), storage("b")]
    wanted = desired(entry("b", "a", id="id-a"), removed=[removed("b", "id-b")])
    plan = plan_for(live, wanted, targets=("a",))
    # `a` is the name that the storage has now; the removal of `b` is not what was asked for.
    assert keys(plan) == ["remove:b", "update:b"]
    assert codes(plan) == [("untargeted_removal", "b")]
    assert "`--target b`" in messages(plan)
    assert plan_for(live, wanted, targets=("a", "b")).ready


def test_the_way_out_of_a_pulled_in_removal_is_printed_escaped() -> None:
    live = [storage("a"), storage("b\u202e", "1")]
    wanted = desired(entry("b\u202e", "a", id="id-a"), removed=[removed("b\u202e", "1")])
    assert "`--target b\\u202e`" in messages(plan_for(live, wanted, targets=("a",)))


def test_reasons_about_the_rest_do_not_block() -> None:
    live = [storage("a"), storage("undeclared"), storage("moved")]
    wanted = desired(entry("a", label="new"), entry("moved", "elsewhere"))
    assert plan_for(live, wanted, targets=("a",)).ready
    assert codes(plan_for(live, wanted)) == [
        ("location_change", "moved"),
        ("undeclared", "undeclared"),
    ]
    assert codes(plan_for(live, wanted, targets=("und*",))) == [("undeclared", "undeclared")]


@pytest.mark.parametrize("target", ["old", "new"])
def test_a_target_that_can_not_move_is_blocked_by_either_name(target: str) -> None:
    wanted = desired(entry("new", "elsewhere", renamed_from=["old"]))
    plan = plan_for([storage("old")], wanted, targets=(target,))
    assert codes(plan) == [("location_change", "new")]


def test_limits_count_against_all_live() -> None:
    live = [storage(f"s{i}") for i in range(30)]
    policy = Policy(undeclared="remove", max_removals="10%")
    wanted = desired(*(entry(f"s{i}") for i in range(20)), policy=policy)
    # 30 are live, so 3 may go, though only the chosen ones are looked at.
    assert plan_for(live, wanted, targets=("s20", "s21", "s22")).ready
    plan = plan_for(live, wanted, targets=("s20", "s21", "s22", "s23"))
    assert codes(plan) == [("max_removals", "")]


def test_only_removals_that_remain_count() -> None:
    live = [storage(name) for name in "abcd"]
    wanted = desired(entry("a"), policy=Policy(undeclared="remove", max_removals=1))
    assert codes(plan_for(live, wanted)) == [("max_removals", "")]
    assert keys(plan_for(live, wanted, targets=("b",))) == ["remove:b"]


def test_an_interrupted_move_blocks_every_target() -> None:
    """It may be the target under its other name: creating that again would double it."""
    parked = storage(temporary("a", "1"), "1", "a")
    plan = plan_for([parked], desired(entry("a")), targets=("a",))
    assert codes(plan) == [("interrupted_move", parked.name)]


@pytest.mark.parametrize("live", [[], [storage("a")]], ids=["to be made", "unchanged"])
def test_a_target_without_anything_to_do_is_no_error(live) -> None:
    assert plan_for(live, desired(entry("a"), entry("b")), targets=("a",)).ready


def test_a_target_that_names_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="--target 'aa' names no storage") as caught:
        plan_for([storage("b")], desired(entry("a"), policy=REMOVE), targets=("a", "aa"))
    assert caught.value.exit_code == 64


def test_a_target_matches_its_own_letters_first() -> None:
    assert keys(plan_for([], desired(entry("[ab]"), entry("x")), targets=("[ab]",))) == [
        "create:[ab]"
    ]
    assert keys(plan_for([], desired(entry("A"), entry("a")), targets=("a",))) == ["create:a"]
