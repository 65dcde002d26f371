"""What else blocks, on sets of 1, 3 and 1,000 storages, with a way out that works."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.model import Desired, Entry, Policy
from support.server.asking import FAIL, IGNORE, POLICIES, REMOVE, SIZES, asked
from support.values.building import (
    codes,
    desired,
    entry,
    messages,
    plan_for,
    removed,
    storage,
    warnings,
)

# Undeclared


@SIZES
def test_undeclared_storages_block_under_fail(size: int) -> None:
    plan = asked(size, [storage("x")])
    assert codes(plan) == [("undeclared", "x")]
    assert plan.undeclared == ("x",)
    for way_out in ("`storages:`", "`removed:`", "`policy.undeclared`", "export --undeclared"):
        assert way_out in messages(plan)
    assert asked(size, [storage("x")], entry("x")).ready
    assert asked(size, [storage("x")], removed=[removed("x")]).ready
    assert asked(size, [storage("x")], policy=IGNORE).ready
    assert asked(size, [storage("x")], allow_remove=("x",)).ready


def test_each_undeclared_storage_is_a_reason() -> None:
    live = [storage(f"s{i:04}") for i in range(1000)]
    plan = plan_for(live, desired(entry("new")))
    assert codes(plan) == [("undeclared", item.name) for item in live]


def test_adopting_three_of_fourteen() -> None:
    live = [storage(f"s{i}") for i in range(14)]
    entries = [entry(f"s{i}", label="adopted") for i in range(3)]
    plan = plan_for(live, desired(*entries, policy=IGNORE))
    assert plan.ready
    assert plan.summary.update == 3
    assert len(plan.undeclared) == 11


# Likely rename


@SIZES
@pytest.mark.parametrize("policy", [FAIL, REMOVE], ids=lambda p: p.undeclared)
def test_a_likely_rename_blocks_until_it_is_told(size: int, policy: Policy) -> None:
    about, new = [storage("old", place="shared")], entry("new", "shared")
    plan = asked(size, about, new, policy=policy)
    assert ("likely_rename", "new") in codes(plan)
    for words in ("'old'", "`renamed_from:", "`id: id-old`", "`removed:`"):
        assert words in messages(plan)
    for same in (replace(new, renamed_from=("old",)), replace(new, id="id-old")):
        told = asked(size, about, same, policy=policy)
        assert told.ready
        assert told.summary.update == 1
    another = asked(size, about, new, removed=[removed("old")], policy=policy)
    assert another.ready
    assert (another.summary.create, another.summary.remove) == (1, 1)


@SIZES
def test_a_likely_rename_is_a_warning_under_ignore(size: int) -> None:
    about = [storage("old", url="/data/shared/")]
    plan = asked(size, about, entry("new", "shared"), policy=IGNORE)
    assert plan.ready
    assert warnings(plan) == [("likely_rename", "new")]


def test_all_candidates_of_a_likely_rename_are_listed() -> None:
    about = [storage("old2", place="shared"), storage("old1", place="shared")]
    plan = asked(1, about, entry("new", "shared"), policy=IGNORE)
    assert "'old1', 'old2'" in plan.warnings[0].message


def test_a_declared_storage_at_the_location_is_no_likely_rename() -> None:
    about = [storage("x", place="shared")]
    assert asked(1, about, entry("x", "shared"), entry("new", "shared")).ready


# Type and location


@SIZES
@POLICIES
@pytest.mark.parametrize("moved", [entry("x", "new"), entry("x", type="S3", url="https://h/b")])
def test_a_location_or_type_can_not_change(size: int, policy: Policy, moved: Entry) -> None:
    plan = asked(size, [storage("x")], moved, policy=policy)
    assert codes(plan) == [("location_change", "x")]
    for words in ("/data/x", moved.default_url, "new name", "move the files", "remove the old one"):
        assert words in messages(plan)
    assert plan.operations == ()
    # The way out, in two applies: another storage beside the old one, which goes later.
    beside = replace(moved, name="x2")
    assert asked(size, [storage("x")], entry("x"), beside, policy=policy).ready


# Scope


@SIZES
@POLICIES
def test_creating_where_a_storage_outside_the_scope_lies(size: int, policy: Policy) -> None:
    about = [storage("theirs", place="shared")]
    scoped = replace(policy, scope=("ours", "other*"))
    plan = asked(size, about, entry("ours", "shared"), policy=scoped)
    assert codes(plan) == [("outside_location", "ours")]
    assert "theirs" not in messages(plan)
    assert "choose another location" in messages(plan)
    assert asked(size, about, entry("ours", "free"), policy=scoped).ready


def test_names_outside_the_scope_are_in_no_part_of_a_plan() -> None:
    about = [storage("theirs"), storage("Theirs", place="y")]
    plan = asked(3, about, entry("ours", "theirs"), policy=Policy(scope=("ours", "other*")))
    told = [n.message + n.name for n in (*plan.blocked_by, *plan.warnings)]
    assert not any("theirs" in text.lower() for text in told)
    assert plan.undeclared == ()


# Interrupted moves


@SIZES
@POLICIES
def test_what_a_cut_off_apply_left_blocks_until_its_id_is_pinned(size: int, policy) -> None:
    about = [storage(temporary("x", "1"), "1", "x")]
    for entries in ([], [entry("x")]):
        plan = asked(size, about, *entries, policy=policy)
        assert ("interrupted_move", about[0].name) in codes(plan)
        assert plan.summary.remove == 0
    assert 'pin its id, `id: "1"`' in messages(plan)
    assert asked(size, about, entry("x", id="1"), policy=policy).ready


@POLICIES
def test_what_a_cut_off_apply_left_is_in_the_scope_of_its_own_name(policy: Policy) -> None:
    parked = storage(temporary("x", "1"), "1", "x")
    ours = asked(3, [parked], entry("x"), policy=replace(policy, scope=("x", "other*")))
    assert codes(ours) == [("interrupted_move", parked.name)]
    theirs = asked(3, [parked], policy=replace(policy, scope=("*~move-*", "other*")))
    assert theirs.ready
    assert theirs.operations == ()


def test_a_name_that_only_looks_temporary_is_ordinary() -> None:
    plan = asked(1, [storage("x~move-00000000"), storage("~move-")])
    assert [code for code, _ in codes(plan)] == ["undeclared", "undeclared"]


# Nothing declared


@SIZES
@POLICIES
def test_nothing_declared_blocks_while_live_is_not_empty(size: int, policy: Policy) -> None:
    live = [storage(f"s{i}") for i in range(size)]
    plan = plan_for(live, Desired(policy=policy))
    assert ("nothing_declared", "") in codes(plan)
    assert f"{size} storage" in messages(plan)
    assert "`--allow-empty`" in messages(plan)
    allowed = plan_for(live, Desired(policy=policy), allow_empty=True)
    assert "nothing_declared" not in dict(codes(allowed))
    assert allowed.ready == (policy is not FAIL)


def test_nothing_declared_is_fine_on_an_empty_platform() -> None:
    assert plan_for([], desired()).ready
    theirs = plan_for([storage("theirs")], desired(policy=Policy(scope=("ours",))))
    assert theirs.ready


# All of them together


def test_every_reason_is_told_at_once_and_sorted() -> None:
    about = [storage("a"), storage("full"), storage("m"), storage("z")]
    plan = asked(
        3,
        about,
        entry("b", "a", id="id-a"),
        entry("m", "elsewhere"),
        removed=[removed("full")],
        policy=replace(FAIL, protect=("a",)),
        files=["id-full"],
    )
    assert codes(plan) == [
        ("holds_files", "full"),
        ("location_change", "m"),
        ("protected", "a"),
        ("undeclared", "z"),
    ]
    assert not plan.ready
    assert plan.status == "blocked"
