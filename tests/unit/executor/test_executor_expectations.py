"""Just before a step its expectation is checked; only what remains is written."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.executor import Outcome, execute
from reconciler.plan.document import Consent, Plan
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from support.values.building import desired, entry, plan_for, removed, storage
from support.values.memory_platform import Call, MemoryPlatform

#: Where a write carries no condition, all that it relies on is read just before it.
PLAIN = Abilities(record_inventory=True)
CONDITIONAL = Abilities(conditional_write=True, record_inventory=True)
ON_BOTH = pytest.mark.parametrize("abilities", [PLAIN, CONDITIONAL], ids=["read", "condition"])
SPACES = Abilities(spaces=True)
LIVE = storage("a")
CREATE = desired(entry("a"))
RENAME = desired(entry("b", "a", renamed_from=["a"]))
RELABEL = desired(entry("a", label="new"))
REMOVE = desired(removed=[removed("a")])


def go(plan: Plan, platform: MemoryPlatform) -> list[Outcome]:
    return list(execute(plan, platform.writer(wait=0), Limits(), lambda *_: None).outcomes)


@ON_BOTH
@pytest.mark.parametrize(
    ("wanted", "before", "change", "words"),
    [
        (CREATE, [], storage("a", place="x"), "'a' was taken meanwhile"),
        (CREATE, [], storage("a"), "created meanwhile with another label"),
        (RENAME, [LIVE], replace(LIVE, name="c"), "'a' has changed"),
        (RENAME, [LIVE], replace(LIVE, label="M"), "'a' has changed"),
        (RENAME, [LIVE], replace(LIVE, default_url="/data/x"), "'a' has changed"),
        (RENAME, [LIVE], replace(LIVE, type="S3"), "'a' has changed"),
        (RENAME, [LIVE], storage("b"), "the name 'b' is taken"),
        (RENAME, [LIVE], None, "'a' is no longer live"),
        (RELABEL, [LIVE], replace(LIVE, label="M"), "'a' has changed"),
        (RELABEL, [LIVE], None, "'a' is no longer live"),
        (REMOVE, [LIVE], replace(LIVE, name="c"), "'a' has changed"),
        (REMOVE, [LIVE], replace(LIVE, label="M"), "'a' has changed"),
        (REMOVE, [LIVE], replace(LIVE, default_url="/data/x"), "'a' has changed"),
    ],
)
def test_what_was_changed_behind_its_back_is_stale(
    wanted, before, change, words: str, abilities: Abilities
) -> None:
    platform = MemoryPlatform(before, abilities=abilities)
    plan = plan_for(platform, wanted)
    if change is None:
        platform.drop("id-a")
    else:
        platform.put(change)
    left = platform.storages
    (found,) = go(plan, platform)
    assert (found.status, found.stale, found.writes) == ("failed", True, 0)
    assert words in found.error
    assert platform.storages == left
    # A write that carries its condition was refused; without one it was not even tried.
    assert len(platform.writes) == (1 if abilities.conditional_write else 0)


@ON_BOTH
@pytest.mark.parametrize(
    ("wanted", "before", "change"),
    [
        (CREATE, [], storage("a", label="a")),
        (RENAME, [LIVE], replace(LIVE, name="b")),
        (RELABEL, [LIVE], replace(LIVE, label="new")),
        (REMOVE, [LIVE], None),
    ],
    ids=["create", "rename", "relabel", "remove"],
)
def test_what_is_already_as_wanted_is_done(wanted, before, change, abilities: Abilities) -> None:
    platform = MemoryPlatform(before, abilities=abilities)
    plan = plan_for(platform, wanted)
    if change is None:
        platform.drop("id-a")
    else:
        platform.put(change)
    left = platform.storages
    (found,) = go(plan, platform)
    assert (found.status, found.writes, found.error) == ("done", 0, "")
    assert platform.storages == left
    assert len(platform.writes) == (1 if abilities.conditional_write else 0)


@ON_BOTH
def test_unrelated_drift_stops_nothing(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE, storage("other")], abilities=abilities)
    plan = plan_for(platform, desired(entry("a", label="new"), entry("other")))
    platform.put(storage("other", label="changed", place="moved"))
    platform.put(storage("more"))
    assert [found.status for found in go(plan, platform)] == ["done"]


@ON_BOTH
def test_a_plan_applied_again_writes_nothing(abilities: Abilities) -> None:
    platform = MemoryPlatform([storage(name) for name in "abxy"], abilities=abilities)
    wanted = desired(
        entry("b", "a", id="id-a"),
        entry("a", "b", id="id-b"),
        entry("new"),
        entry("y", label="new"),
        removed=[removed("x")],
    )
    plan = plan_for(platform, wanted)
    go(plan, platform)
    left = platform.storages
    assert {(found.status, found.writes) for found in go(plan, platform)} == {("done", 0)}
    assert platform.storages == left


def test_only_what_remains_of_an_update_is_written() -> None:
    platform = MemoryPlatform([LIVE], abilities=PLAIN)
    plan = plan_for(platform, desired(entry("b", "a", label="new", renamed_from=["a"])))
    platform.put(replace(LIVE, label="new"))
    asked = []
    writer = platform.writer(wait=0)
    update = writer.update

    def noted(expected, **changes):
        asked.append(changes)
        return update(expected, **changes)

    writer.update = noted
    execute(plan, writer, Limits(), lambda *_: None)
    assert asked == [{"name": "b", "label": None}]


@ON_BOTH
def test_a_swap_goes_on_from_where_a_crash_left_it(abilities: Abilities) -> None:
    platform = MemoryPlatform([storage("a"), storage("b")], abilities=abilities)
    wanted = desired(entry("b", "a", id="id-a"), entry("a", "b", id="id-b"))
    plan = plan_for(platform, wanted)
    platform.put(replace(storage("b"), name=temporary("b", "id-b")))
    assert [(found.status, found.writes) for found in go(plan, platform)] == [
        ("done", 1),
        ("done", 1),
    ]
    assert {item.name: item.id for item in platform.storages} == {"a": "id-b", "b": "id-a"}


# Between the check and the write


@ON_BOTH
def test_a_change_between_check_and_write_is_stale_and_loses_nothing(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE], abilities=abilities)
    plan = plan_for(platform, RELABEL)

    def hook(call: Call) -> None:
        if call.method == "update":
            platform.put(replace(LIVE, label="theirs"))

    platform.before = hook
    (found,) = go(plan, platform)
    assert (found.status, found.stale) == ("failed", True)
    assert platform.by_id["id-a"].label == "theirs"


@ON_BOTH
def test_files_that_arrive_between_check_and_removal_are_not_lost(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE], abilities=abilities)
    plan = plan_for(platform, REMOVE)

    def hook(call: Call) -> None:
        if call.method == "remove":
            platform.files["id-a"] = {"u": ("u", "c", "c")}

    platform.before = hook
    (found,) = go(plan, platform)
    assert (found.status, found.stale) == ("failed", True)
    assert platform.storages == (LIVE,)


# What a removal would lose


@ON_BOTH
def test_files_that_arrived_since_the_plan_are_not_lost(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE], abilities=abilities)
    plan = plan_for(platform, REMOVE)
    platform.files["id-a"] = {"u": ("u", "c", "c")}
    (found,) = go(plan, platform)
    assert (found.status, found.stale, found.found) == ("failed", True, LIVE)
    assert "'a' holds files now" in found.error


@ON_BOTH
def test_a_consent_does_not_reach_files_that_the_plan_did_not_show(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE], abilities=abilities)
    plan = plan_for(platform, REMOVE)
    consents = (*plan.consents, Consent("holds_files", "a", "id-a"))
    platform.files["id-a"] = {"u": ("u", "c", "c")}
    (found,) = go(replace(plan, consents=consents), platform)
    assert (found.status, found.stale) == ("failed", True)
    assert platform.storages == (LIVE,)
    assert platform.storages == (LIVE,)


def test_a_space_that_was_tied_since_the_plan_is_not_left_hanging() -> None:
    platform = MemoryPlatform([LIVE], abilities=SPACES)
    plan = plan_for(platform, REMOVE)
    platform.spaces["id-a"] = ("space one",)
    (found,) = go(plan, platform)
    assert (found.status, found.stale) == ("failed", True)
    assert "'a' is used by 'space one' now" in found.error
    assert platform.writes == []


@pytest.mark.parametrize("files", [["id-a"], []], ids=["files", "space"])
def test_with_consent_it_is_removed(files: list[str]) -> None:
    platform = MemoryPlatform(
        [LIVE], abilities=SPACES, files=files, spaces={} if files else {"id-a": ("space",)}
    )
    consent = desired(removed=[removed("a", "id-a", holds_files=True)])
    (found,) = go(plan_for(platform, consent), platform)
    assert found.status == "done"
    assert platform.storages == ()


@ON_BOTH
def test_consent_for_one_storage_does_not_reach_another(abilities: Abilities) -> None:
    platform = MemoryPlatform([LIVE, storage("b")], files=["id-a"], abilities=abilities)
    wanted = desired(removed=[removed("a", "id-a", holds_files=True), removed("b")])
    plan = plan_for(platform, wanted)
    platform.files["id-b"] = {"u": ("u", "c", "c")}
    assert [found.status for found in go(plan, platform)] == ["done", "failed"]
    assert [item.name for item in platform.storages] == ["b"]


def test_an_inventory_that_can_not_be_read_stops_the_removal() -> None:
    platform = MemoryPlatform([LIVE], abilities=PLAIN)
    plan = plan_for(platform, REMOVE)

    def hook(call: Call) -> None:
        if call.method == "inventory":
            raise OSError("unreadable")

    platform.before = hook
    (found,) = go(plan, platform)
    assert found.status == "failed"
    assert platform.storages == (LIVE,)
    assert platform.writes == []
