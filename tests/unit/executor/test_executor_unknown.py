"""After a write that got no answer, live is read again; what can't be proved is not claimed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.diff.temporary_names import temporary
from reconciler.errors import PlatformError, UnavailableError, UnknownOutcomeError
from reconciler.executor import Result, execute
from reconciler.executor.events import Retried
from reconciler.executor.unanswered import LOOKS
from reconciler.platform import Abilities
from reconciler.retry.limits import Limits
from support.faults.patience import OwnTime, some_times
from support.values.building import desired, entry, names, plan_for, removed, storage
from support.values.executing import SWAP, outcome, statuses
from support.values.memory_platform import Call, MemoryPlatform

LOST = UnknownOutcomeError("timed out")
PLAIN = Abilities()
CONDITIONAL = Abilities(conditional_write=True)
SDK = Abilities(atomic_update=False, unique_names=False)
KEYED = Abilities(conditional_write=True, idempotency_key=True)
LIVE = storage("a")
CREATE = desired(entry("a"))
RENAME = desired(entry("b", "a", renamed_from=["a"]))
REMOVE = desired(removed=[removed("a")])
EACH = pytest.mark.parametrize(
    ("wanted", "before"), [(CREATE, []), (RENAME, [LIVE]), (REMOVE, [LIVE])]
)
ON_EACH = pytest.mark.parametrize("abilities", [PLAIN, CONDITIONAL, KEYED])


def go(platform: MemoryPlatform, wanted, observe=None, **hooks) -> Result:
    plan = plan_for(platform, wanted)
    platform.calls.clear()
    for name, hook in hooks.items():
        setattr(platform, name, hook)
    limits, tell = Limits(parallelism=1), observe or (lambda _: None)
    return execute(plan, platform.writer(wait=0), limits, tell, surroundings=OwnTime())


def write_of(wanted) -> str:
    return {id(CREATE): "create", id(RENAME): "update", id(REMOVE): "remove"}[id(wanted)]


@EACH
@ON_EACH
def test_an_answer_that_was_lost_is_found_in_live(wanted, before, abilities) -> None:
    platform = MemoryPlatform(before, abilities=abilities)
    result = go(platform, wanted, after=some_times(write_of(wanted), LOST))
    (found,) = result.outcomes
    assert (found.status, found.writes, found.error) == ("done", 1, "")
    assert len(platform.writes) == 1
    assert platform.calls[-1].method == "find"


@EACH
@ON_EACH
def test_a_request_that_was_lost_is_made_again_where_a_late_one_is_harmless(
    wanted, before, abilities
) -> None:
    platform = MemoryPlatform(before, abilities=abilities)
    result = go(platform, wanted, before=some_times(write_of(wanted), LOST))
    assert {found.status for found in result.outcomes} == {"done"}
    assert len(platform.writes) == 2
    methods = [call.method for call in platform.calls]
    # Between the two, live was read.
    first = methods.index(write_of(wanted))
    assert "find" in methods[first + 1 : methods.index(write_of(wanted), first + 1)]


@EACH
def test_live_is_read_until_it_can_be_read(wanted, before) -> None:
    platform = MemoryPlatform(before, abilities=CONDITIONAL)
    plan_for(platform, wanted)
    reading = some_times("find", UnavailableError("503"), PlatformError("cut"))

    def hook(call: Call) -> None:
        if platform.writes:
            reading(call)

    result = go(platform, wanted, before=hook, after=some_times(write_of(wanted), LOST))
    assert {found.status for found in result.outcomes} == {"done"}
    assert len(platform.writes) == 1


def test_a_create_has_one_key_for_all_its_attempts_and_each_its_own() -> None:
    platform = MemoryPlatform(abilities=KEYED)
    go(platform, desired(entry("a"), entry("b")), before=some_times("create", LOST))
    assert platform.keys == ["key-1", "key-1", "key-2"]


def test_there_are_no_keys_for_a_platform_that_does_not_know_them() -> None:
    platform = MemoryPlatform(abilities=CONDITIONAL)
    go(platform, CREATE)
    assert platform.keys == [None]


def test_a_late_create_is_found_by_the_one_that_repeats_it() -> None:
    platform = MemoryPlatform(abilities=CONDITIONAL)

    def hook(call: Call) -> None:
        if len(platform.writes) == 1 and call.method == "create":
            raise LOST
        if call.method == "create":  # the first one comes now
            platform.put(storage("a", label="a"))

    result = go(platform, CREATE, before=hook)
    assert [(found.status, found.writes) for found in result.outcomes] == [("done", 1)]
    assert [item.name for item in platform.storages] == ["a"]


@EACH
def test_what_fails_each_time_without_saying_so_is_given_up(wanted, before) -> None:
    platform = MemoryPlatform(before, abilities=PLAIN)
    always = some_times(write_of(wanted), *[LOST] * 100)
    (found,) = go(platform, wanted, before=always).outcomes
    assert found.status == "unknown"
    assert found.error.startswith("timed out; the same 6 times, and live is as it was")
    assert len(platform.writes) == 6


@EACH
@pytest.mark.parametrize("lasting", [True, False])
def test_what_will_not_pass_is_given_up_also_where_writes_carry_conditions(
    wanted, before, lasting: bool
) -> None:
    platform = MemoryPlatform(before, abilities=KEYED)
    foreign = UnknownOutcomeError("a proxy says 403", lasting=lasting)
    (found,) = go(platform, wanted, before=some_times(write_of(wanted), *[foreign] * 9)).outcomes
    assert found.status == ("unknown" if lasting else "done")
    assert len(platform.writes) == (6 if lasting else 10)


@EACH
def test_it_is_made_again_when_somebody_on_the_way_has_said(wanted, before) -> None:
    platform, waits = MemoryPlatform(before, abilities=KEYED), []
    foreign = UnknownOutcomeError("a proxy says 503", retry_after=45)
    go(
        platform,
        wanted,
        lambda event: waits.append(event.wait) if isinstance(event, Retried) else None,
        before=some_times(write_of(wanted), foreign),
    )
    assert waits == [45]


# Where a late request would do harm


def test_a_storage_that_may_step_aside_late_is_not_told_to_again() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")], abilities=PLAIN)
    result = go(platform, SWAP, before=some_times("update", LOST))
    assert statuses(result) == {"update:a": "unknown", "update:b": "not_started"}
    assert outcome(result, "update:b").error == "waits for update:a, which is not done"
    assert "a request that got no answer may have taken effect" in outcome(result, "update:a").error
    assert len(platform.writes) == 1
    assert names(platform) == {"a": "id-a", "b": "id-b"}


def test_it_is_looked_for_a_few_times_and_may_still_come() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")], abilities=PLAIN)
    looks = []

    def hook(call: Call) -> None:
        if call.method == "update" and len(platform.writes) == 1:
            raise LOST
        if call.method == "find" and platform.writes:
            looks.append(call)
            if len(looks) == LOOKS:
                platform.put(replace(storage("b"), name=temporary("b", "id-b")))

    result = go(platform, SWAP, before=hook)
    assert statuses(result) == {"update:a": "done", "update:b": "done"}
    assert names(platform) == {"a": "id-b", "b": "id-a"}


def test_with_conditional_writes_a_circle_goes_on() -> None:
    platform = MemoryPlatform([storage("a"), storage("b")], abilities=CONDITIONAL)
    result = go(platform, SWAP, before=some_times("update", LOST))
    assert set(statuses(result).values()) == {"done"}
    assert names(platform) == {"a": "id-b", "b": "id-a"}


# Where a list may lag, and names may not be unique


def lagging(platform: MemoryPlatform, looks: int):
    """Make a hook that shows what live was before the first write, for so many looks."""
    before, hidden = dict(platform.by_id), None

    def hook(call: Call) -> None:
        nonlocal looks, hidden
        if call.method != "find" or not platform.writes:
            return
        looks -= 1
        if looks >= 0 and hidden is None:
            platform.by_id, hidden = dict(before), platform.by_id
        elif looks < 0 and hidden is not None:
            platform.by_id, hidden = hidden, None

    return hook


def test_a_create_is_not_made_again_where_names_may_not_be_unique() -> None:
    platform = MemoryPlatform(abilities=SDK)
    (found,) = go(platform, CREATE, before=some_times("create", LOST)).outcomes
    assert (found.status, len(platform.writes)) == ("unknown", 1)
    assert found.error.startswith(
        "timed out; it has not taken effect as far as live shows: it is not made again"
    )
    assert [call.method for call in platform.calls].count("find") == LOOKS + 2


@pytest.mark.parametrize("looks", [1, LOOKS - 2, 3 * LOOKS])
def test_a_create_that_a_list_shows_late_is_made_once(looks: int) -> None:
    platform = MemoryPlatform(abilities=SDK)
    lag = lagging(platform, looks)
    lost = some_times("create", LOST)
    (found,) = go(platform, CREATE, before=lag, after=lost).outcomes
    assert found.status == ("done" if looks < LOOKS else "unknown")
    assert len(platform.writes) == 1


def test_what_this_run_wrote_may_be_shown_late_and_is_waited_for() -> None:
    platform = MemoryPlatform([storage("a")], abilities=SDK)
    wanted = desired(entry("b", "a", label="new", renamed_from=["a"]))
    result = go(platform, wanted, before=lagging(platform, 3))
    assert statuses(result) == {"update:b": "done"}


def test_what_others_changed_is_stale_at_once_before_the_first_write() -> None:
    platform = MemoryPlatform([LIVE], abilities=SDK)
    plan = plan_for(platform, RENAME)
    platform.put(replace(LIVE, name="theirs"))
    platform.calls.clear()
    (found,) = execute(
        plan, platform.writer(wait=0), Limits(parallelism=1), lambda _: None, surroundings=OwnTime()
    ).outcomes
    assert (found.status, found.stale) == ("failed", True)
    assert [call.method for call in platform.calls] == ["find"]


def answering(platform: MemoryPlatform, wanted, answer):
    """Carry out what is wanted, with `answer` in place of each write."""
    plan, writer = plan_for(platform, wanted), platform.writer(wait=0)
    writes = {name: getattr(writer, name) for name in ("create", "update", "remove")}
    for name, write in writes.items():
        setattr(writer, name, lambda *given, w=write, **more: answer(w, *given, **more))
    limits = Limits(parallelism=1)
    (found,) = execute(plan, writer, limits, lambda _: None, surroundings=OwnTime()).outcomes
    return found


@EACH
@pytest.mark.parametrize("abilities", [PLAIN, SDK])
def test_a_platform_without_conditions_that_says_done_and_did_nothing_is_not_believed(
    wanted, before, abilities
) -> None:
    asked = []

    def nothing(_, given, **more):
        asked.append(given)
        name = more.get("name") or given.name
        return replace(LIVE, id="id-a" if before else "id-new", name=name)

    platform = MemoryPlatform(before, abilities=abilities)
    found = answering(platform, wanted, nothing)
    assert (found.status, found.writes, len(asked)) == ("unknown", 0, 1)
    assert found.error.startswith("the platform says that it is done, but live does not show it")
    assert [item.name for item in platform.storages] == [item.name for item in before]


@EACH
@pytest.mark.parametrize("looks", [1, LOOKS - 1, 3 * LOOKS])
def test_what_is_said_to_be_done_may_be_shown_late_and_is_not_written_again(
    wanted, before, looks: int
) -> None:
    platform = MemoryPlatform(before, abilities=SDK)
    (found,) = go(platform, wanted, before=lagging(platform, looks)).outcomes
    assert found.status == ("done" if looks < LOOKS else "unknown")
    assert len(platform.writes) == 1


@EACH
def test_a_reading_that_fails_after_the_write_is_made_again(wanted, before) -> None:
    platform = MemoryPlatform(before, abilities=SDK)
    failing = some_times("find", PlatformError("cut"), UnavailableError("busy"))
    hook = lambda call: failing(call) if platform.writes else None  # noqa: E731
    (found,) = go(platform, wanted, before=hook).outcomes
    assert (found.status, len(platform.writes)) == ("done", 1)


@EACH
def test_what_is_live_counts_and_not_what_a_write_gives_back(wanted, before) -> None:
    platform = MemoryPlatform([*before, storage("theirs")], abilities=SDK)

    def foreign(write, *given, **more):
        write(*given, **more)
        return platform.by_id["id-theirs"]

    found = answering(platform, wanted, foreign)
    assert (found.status, found.writes) == ("done", 1)
    assert found.id != "id-theirs"


@pytest.mark.parametrize("abilities", [PLAIN, SDK])
@pytest.mark.parametrize("field", ["name", "label", "default_url", "type"])
@pytest.mark.parametrize("method", ["create", "update"])
def test_what_a_platform_without_conditions_made_otherwise_is_told(
    abilities, field, method
) -> None:
    before = [] if method == "create" else [LIVE]
    platform = MemoryPlatform(before, abilities=abilities)
    wanted = CREATE if method == "create" else desired(entry("b", "a", label="new", id="id-a"))

    def otherwise(write, *given, **more):
        made = replace(write(*given, **more), **{field: "S3"})
        platform.put(made)
        return made

    found = answering(platform, wanted, otherwise)
    assert found.status == "half_done"
    # A label that a step has not asked for is what others have changed meanwhile.
    others = (abilities, method, field) == (SDK, "update", "label")
    told = "'a' has changed since" if others else "the platform made something else of it: asked"
    assert found.error.startswith(told)


@pytest.mark.parametrize("field", ["id", "name", "label", "default_url", "type"])
@pytest.mark.parametrize("method", ["create", "update"])
def test_what_a_write_gives_back_is_compared_with_what_was_asked(field, method) -> None:
    if (method, field) == ("create", "id"):
        field = "name"  # a create asks for no id
    before = [] if method == "create" else [LIVE]
    platform = MemoryPlatform(before, abilities=CONDITIONAL)
    wanted = CREATE if method == "create" else desired(entry("b", "a", label="new", id="id-a"))
    found = answering(
        platform, wanted, lambda w, *given, **more: replace(w(*given, **more), **{field: "S3"})
    )
    assert found.status == "half_done"
    assert found.error.startswith("the platform made something else of it: asked")


# What can't be proved


@EACH
def test_a_request_that_was_lost_before_a_failure_leaves_it_unknown(wanted, before) -> None:
    platform = MemoryPlatform(before, abilities=CONDITIONAL)
    hook = some_times(write_of(wanted), LOST, PlatformError("the disk is full"))
    (found,) = go(platform, wanted, before=hook).outcomes
    assert found.status == "unknown"
    assert found.error == (
        "the disk is full; a request that got no answer may have taken effect, or still may"
    )


def test_what_others_changed_after_a_lost_answer_is_unknown() -> None:
    platform = MemoryPlatform([LIVE], abilities=CONDITIONAL)

    def hook(call: Call) -> None:
        if call.method == "update":
            platform.put(replace(platform.by_id["id-a"], name="theirs"))
            raise LOST

    (found,) = go(platform, RENAME, after=hook).outcomes
    assert (found.status, found.stale) == ("unknown", False)
    assert "'a' has changed since the plan was made" in found.error


def test_a_write_over_what_others_wrote_at_that_moment_is_not_done() -> None:
    platform = MemoryPlatform([LIVE], abilities=PLAIN)
    writer = platform.writer(wait=0)
    plan = plan_for(platform, desired(entry("a", label="new")))

    def update(expected, *, name, label):
        changed = replace(expected, name="theirs", label=label)
        platform.put(changed)
        return changed

    writer.update = update
    (found,) = execute(plan, writer, Limits(), lambda _: None).outcomes
    assert (found.status, found.stale, found.found) == ("half_done", True, platform.by_id["id-a"])


@pytest.mark.parametrize(("moment", "status"), [("before", "failed"), ("after", "unknown")])
def test_a_bug_before_a_write_leaves_nothing_unknown(moment: str, status: str) -> None:
    platform = MemoryPlatform([LIVE], abilities=PLAIN)
    method = "find" if moment == "before" else "update"
    (found,) = go(platform, RENAME, **{moment: some_times(method, TypeError("secret"))}).outcomes
    assert found.status == status
    assert found.error.startswith("unexpected TypeError; plan again")
    assert "secret" not in found.error


def test_a_lost_answer_is_told_as_a_retry_only_if_something_is_tried_again() -> None:
    platform, seen = MemoryPlatform(abilities=CONDITIONAL), []
    go(platform, CREATE, seen.append, after=some_times("create", LOST))
    assert not [event for event in seen if isinstance(event, Retried)]
    platform = MemoryPlatform(abilities=CONDITIONAL)
    go(platform, CREATE, seen.append, before=some_times("create", LOST))
    assert [event.error for event in seen if isinstance(event, Retried)] == ["timed out"]


def test_when_stopped_live_is_still_read_once() -> None:
    platform = MemoryPlatform([LIVE], abilities=CONDITIONAL)
    plan = plan_for(platform, RENAME)
    platform.after = some_times("update", LOST)
    limits = Limits(parallelism=1, stop=lambda: "told to stop" if platform.writes else None)
    result = execute(plan, platform.writer(wait=0), limits, lambda _: None, surroundings=OwnTime())
    assert statuses(result) == {"update:b": "done"}
