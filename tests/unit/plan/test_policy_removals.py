"""What guards a removal, on sets of 1, 3 and 1,000 storages, and the way to consent to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.model import Policy, Removed
from reconciler.plan.document import Plan
from support.server.asking import FAIL, POLICIES, REMOVE, SIZES, advice, asked
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

# Limits


@pytest.mark.parametrize(
    ("live", "limit", "most"),
    [
        (1, "10%", 1),
        (3, "10%", 1),
        (10, "10%", 1),
        (19, "10%", 1),
        (20, "10%", 2),
        (1000, "10%", 100),
        (1009, "1%", 10),
        (3, "50%", 1),
        (3, "99%", 2),
        (3, "100%", 3),
        (3, 0, 0),
        (1000, 2, 2),
        (3, 7, 3),
    ],
)
def test_as_many_may_be_removed_and_no_more(live: int, limit: int | str, most: int) -> None:
    storages = [storage(f"s{i}") for i in range(live)]
    policy = Policy(undeclared="remove", max_removals=limit)

    def kept(count: int) -> Plan:
        entries = [entry(f"s{i}") for i in range(count)]
        return plan_for(storages, desired(*entries, policy=policy), allow_empty=True)

    assert kept(live - most).ready
    assert kept(live - most).summary.remove == most
    if most < live:
        blocked = kept(live - most - 1)
        assert codes(blocked) == [("max_removals", "")]
        assert f"allows {most} of {live}" in messages(blocked)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_ways_out_of_a_limit(size: int) -> None:
    none = Policy(undeclared="remove", max_removals=0)
    plan = asked(size, [storage("x")], policy=none)
    assert codes(plan) == [("max_removals", "")]
    assert "`removed:`" in messages(plan)
    assert "raise `policy.max_removals`" in messages(plan)
    assert asked(size, [storage("x")], removed=[removed("x")], policy=none).ready
    assert asked(size, [storage("x")], policy=replace(none, max_removals=1)).ready
    assert asked(size, [storage("x")], policy=none, allow_remove=("x",)).ready


def test_storages_in_removed_do_not_count() -> None:
    live = [storage(f"s{i}") for i in range(5)]
    policy = Policy(undeclared="remove", max_removals=1)
    given = [removed(f"s{i}") for i in range(3)]
    assert plan_for(live, desired(entry("s3"), removed=given, policy=policy)).ready


def test_percentages_are_of_live_in_scope() -> None:
    live = [storage(f"a{i}") for i in range(10)] + [storage(f"b{i}") for i in range(90)]
    policy = Policy(undeclared="remove", max_removals="10%", scope=("a*",))
    entries = [entry(f"a{i}") for i in range(8)]
    assert codes(plan_for(live, desired(*entries, policy=policy))) == [("max_removals", "")]


# Protection


@SIZES
@POLICIES
@pytest.mark.parametrize("pattern", ["x", "[x]", "?", "*"])
def test_what_is_protected_is_not_removed(size: int, policy: Policy, pattern: str) -> None:
    guarded = replace(policy, protect=(pattern,))
    given = removed("x", "id-x", holds_files=True)
    plan = asked(size, [storage("x")], removed=[given], policy=guarded)
    assert codes(plan) == [("protected", "x")]
    assert "`policy.protect`" in messages(plan)
    assert asked(size, [storage("x")], removed=[given], policy=policy).ready


@SIZES
def test_protection_outlives_the_entry(size: int) -> None:
    plan = asked(size, [storage("x")], policy=replace(REMOVE, protect=("x",)))
    assert codes(plan) == [("protected", "x")]


def test_nothing_on_the_command_line_overrides_protection() -> None:
    policy = replace(FAIL, protect=("x",))
    plan = asked(3, [storage("x")], policy=policy, allow_remove=("x",))
    assert codes(plan) == [("protected", "x")]


@SIZES
def test_nothing_is_renamed_out_of_a_protected_name(size: int) -> None:
    policy = replace(FAIL, protect=("x*",))
    pinned = entry("x2", "x", id="id-x")
    plan = asked(size, [storage("x")], pinned, policy=policy)
    assert codes(plan) == [("protected", "x")]
    assert "'x2'" in messages(plan)
    assert asked(size, [storage("x")], pinned).ready
    assert asked(size, [storage("x")], entry("x", label="new", protect=True), policy=policy).ready


def test_a_storage_may_be_renamed_into_a_protected_name() -> None:
    pinned = entry("x", "a", renamed_from=["a"], protect=True)
    assert asked(3, [storage("a")], pinned, policy=replace(FAIL, protect=("x",))).ready


def test_an_entry_protects_its_name_whoever_has_it() -> None:
    """The entry is pinned to another storage; the one that has the name now is safe too."""
    wanted = [entry("x", "a", id="id-a", protect=True), entry("y", "x", id="id-x")]
    assert codes(asked(3, [storage("a"), storage("x")], *wanted)) == [("protected", "x")]


def test_a_temporary_name_is_protected_like_the_name_it_stands_for() -> None:
    parked = storage(temporary("x", "1"), "1", "x")
    policy = replace(FAIL, protect=("x",))
    given = removed(parked.name, "1")
    assert codes(asked(3, [parked], removed=[given], policy=policy)) == [("protected", parked.name)]
    away = entry("y", "x", id="1")
    assert codes(asked(3, [parked], away, policy=policy)) == [("protected", parked.name)]


def test_a_protected_storage_may_be_given_its_name_back() -> None:
    parked = storage(temporary("x", "1"), "1", "x")
    back = entry("x", id="1", protect=True)
    plan = asked(3, [parked], back, policy=replace(FAIL, protect=("x",)))
    assert plan.ready
    assert plan.summary.update == 1


# File records


@SIZES
@POLICIES
@pytest.mark.parametrize("id", [None, "id-x"])
def test_a_storage_that_holds_files_needs_consent(size: int, policy: Policy, id) -> None:
    about = [storage("x")]
    plan = asked(size, about, removed=[removed("x", id)], policy=policy, files=["id-x"])
    assert codes(plan) == [("holds_files", "x")]
    assert plan.operations[0].holds_files is True
    consent = advice(plan)
    assert consent == Removed("x", "id-x", True)
    assert asked(size, about, removed=[consent], policy=policy, files=["id-x"]).ready


def test_consent_to_lose_files_needs_the_id() -> None:
    given = removed("x", holds_files=True)
    plan = asked(3, [storage("x")], removed=[given], files=["id-x"])
    assert codes(plan) == [("holds_files", "x")]


@pytest.mark.parametrize("more", [{"policy": REMOVE}, {"allow_remove": ("x",)}], ids=str)
def test_neither_policy_nor_the_command_line_consents_to_lose_files(more) -> None:
    plan = asked(3, [storage("x")], files=["id-x"], **more)
    assert codes(plan) == [("holds_files", "x")]
    assert asked(3, [storage("x")], removed=[advice(plan)], files=["id-x"]).ready


def test_consent_to_lose_files_does_not_reach_a_later_storage_of_the_same_name() -> None:
    given = removed("x", "id-first", holds_files=True)
    later = storage("x", "id-second")
    for policy in (FAIL, REMOVE):
        plan = asked(3, [later], removed=[given], policy=policy, files=["id-second"])
        assert codes(plan) == [("undeclared" if policy is FAIL else "holds_files", "x")]
        assert ("removed_gone", "x") in warnings(plan)


@SIZES
@POLICIES
def test_a_storage_that_a_space_uses_needs_consent(size: int, policy: Policy) -> None:
    about, tied = [storage("x")], {"id-x": ("space one", "two")}
    plan = asked(size, about, removed=[removed("x")], policy=policy, spaces=tied)
    assert codes(plan) == [("used_by_space", "x")]
    assert "'space one', 'two'" in messages(plan)
    assert asked(size, about, removed=[advice(plan)], policy=policy, spaces=tied).ready
    assert asked(size, about, removed=[removed("x")], policy=policy, spaces={}).ready


@pytest.mark.parametrize(
    "name", ["yes", "1.10", 'a "b"', "a\\b", "$HOME ${X}", "mark\u202e", "a: {b}", "#x", "é", "~"]
)
def test_the_entry_that_a_message_shows_is_read_back_as_meant(name: str) -> None:
    about = [storage(name, "id: 1", "x")]
    plan = asked(1, about, removed=[removed(name)], files=["id: 1"])
    assert advice(plan) == Removed(name, "id: 1", True)
