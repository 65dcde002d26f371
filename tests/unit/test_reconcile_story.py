"""Read, diff, plan, execute, read again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import (
    BlockedError,
    MatchingError,
    PlatformError,
    StaleError,
    UnavailableError,
    UsageError,
)
from reconciler.executor.events import Failed
from reconciler.platform import Abilities, Reader
from reconciler.reconcile import Request, apply_plan, check_platform
from reconciler.retry.limits import Limits
from support.values.building import (
    IGNORE,
    REMOVE,
    codes,
    converge,
    desired,
    entry,
    plan_for,
    removed,
    run,
    storage,
)
from support.values.memory_platform import Call, MemoryPlatform, MemoryReader, MemoryWriter

LIVE = [storage("a"), storage("b")]


def on(method: str, error: BaseException):
    def hook(call: Call) -> None:
        if call.method == method:
            raise error

    return hook


# Reading


@pytest.mark.parametrize("twin", [storage("a", "other"), storage("c", "id-a")], ids=["name", "id"])
def test_a_list_that_contradicts_itself_is_not_trusted(twin) -> None:
    platform = MemoryPlatform(LIVE)
    platform.by_id["twin"] = twin
    with pytest.raises(PlatformError, match="can't be trusted"):
        plan_for(platform, desired(entry("a")))


@pytest.mark.parametrize("method", ["read", "inventory", "spaces_using"])
def test_what_can_not_be_read_is_never_taken_for_absent(method: str) -> None:
    platform = MemoryPlatform(LIVE, abilities=Abilities(spaces=True))
    platform.before = on(method, PlatformError("403"))
    with pytest.raises(PlatformError, match="403"):
        plan_for(platform, desired(entry("a"), policy=REMOVE))


def test_inventories_are_read_of_what_may_be_removed_only() -> None:
    platform = MemoryPlatform([*LIVE, storage("c"), storage("d")])
    plan_for(platform, desired(entry("a"), entry("b"), removed=[removed("c")]))
    assert [call for call in platform.calls if call.method == "inventory"] == [
        Call("inventory", "id-c")
    ]


def test_spaces_are_asked_for_only_where_the_platform_knows_them() -> None:
    platform = MemoryPlatform(LIVE, spaces={"id-b": ("space",)})
    assert plan_for(platform, desired(entry("a"), removed=[removed("b")])).ready
    assert Call("spaces_using", "id-b") not in platform.calls


def test_planning_is_handed_no_way_to_write() -> None:
    reader: Reader = MemoryPlatform(LIVE).reader()
    assert not isinstance(reader, MemoryWriter)
    assert not hasattr(reader, "create")


# Consent on the command line


def test_what_is_allowed_on_the_command_line_is_removed() -> None:
    platform = MemoryPlatform(LIVE)
    plan = plan_for(platform, desired(entry("a")), allow_remove=("b", "b"))
    assert plan.ready
    assert plan.undeclared == ()
    assert [op.key for op in plan.operations] == ["remove:b"]


@pytest.mark.parametrize("name", ["a", "gone", "c", "?", "theirs"])
def test_only_an_undeclared_storage_can_be_allowed_by_its_exact_name(name: str) -> None:
    live = [*LIVE, storage("c"), storage("theirs")]
    wanted = desired(
        entry("a"), removed=[removed("c")], policy=replace(IGNORE, scope=("a", "b", "c"))
    )
    with pytest.raises(UsageError, match="no undeclared storage has this name"):
        plan_for(live, wanted, allow_remove=(name,))


def test_an_apply_with_allowed_removals_holds() -> None:
    platform = MemoryPlatform(LIVE)
    request = Request(desired(entry("a")), allow_remove=("b",))
    applied = run(plan_for(platform, request), platform, request)
    assert applied.holds
    assert applied.remaining == ()


# Applying


def test_a_blocked_plan_is_not_applied() -> None:
    platform = MemoryPlatform(LIVE)
    plan = plan_for(platform, desired(entry("a"), entry("new")))
    assert codes(plan) == [("undeclared", "b")]
    platform.calls.clear()
    for forged in (plan, replace(plan, status="ready"), replace(plan, blocked_by=())):
        with pytest.raises(BlockedError):
            run(forged, platform)
    assert platform.calls == []


def test_a_plan_for_another_platform_is_not_applied() -> None:
    plan = plan_for(LIVE, desired(entry("a"), entry("b"), entry("new")))
    other = MemoryPlatform(LIVE, platform_id="other", address="memory:///other")
    with pytest.raises(StaleError, match="memory:///other is another platform"):
        run(plan, other)
    with pytest.raises(StaleError, match="does not exist"):
        run(plan, MemoryPlatform(platform_id="new"))
    assert other.writes == []


def test_a_saved_plan_for_a_new_platform_is_stale_once_it_exists() -> None:
    platform = MemoryPlatform(platform_id="new")
    plan = plan_for(platform, desired(entry("a")))
    assert run(plan, platform).holds
    platform.platform_id = "made"
    with pytest.raises(StaleError, match="made for a new and empty one"):
        run(plan, platform)
    assert platform.created == 1


def test_everything_is_closed_whatever_happens() -> None:
    opened = []

    class Watched(MemoryPlatform):
        def reader(self):
            opened.append(super().reader())
            return opened[-1]

        def writer(self, *, wait, lease=None, lost=None):
            opened.append(super().writer(wait=wait, lease=lease))
            return opened[-1]

    platform = Watched(LIVE)
    plan = plan_for(platform, desired(entry("a", label="new"), entry("b")))
    opened.clear()
    run(plan, platform)
    platform.before = on("read", RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        run(plan, platform)
    assert len(opened) == 4
    assert all(item.closed for item in opened)


def test_what_is_asked_before_anything_is_opened_is_asked_again() -> None:
    answers = [UnavailableError("503"), UnavailableError("503"), None]

    class Slow(MemoryReader):
        def identity(self):
            if error := answers.pop(0):
                raise error
            return super().identity()

    platform = MemoryPlatform(LIVE)
    plan = plan_for(platform, desired(entry("a", label="new")))
    platform.reader = lambda: Slow(platform)
    check_platform(plan, platform, saved=True)
    assert answers == []


def test_an_apply_hands_on_why_nothing_may_be_written() -> None:
    handed_on = []

    class Asking(MemoryPlatform):
        def writer(self, *, wait, lease=None, lost=None):
            handed_on.append(lost())
            return super().writer(wait=wait, lease=lease)

    platform = Asking(LIVE)
    plan = plan_for(platform, desired(entry("a", label="new"), entry("b")))
    limits = Limits(lost=lambda: "the lease was lost")
    apply_plan(plan, platform, limits, lambda _: None)
    assert handed_on == ["the lease was lost"]


# Reading again


def test_live_that_changed_meanwhile_does_not_hold_for_a_manifest_but_for_a_saved_plan() -> None:
    wanted = desired(entry("a", label="new"), entry("b"))
    for request, holds in ((Request(wanted), False), (None, True)):
        platform = MemoryPlatform(LIVE)
        plan = plan_for(platform, wanted)
        platform.put(storage("late"))
        applied = run(plan, platform, request)
        assert applied.holds is holds
        assert any("'late'" in line for line in applied.remaining) is not holds


def test_what_failed_remains() -> None:
    wanted = desired(entry("a", label="new"), entry("b"), entry("new"), removed=[removed("x")])
    for request in (Request(wanted), None, Request(wanted, targets=("*",))):
        platform = MemoryPlatform([*LIVE, storage("x")])
        plan = plan_for(platform, Request(wanted))

        def hook(call: Call) -> None:
            if call.method in ("create", "update", "remove"):
                raise PlatformError("no")

        platform.before = hook
        applied = run(plan, platform, request)
        assert not applied.holds
        assert applied.remaining == (
            "remove 'x'",
            "update 'a': label: declared 'new', live 'L'",
            "create 'new'",
        )


def test_with_targets_only_their_operations_have_to_hold() -> None:
    platform = MemoryPlatform()
    request = Request(desired(entry("a"), entry("b")), targets=("a",))
    assert run(plan_for(platform, request), platform, request).holds
    assert [item.name for item in platform.storages] == ["a"]


def after_writes(platform: MemoryPlatform, error: BaseException) -> None:
    def hook(call: Call) -> None:
        if call.method == "read" and platform.writes:
            raise error

    platform.before = hook


def test_a_result_is_told_though_live_can_not_be_read_again() -> None:
    platform = MemoryPlatform()
    wanted = desired(entry("a"))
    plan = plan_for(platform, wanted)
    after_writes(platform, PlatformError("gone away"))
    applied = run(plan, platform, Request(wanted))
    assert (applied.holds, applied.remaining) == (None, ())
    assert "gone away" in applied.unread
    assert [found.status for found in applied.result.outcomes] == ["done"]


def test_a_result_is_told_though_the_manifest_no_longer_matches() -> None:
    """A pinned storage was removed by somebody else while the plan was carried out."""
    platform = MemoryPlatform(LIVE)
    wanted = desired(entry("a", label="new", id="id-a"), entry("b"), entry("new"))
    plan = plan_for(platform, wanted)
    platform.drop("id-a")
    applied = run(plan, platform, Request(wanted))
    assert [found.status for found in applied.result.outcomes] == ["failed", "done"]
    assert "no live storage has the id 'id-a'" in applied.remaining[0]
    assert (applied.holds, applied.unread) == (False, "")
    with pytest.raises(MatchingError):
        plan_for(platform, wanted)


def test_a_result_is_told_though_the_second_reading_is_interrupted() -> None:
    platform = MemoryPlatform()
    wanted = desired(entry("a"))
    plan = plan_for(platform, wanted)
    after_writes(platform, KeyboardInterrupt())
    applied = run(plan, platform, Request(wanted))
    assert applied.result.interrupted
    assert (applied.holds, applied.remaining) == (None, ())
    assert "interrupted" in applied.unread
    assert [found.status for found in applied.result.outcomes] == ["done"]


def test_a_platform_that_is_busy_after_the_writes_is_asked_again() -> None:
    platform = MemoryPlatform()
    wanted = desired(entry("a"))
    plan = plan_for(platform, wanted)
    refusals: list[UnavailableError] = []

    def hook(call: Call) -> None:
        if call.method == "read" and refusals:
            raise refusals.pop()

    platform.before = hook
    for request in (Request(wanted), None):
        refusals.append(UnavailableError("503"))
        assert run(plan, platform, request).holds
    assert not refusals


def test_the_observer_and_the_limits_reach_the_run() -> None:
    platform = MemoryPlatform()
    plan = plan_for(platform, desired(entry("a")))
    seen = []
    applied = apply_plan(plan, platform, Limits(stop=lambda: "no time"), seen.append)
    assert [found.error for found in applied.result.outcomes] == ["no time"]
    assert seen == [Failed("create:a", "create", "a", "not_started", "no time", stale=False)]


# The whole story


def test_after_each_apply_a_second_plan_is_empty() -> None:
    platform = MemoryPlatform()
    converge(platform, desired(entry("a"), entry("b", label="B")))
    a, b = (platform.by_name[name].id for name in "ab")
    converge(platform, desired(entry("a", label="new"), entry("b")))
    converge(platform, desired(entry("b", "a", id=a), entry("a", "b", id=b)))
    converge(platform, desired(entry("c", "a", renamed_from=["b"], label="C"), entry("a", "b")))
    converge(platform, desired(entry("c", "a"), policy=REMOVE))
    converge(platform, desired(removed=[removed("c")]))
    assert platform.storages == ()
