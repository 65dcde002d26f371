"""What comes before what: live and desired in, numbered steps out."""

from __future__ import annotations

import pytest

from reconciler.diff.temporary_names import temporary
from reconciler.model import Desired, Storage
from reconciler.platform import Abilities
from support.values.building import (
    IGNORE,
    REMOVE,
    as_text,
    codes,
    converge,
    desired,
    entry,
    messages,
    names,
    plan_for,
    removed,
    storage,
)
from support.values.memory_platform import MemoryPlatform

ONE_CALL = Abilities(conditional_write=True)
TWO_CALLS = Abilities(conditional_write=True, atomic_update=False)
H_A, H_B = temporary("a", "id-a"), temporary("b", "id-b")


def ordered(live: list[Storage], wanted: Desired, abilities: Abilities = ONE_CALL) -> str:
    """Apply the plan as well: an order that can't be carried out is not one."""
    platform = MemoryPlatform(live, abilities=abilities)
    return as_text(converge(platform, wanted))


def renamed(**new_names: str) -> Desired:
    """Pin every storage `old` by its id, under its new name."""
    return desired(*(entry(new, old, id=f"id-{old}") for old, new in new_names.items()))


def live(*given: str) -> list[Storage]:
    return [storage(name) for name in given]


def test_independent_operations_have_no_order_and_removals_are_printed_first() -> None:
    wanted = desired(
        entry("c"),
        entry("b", label="new"),
        entry("z", "y", renamed_from=["y"]),
        removed=[removed("x"), removed("d")],
    )
    assert ordered(live("b", "x", "y", "d"), wanted) == (
        "1. remove d\n2. remove x\n3. update b: label new\n4. update y: name z\n5. create c"
    )


def test_a_chain_of_renames_runs_from_its_free_end() -> None:
    assert ordered(live("a", "b", "c"), renamed(a="b", b="c", c="d")) == (
        "1. update a: name b after 2\n2. update b: name c after 3\n3. update c: name d"
    )


def test_a_create_takes_a_name_once_it_is_free() -> None:
    wanted = desired(entry("b", "a", id="id-a"), entry("a", "x"))
    assert ordered(live("a"), wanted) == "1. update a: name b\n2. create a after 1"


def test_a_rename_takes_a_name_that_a_removal_frees() -> None:
    wanted = desired(entry("b", "a", id="id-a"), removed=[removed("b", "id-b")])
    assert ordered(live("a", "b"), wanted) == "1. remove b\n2. update a: name b after 1"


def test_a_create_takes_a_name_that_a_removal_by_policy_frees() -> None:
    wanted = desired(entry("a", "b", id="id-b"), entry("b", "x"), policy=REMOVE)
    assert ordered(live("a", "b"), wanted) == (
        "1. remove a\n2. update b: name a after 1\n3. create b after 2"
    )


def test_a_removal_comes_before_a_creation_at_its_location() -> None:
    wanted = desired(entry("new", "shared"), removed=[removed("old"), removed("other")])
    there = [storage("old", place="shared"), storage("other")]
    assert ordered(there, wanted) == "1. remove old\n2. remove other\n3. create new after 1"


def test_two_names_are_swapped_by_stepping_aside() -> None:
    assert ordered(live("a", "b"), renamed(a="b", b="a")) == (
        f"1. update b: name {H_B}\n2. update b: name a after 1, 3\n3. update a: name b after 1"
    )


def test_three_names_go_round() -> None:
    assert ordered(live("a", "b", "c"), renamed(a="b", b="c", c="a")) == (
        f"1. update c: name {temporary('c', 'id-c')}\n"
        "2. update c: name a after 1, 3\n"
        "3. update a: name b after 4\n"
        "4. update b: name c after 1"
    )


def test_two_circles_turn_apart() -> None:
    wanted = renamed(a="b", b="a", c="d", d="c")
    assert ordered(live("a", "b", "c", "d"), wanted) == (
        f"1. update b: name {H_B}\n2. update b: name a after 1, 3\n3. update a: name b after 1\n"
        f"4. update d: name {temporary('d', 'id-d')}\n5. update d: name c after 4, 6\n"
        "6. update c: name d after 4"
    )


@pytest.mark.parametrize("size", [2, 3, 4, 5, 40])
@pytest.mark.parametrize("abilities", [ONE_CALL, TWO_CALLS], ids=["one call", "two calls"])
def test_circles_of_any_size_turn(size: int, abilities: Abilities) -> None:
    given = [f"n{i}" for i in range(size)]
    wanted = desired(
        *(entry(given[i - 1], given[i], id=f"id-{given[i]}", label="new") for i in range(size))
    )
    platform = MemoryPlatform(live(*given), abilities=abilities)
    plan = converge(platform, wanted)
    assert names(platform) == {given[i - 1]: f"id-{given[i]}" for i in range(size)}
    steps = [len(operation.steps) for operation in plan.operations]
    calls = 1 if abilities.atomic_update else 2
    assert sorted(steps) == [calls] * (size - 1) + [calls + 1]


def test_name_and_label_are_two_steps_where_the_platform_takes_one_change_at_a_time() -> None:
    wanted = desired(entry("b", "a", label="new", renamed_from=["a"]))
    assert ordered(live("a"), wanted) == "1. update a: name b, label new"
    assert ordered(live("a"), wanted, TWO_CALLS) == (
        "1. update a: name b\n2. update a: label new after 1"
    )


def test_a_name_is_free_before_the_label_of_its_former_owner_is_changed() -> None:
    wanted = desired(entry("b", "a", id="id-a", label="new"), entry("a", "x"))
    assert ordered(live("a"), wanted, TWO_CALLS) == (
        "1. update a: name b\n2. update a: label new after 1\n3. create a after 1"
    )


def test_a_swap_with_labels_on_a_platform_that_takes_one_change_at_a_time() -> None:
    wanted = desired(entry("b", "a", id="id-a", label="A"), entry("a", "b", id="id-b", label="B"))
    assert ordered(live("a", "b"), wanted, TWO_CALLS) == (
        f"1. update b: name {H_B}\n"
        "2. update b: name a after 1, 4\n"
        "3. update b: label B after 2\n"
        "4. update a: name b after 1\n"
        "5. update a: label A after 4"
    )


def test_operations_wait_for_whole_operations_and_circles_for_steps_only() -> None:
    plan = plan_for(live("a", "b", "c"), renamed(a="b", b="a", c="d"))
    waits = {operation.name: operation.after_operations for operation in plan.operations}
    assert waits == {"a": ("update:b",), "b": (), "d": ()}


def test_a_storage_that_is_known_by_its_name_only_does_not_step_aside() -> None:
    """Cut off after that, nobody could say which storage the temporary name stands for."""
    wanted = desired(entry("a", "b", renamed_from=["b"]), entry("b", "a", id="id-a"))
    assert ordered(live("a", "b"), wanted) == (
        f"1. update b: name a after 2\n2. update a: name {H_A}\n3. update a: name b after 1, 2"
    )


# Where the temporary name is


def test_what_a_crash_left_is_repaired_by_its_id() -> None:
    there = [storage(H_A, "id-a", "a"), storage("a", "id-b", "b")]
    assert ordered(there, renamed(a="b", b="a")) == f"1. update {H_A}: name b"


def test_another_storage_steps_aside_where_the_first_has_no_room() -> None:
    there = [*live("a", "b"), storage(H_B, "squatter")]
    wanted = desired(*renamed(a="b", b="a").entries, policy=IGNORE)
    assert ordered(there, wanted) == (
        f"1. update b: name a after 2\n2. update a: name {H_A}\n3. update a: name b after 1, 2"
    )


@pytest.mark.parametrize("targets", [(), ("a",)], ids=["all", "target"])
def test_a_circle_without_room_is_blocked_and_says_what_to_free(targets) -> None:
    there = [*live("a", "b"), storage(H_A, "squatter-1"), storage(H_B, "squatter-2")]
    wanted = desired(*renamed(a="b", b="a").entries, policy=IGNORE)
    plan = plan_for(there, wanted, targets=targets)
    assert codes(plan) == [("name_taken", "a")]
    assert f"'{H_B}' is needed for a moment" in messages(plan)
    moved_away = [*live("a", "b"), storage("x", "squatter-1"), storage("y", "squatter-2")]
    assert plan_for(moved_away, wanted).ready


def test_a_storage_does_not_step_aside_to_the_name_it_has() -> None:
    """`a` still has the temporary name of an earlier move, and somebody else is to have that."""
    there = [storage(H_A, "id-a", "a"), storage("B", "id-B")]
    wanted = desired(entry("B", "a", id="id-a"), entry(H_A, "B", id="id-B"))
    assert ordered(there, wanted).splitlines()[1] == f"2. update B: name {temporary('B', 'id-B')}"


# Names that can't be had


def test_a_name_that_stays_taken_blocks_and_the_way_out_works() -> None:
    there = live("a", "b")
    wanted = [entry("b", "a", id="id-a")]
    plan = plan_for(there, desired(*wanted, policy=IGNORE))
    assert codes(plan) == [("name_taken", "b")]
    assert '{name: "b", id: id-b}' in messages(plan).replace('"id-b"', "id-b")
    assert plan_for(there, desired(*wanted, removed=[removed("b", "id-b")], policy=IGNORE)).ready
    assert plan_for(there, desired(*wanted, entry("c", "b", id="id-b"), policy=IGNORE)).ready


def test_a_name_that_an_unmanaged_storage_has_can_not_be_had() -> None:
    plan = plan_for([storage("a", type="tape")], desired(entry("a")))
    assert codes(plan) == [("name_taken", "a")]
    assert "can't be managed" in messages(plan)
    assert "`removed:`" not in messages(plan)


def test_a_name_whose_owner_can_not_move_stays_taken() -> None:
    """`b` was to give up its name, but its location changed too, and that is not possible."""
    wanted = desired(entry("c", "elsewhere", renamed_from=["b"]), entry("b", "a", id="id-a"))
    assert codes(plan_for(live("a", "b"), wanted)) == [
        ("location_change", "c"),
        ("name_taken", "b"),
    ]
