"""What matching may not reach: later storages, other platforms, other scopes, the unmanaged."""

from __future__ import annotations

import pytest

from reconciler.diff import compare
from reconciler.diff.temporary_names import temporary
from reconciler.model import Policy, Removed
from support.values.building import desired, entry, removed, storage
from support.values.matching import consents, problem, renames

SCOPED = Policy(scope=("ours-*",))


# `removed:`


@pytest.mark.parametrize("id", [None, "id-a"])
def test_a_removal_is_named_with_or_without_an_id(id: str | None) -> None:
    diff = compare(desired(removed=[removed("a", id)]), [storage("a"), storage("b")])
    assert consents(diff) == ["id-a"]
    assert [s.name for s in diff.undeclared] == ["b"]


@pytest.mark.parametrize("id", [None, "id-a"])
def test_a_removal_of_what_is_gone_is_a_warning(id: str | None) -> None:
    diff = compare(desired(removed=[removed("a", id)]), [])
    assert consents(diff) == []
    assert [(w.code, w.name) for w in diff.warnings] == [("removed_gone", "a")]
    assert "delete the entry" in diff.warnings[0].message


def test_consent_for_an_id_does_not_reach_a_later_storage_of_the_same_name() -> None:
    given = removed("a", "id-first", holds_files=True)
    diff = compare(desired(removed=[given]), [storage("a", "id-second")])
    assert consents(diff) == []
    assert [s.id for s in diff.undeclared] == ["id-second"]
    assert [w.code for w in diff.warnings] == ["removed_gone"]


def test_a_removal_by_id_of_a_storage_with_another_name_now() -> None:
    path, message = problem(desired(removed=[removed("a", "1")]), [storage("b", "1")])
    assert path == ("removed", 0, "id")
    assert "now named 'b'" in message


@pytest.mark.parametrize("id", [None, "id-a"])
def test_a_removal_of_what_an_entry_declares(id: str | None) -> None:
    wanted = desired(entry("b", "a", id="id-a"), removed=[removed("a", id)])
    path, message = problem(wanted, [storage("a")])
    assert path == ("removed", 0, "id" if id else "name")
    assert "the entry 'b'" in message


def test_a_declared_name_may_be_given_up_by_another_id() -> None:
    wanted = desired(entry("a", "b", id="id-b"), removed=[removed("a", "id-a")])
    diff = compare(wanted, [storage("a"), storage("b")])
    assert consents(diff) == ["id-a"]
    assert renames(diff) == {"b": "a"}


def test_one_storage_given_up_twice() -> None:
    wanted = desired(removed=[removed("a"), removed("a", "id-a")])
    path, message = problem(wanted, [storage("a")])
    assert path == ("removed", 1, "id")
    assert "named twice" in message


# Ids of another platform


def test_ids_of_another_platform_are_ignored_with_a_note() -> None:
    wanted = desired(entry("a", id="foreign"), removed=[removed("b", "foreign-b")])
    diff = compare(wanted, [storage("a"), storage("b")], ids={})
    assert diff.same == 1
    assert consents(diff) == []
    assert [s.name for s in diff.undeclared] == ["b"]
    (note,) = diff.warnings
    assert note.code == "ids_ignored"
    assert "'a', 'b'" in note.message
    assert "--ids" in note.message


def test_ids_are_translated() -> None:
    wanted = desired(entry("b", "a", id="old-1"), removed=[removed("c", "old-2")])
    live = [storage("a", "new-1"), storage("c", "new-2")]
    diff = compare(wanted, live, ids={"old-1": "new-1", "old-2": "new-2"})
    assert renames(diff) == {"a": "b"}
    assert consents(diff) == ["new-2"]
    assert diff.warnings == ()


def test_an_id_that_is_translated_to_what_is_not_live() -> None:
    path, message = problem(desired(entry("a", id="old")), [storage("a")], ids={"old": "gone"})
    assert path == ("storages", 0, "id")
    assert "'gone'" in message


# Scope


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (desired(entry("theirs"), policy=SCOPED), ("storages", 0, "name")),
        (
            desired(entry("ours-a", renamed_from=["theirs"]), policy=SCOPED),
            ("storages", 0, "renamed_from"),
        ),
        (desired(entry("ours-a", "theirs", id="id-theirs"), policy=SCOPED), ("storages", 0, "id")),
        (desired(removed=[removed("theirs")], policy=SCOPED), ("removed", 0, "name")),
        (desired(removed=[removed("theirs", "id-theirs")], policy=SCOPED), ("removed", 0, "name")),
        (desired(removed=[removed("theirs", "gone")], policy=SCOPED), ("removed", 0, "name")),
    ],
    ids=["name", "earlier name", "behind an id", "removed", "removed by id", "removed and gone"],
)
def test_what_is_outside_the_scope_can_not_be_named(wanted, path) -> None:
    found, message = problem(wanted, [storage("theirs")])
    assert found == path
    assert "outside the scope" in message


def test_a_scope_is_narrowed_and_never_widened() -> None:
    wanted = desired(entry("ours-a"), policy=SCOPED)
    assert compare(wanted, [], scopes=[("*",)]).creates
    path, message = problem(wanted, [], scopes=[("ours-b*",)])
    assert path == ("storages", 0, "name")
    assert "outside the scope" in message
    problem(desired(entry("theirs"), policy=SCOPED), [], scopes=[("theirs",)])


def test_storages_outside_the_scope_are_not_undeclared() -> None:
    live = [storage("ours-a"), storage("theirs"), storage("Ours-b")]
    diff = compare(desired(entry("ours-a"), policy=SCOPED), live)
    assert diff.undeclared == ()
    assert diff.live_in_scope == 1
    assert [s.name for s in diff.outside] == ["Ours-b", "theirs"]


def test_a_temporary_name_is_in_the_scope_of_the_name_it_stands_for() -> None:
    parked = storage(temporary("a", "1"), "1", "a")
    ours = desired(entry("a", id="1"), policy=Policy(scope=("a",)))
    assert renames(compare(ours, [parked])) == {parked.name: "a"}
    given_up = desired(removed=[removed(parked.name, "1")], policy=Policy(scope=("a",)))
    assert consents(compare(given_up, [parked])) == ["1"]
    assert [w.code for w in compare(given_up, []).warnings] == ["removed_gone"]


@pytest.mark.parametrize(
    "wanted",
    [
        desired(entry("c~move-x", "a", id="1"), policy=Policy(scope=("*~move-*",))),
        desired(
            entry("c~move-x", "a", renamed_from=[temporary("a", "1")]),
            policy=Policy(scope=("*~move-*",)),
        ),
        desired(
            removed=[Removed(temporary("a", "1"), file="storages.yaml")],
            policy=Policy(scope=("*~move-*",)),
        ),
    ],
    ids=["id", "renamed_from", "removed"],
)
def test_a_scope_of_temporary_names_reaches_nothing(wanted) -> None:
    parked = storage(temporary("a", "1"), "1", "a")
    _, message = problem(wanted, [parked])
    assert "outside the scope" in message


# What a manifest can't express


def test_an_unmanaged_storage_is_told_of_and_left_alone() -> None:
    tape = storage("tape", type="tape", url="tape:1")
    diff = compare(desired(), [tape])
    assert diff.undeclared == ()
    assert diff.live_in_scope == 0
    assert [(w.code, w.name) for w in diff.warnings] == [("unmanaged", "tape")]
    assert "left alone" in diff.warnings[0].message


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (desired(entry("tape", id="id-tape")), ("storages", 0, "id")),
        (desired(entry("b", "x", renamed_from=["tape"])), ("storages", 0, "renamed_from")),
        (desired(removed=[removed("tape")]), ("removed", 0, "name")),
        (desired(removed=[removed("tape", "id-tape")]), ("removed", 0, "id")),
    ],
    ids=["id", "renamed_from", "removed", "removed by id"],
)
def test_an_unmanaged_storage_can_not_be_claimed(wanted, path) -> None:
    found, message = problem(wanted, [storage("tape", type="tape", url="tape:1")])
    assert found == path
    assert "can't be managed" in message
