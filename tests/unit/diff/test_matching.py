"""Which entry means which live storage, and what can't be said for certain."""

from __future__ import annotations

import pytest

from reconciler.diff import compare
from support.values.building import desired, entry, removed, storage
from support.values.matching import problem, problems, renames

# The three passes


def test_an_id_comes_before_a_name() -> None:
    live = [storage("a"), storage("b")]
    diff = compare(desired(entry("b", "a", id="id-a"), entry("c", "b", id="id-b")), live)
    assert renames(diff) == {"a": "b", "b": "c"}
    assert [pair.how for pair in diff.updates] == ["id", "id"]


def test_a_name_is_matched_with_what_ids_have_left() -> None:
    live = [storage("a"), storage("b")]
    diff = compare(desired(entry("b", "a", id="id-a"), entry("a", "x")), live)
    assert renames(diff) == {"a": "b"}
    assert [e.name for e in diff.creates] == ["a"]
    assert [s.name for s in diff.undeclared] == ["b"]


def test_an_earlier_name_is_matched_last() -> None:
    diff = compare(desired(entry("new", "old", renamed_from=["x", "old"])), [storage("old")])
    assert renames(diff) == {"old": "new"}
    assert diff.updates[0].how == "renamed_from"


def test_an_earlier_name_is_seen_after_ids() -> None:
    """`b` is not free by name, but the pin on its storage has already taken it away."""
    live = [storage("a"), storage("b")]
    wanted = desired(entry("b", "a", renamed_from=["a"]), entry("c", "b", id="id-b"))
    assert renames(compare(wanted, live)) == {"a": "b", "b": "c"}


def test_an_earlier_name_is_spent_once_the_new_name_is_live() -> None:
    wanted = desired(entry("new", renamed_from=["old"]))
    diff = compare(wanted, [storage("new"), storage("old")])
    assert renames(diff) == {}
    assert diff.same == 1
    assert [s.name for s in diff.undeclared] == ["old"]


def test_a_spent_earlier_name_may_be_declared_again() -> None:
    wanted = desired(entry("new", renamed_from=["old"]), entry("old"))
    assert compare(wanted, [storage("new"), storage("old")]).same == 2
    assert [e.name for e in compare(wanted, [storage("new")]).creates] == ["old"]


def test_without_a_match_an_entry_is_new() -> None:
    diff = compare(desired(entry("new", renamed_from=["gone"])), [])
    assert [e.name for e in diff.creates] == ["new"]


def test_a_pin_holds_though_the_storage_was_renamed_by_hand() -> None:
    diff = compare(desired(entry("a", id="1")), [storage("by hand", "1", "a")])
    assert renames(diff) == {"by hand": "a"}


# What is an error


def test_an_id_that_is_not_live() -> None:
    path, message = problem(desired(entry("x"), entry("a", id="gone")), [storage("a")])
    assert path == ("storages", 1, "id")
    assert message == "no live storage has the id 'gone'"


def test_an_id_with_another_name_and_another_location() -> None:
    path, message = problem(desired(entry("a", "elsewhere", id="1")), [storage("b", "1")])
    assert path == ("storages", 0, "id")
    assert "'b'" in message
    assert "another location" in message


def test_an_id_with_another_location_only_is_a_location_change() -> None:
    diff = compare(desired(entry("a", "elsewhere", id="1")), [storage("a", "1")])
    assert [pair.entry.name for pair in diff.moved] == ["a"]


def test_two_entries_with_one_id() -> None:
    wanted = desired(entry("a", id="1"), entry("b", "a", id="1"))
    path, message = problem(wanted, [storage("a", "1")])
    assert path == ("storages", 1, "id")
    assert "both claim the live storage 'a': use `id`" in message


def test_two_entries_that_claim_one_earlier_name() -> None:
    wanted = desired(entry("b", "a", renamed_from=["a"]), entry("c", "a", renamed_from=["a"]))
    path, message = problem(wanted, [storage("a")])
    assert path == ("storages", 1, "renamed_from")
    assert "'b'" in message
    assert "'c'" in message
    assert "use `id`" in message


@pytest.mark.parametrize("pin", [None, "id-a"])
def test_an_earlier_name_that_another_entry_has(pin: str | None) -> None:
    wanted = desired(entry("a", id=pin), entry("b", "a", renamed_from=["a"]))
    path, message = problem(wanted, [storage("a")])
    assert path == ("storages", 1, "renamed_from")
    assert message.startswith("'a' is taken by another entry: use `id`")


def test_an_earlier_name_that_another_entry_will_have() -> None:
    """An apply cut off after it made `a` would leave this very error behind: so it comes first."""
    wanted = desired(entry("a"), entry("b", renamed_from=["a"]))
    path, message = problem(wanted, [])
    assert path == ("storages", 1, "renamed_from")
    assert "'a' is taken by another entry" in message


def test_an_entry_may_name_itself_as_an_earlier_name() -> None:
    wanted = desired(entry("a", renamed_from=["a"]))
    assert [e.name for e in compare(wanted, []).creates] == ["a"]
    assert compare(wanted, [storage("a")]).same == 1


def test_two_live_storages_that_could_both_be_meant() -> None:
    wanted = desired(entry("c", "a", renamed_from=["a", "b"]))
    path, message = problem(wanted, [storage("a"), storage("b")])
    assert path == ("storages", 0, "renamed_from")
    assert "'a', 'b' are live, and only one" in message


def test_an_earlier_name_that_is_also_given_up() -> None:
    wanted = desired(entry("b", "a", renamed_from=["a"]), removed=[removed("a")])
    assert (("storages", 0, "renamed_from"), True) in [
        (found.path, "`removed:`" in found.message) for found in problems(wanted, [storage("a")])
    ]


def test_every_problem_is_told_in_reading_order() -> None:
    wanted = desired(entry("a", id="x"), entry("b", id="y"), removed=[removed("c", id="id-d")])
    found = problems(wanted, [storage("d")])
    assert [p.path for p in found] == [
        ("removed", 0, "id"),
        ("storages", 0, "id"),
        ("storages", 1, "id"),
    ]
