"""What a step relies on, and what of it remains to be written."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.model import Storage
from reconciler.plan.document import CREATE, REMOVE, UPDATE, Operation, Step
from reconciler.plan.expectation import Seen, check
from support.values.building import storage, values

LIVE = storage("a")
ASIDE = temporary("a", "id-a")


def operation(action: str, before=None, after=None) -> Operation:
    return Operation(
        key=f"{action}:x",
        action=action,
        name="x",
        previous_name=None,
        id=None if action == CREATE else "id-a",
        before=before,
        after=after,
        changes=(),
        steps=(),
        after_operations=(),
        destructive=action == REMOVE,
        holds_files=None,
        reason="",
    )


def create(*found: Storage) -> Seen:
    return check(operation(CREATE, after=values("a")), Step("k#1", CREATE, "a"), found)


def remove(*found: Storage) -> Seen:
    return check(operation(REMOVE, before=values("a")), Step("k#1", REMOVE), found)


def update(*found: Storage, name: str | None = "b", label: str | None = "M") -> Seen:
    """One step of the update of `a` (label L) to `b` (label M)."""
    whole = operation(UPDATE, before=values("a"), after=values("b", "a", "M"))
    return check(whole, Step("k#1", UPDATE, name, label), found)


# Create


def test_a_create_needs_its_name_to_be_free() -> None:
    assert create() == Seen(write=True)


def test_what_is_already_as_wanted_is_done() -> None:
    assert create(LIVE) == Seen(found=LIVE)
    spelled = replace(LIVE, default_url="/data/a/")
    assert create(spelled) == Seen(found=spelled)


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (replace(LIVE, label="M"), "another label"),
        (replace(LIVE, default_url="/data/x"), "taken meanwhile by another storage"),
        (replace(LIVE, type="S3"), "taken meanwhile by another storage"),
    ],
    ids=["label", "location", "type"],
)
def test_a_name_that_is_taken_by_anything_else_is_stale(live: Storage, words: str) -> None:
    seen = create(live)
    assert words in seen.stale
    assert "'a'" in seen.stale
    assert (seen.write, seen.found) == (False, live)


# Remove


def test_a_removal_writes_what_is_still_as_it_was() -> None:
    assert remove(LIVE) == Seen(write=True, found=LIVE)


def test_a_removal_of_what_is_gone_is_done() -> None:
    assert remove() == Seen()


def test_another_storage_of_the_same_name_is_not_removed() -> None:
    assert remove(storage("a", "id-other")) == Seen()


@pytest.mark.parametrize(
    "change",
    [{"name": "b"}, {"label": "M"}, {"default_url": "/data/x"}, {"type": "S3"}],
    ids=lambda change: next(iter(change)),
)
def test_a_removal_of_what_has_changed_is_stale(change) -> None:
    live = replace(LIVE, **change)
    seen = remove(live)
    assert "has changed since the plan was made" in seen.stale
    assert (seen.write, seen.found) == (False, live)


def test_local_address_and_time_are_no_change() -> None:
    assert remove(replace(LIVE, url="file:///mnt", created_at="")).write


# Update


@pytest.mark.parametrize("name", ["a", ASIDE, "b"])
@pytest.mark.parametrize("label", ["L", "M"])
def test_only_what_remains_is_written(name: str, label: str) -> None:
    live = replace(LIVE, name=name, label=label)
    seen = update(live)
    assert not seen.stale
    assert seen.name == (None if name == "b" else "b")
    assert seen.label == (None if label == "M" else "M")
    assert seen.write == (name != "b" or label != "M")
    assert seen.found == live


@pytest.mark.parametrize(
    "change",
    [{"name": "c"}, {"label": "X"}, {"default_url": "/data/x"}, {"type": "S3"}],
    ids=lambda change: next(iter(change)),
)
def test_a_value_that_is_neither_before_nor_after_is_stale(change) -> None:
    seen = update(replace(LIVE, **change))
    assert "'a' has changed since the plan was made" in seen.stale
    assert not seen.write


def test_the_temporary_name_of_another_storage_is_stale() -> None:
    assert update(replace(LIVE, name=temporary("a", "id-other"))).stale
    assert update(replace(LIVE, name=temporary("b", "id-a"))).stale


def test_an_update_of_what_is_gone_is_stale() -> None:
    assert "no longer live" in update().stale
    assert "no longer live" in update(storage("a", "id-other")).stale


def test_the_name_to_be_taken_must_be_free() -> None:
    seen = update(LIVE, storage("b", "id-other"))
    assert "the name 'b' is taken by another storage (id 'id-other')" in seen.stale
    assert not seen.write


def test_a_label_alone_takes_no_name() -> None:
    assert update(LIVE, name=None) == Seen(write=True, found=LIVE, label="M")


def test_stepping_aside_is_done_once() -> None:
    assert update(LIVE, name=ASIDE, label=None).name == ASIDE
    assert not update(replace(LIVE, name=ASIDE), name=ASIDE, label=None).write
    assert not update(replace(LIVE, name="b"), name=ASIDE, label=None).write


@pytest.mark.parametrize(
    ("step", "name", "stale"),
    [
        (0, "a", False),
        (0, ASIDE, False),
        (0, "b", False),
        (1, "a", True),
        (1, ASIDE, False),
        (1, "b", False),
        (2, "a", True),
        (2, ASIDE, True),
        (2, "b", False),
    ],
)
def test_what_earlier_steps_have_written_must_still_be_there(step: int, name: str, stale) -> None:
    calls = ((ASIDE, None), ("b", None), (None, "M"))
    steps = tuple(Step(f"k#{at}", UPDATE, *call) for at, call in enumerate(calls))
    whole = replace(operation(UPDATE, values("a"), values("b", "a", "M")), steps=steps)
    assert bool(check(whole, steps[step], [replace(LIVE, name=name)]).stale) == stale


def test_an_operation_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the values"):
        check(operation(CREATE), Step("k#1", CREATE, "a"), ())
