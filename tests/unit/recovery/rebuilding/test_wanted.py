"""Which live storages those of a snapshot are, and what is declared of them."""

from __future__ import annotations

import pytest

from reconciler.model import Entry, State, Storage
from reconciler.recovery.rebuilding.wanted import Wanted, desired, find
from reconciler.recovery.snapshots.document import SnapshotStorage


def wanted(id: str, name: str, url: str) -> Wanted:
    kept = SnapshotStorage(id, name, name, "local", url, "", "", None, "", None, None)
    return Wanted(kept, Entry(name, "local", url, name))


def live(id: str, name: str, url: str, **more: str) -> Storage:
    return Storage(id, name, name, "local", url, **more)


def found(ours: list[Wanted], *storages: Storage, same: bool = False) -> dict[str, str]:
    state = State(storages, "p")
    return {old: each.id for old, each in find(ours, state, same_platform=same).live.items()}


A, B = wanted("a", "A", "/a"), wanted("b", "B", "/b")


@pytest.mark.parametrize(
    ("storages", "on_same", "elsewhere"),
    [
        ((), {}, {}),
        # By id, whatever it is called now; of another platform an id means nothing.
        ([live("a", "x", "/a")], {"a": "a"}, {"a": "a"}),
        ([live("a", "A", "/x")], {"a": "a"}, {"a": "a"}),
        ([live("a", "x", "/x")], {}, {}),
        ([live("a", "B", "/b"), live("b", "A", "/a")], {"a": "b", "b": "a"}, {"a": "b", "b": "a"}),
        ([live("a", "A", "/b"), live("n", "m", "/a")], {"a": "a"}, {"a": "n", "b": "a"}),
        # By a single location, before the name.
        ([live("1", "B", "/a"), live("2", "A", "/b")], {"a": "1", "b": "2"}, {"a": "1", "b": "2"}),
        ([live("1", "x", "file:///a/")], {"a": "1"}, {"a": "1"}),
        # Two at one place say nothing; then names do.
        ([live("1", "x", "/a"), live("2", "A", "/a")], {"a": "2"}, {"a": "2"}),
        ([live("1", "x", "/a"), live("2", "y", "/a")], {}, {}),
        # What no manifest can express is none of them.
        ([live("1", "A", "/a", flaw="torn")], {}, {}),
    ],
)
def test_which_one_it_is(
    storages: list[Storage], on_same: dict[str, str], elsewhere: dict[str, str]
) -> None:
    assert found([A, B], *storages, same=True) == on_same
    assert found([A, B], *storages) == elsewhere


def test_two_of_a_snapshot_at_one_place_are_known_by_name() -> None:
    ours = [A, wanted("c", "C", "/a")]
    assert found(ours, live("1", "x", "/a")) == {}
    assert found(ours, live("1", "C", "/a")) == {"c": "1"}
    assert found(ours, live("1", "C", "/a"), live("2", "A", "/a")) == {"a": "2", "c": "1"}


def test_another_type_is_another_place() -> None:
    assert found([A], Storage("1", "x", "x", "S3", "https://h/a")) == {}


def test_nothing_is_removed_and_pins_are_of_the_platform_that_is_there() -> None:
    state = State((live("1", "x", "/a"), live("2", "B", "/elsewhere"), live("3", "C", "/c")), "p")
    matched = find([A, B], state, same_platform=False)
    wish = desired([A, B], matched, protect=("C",), keep_live=False)
    # By name the plan matches itself, and says where it lies.
    assert [entry.id for entry in wish.entries] == ["1", None]
    assert (wish.policy.undeclared, wish.policy.max_removals, wish.removed) == ("ignore", 0, ())
    assert wish.policy.protect == ("C",)
    kept = desired([A, B], matched, protect=(), keep_live=True)
    assert [(entry.name, entry.label, entry.id) for entry in kept.entries] == [
        ("x", None, "1"),
        ("B", None, "2"),
    ]
