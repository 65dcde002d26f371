"""`rebuild` where the platform fails, is another kind, or somebody wants an end of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    RefusedError,
    UnavailableError,
)
from reconciler.platform import Abilities
from reconciler.retry import reader as patience
from support.recovery.rebuilding import NAMES, Rebuild, empty, recorded
from support.values.building import storage
from support.values.memory_platform import Call, MemoryPlatform

#: One storage after the other, where it matters which is the second.
IN_TURN = ("--parallelism", "1")


def at(method: str, number: int, task: Callable[[], None]) -> Callable[[Call], None]:
    """Do something at the nth call of a method."""
    seen = 0

    def hook(call: Call) -> None:
        nonlocal seen
        seen += call.method == method
        if call.method == method and seen == number:
            task()

    return hook


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_one_storage_whose_records_are_refused_stops_no_other(rebuild: Rebuild) -> None:
    new = empty()
    new.before = at("record_inventory", 2, raising(RefusedError("it is too long")))
    ended = rebuild(new, *IN_TURN)
    assert ended.code == 5
    assert recorded(new) == {"a", "c"}
    assert ended.report["problems"] == ["b: it is too long"]
    assert ended.report["records"]["left"] == [
        {"storage": "b", "what": "missing", "message": "1 of them is still missing"}
    ]
    new.before = lambda _: None
    again = rebuild(new)
    assert (again.code, again.report["records"]["added"]) == (0, 1)
    assert recorded(new) == set(NAMES)


@pytest.mark.parametrize("error", [LeaseLostError("lost"), UnavailableError("busy")])
def test_what_would_stop_each_storage_is_told_once(rebuild: Rebuild, error: Exception) -> None:
    new = empty()
    new.before = at("record_inventory", 2, raising(error))
    ended = rebuild(new, *IN_TURN)
    assert (ended.code, ended.report["problems"]) == (5, [str(error)])
    assert recorded(new) == {"a"}
    assert [call.method for call in new.writes].count("record_inventory") == 2


def test_if_nothing_was_written_and_records_fail_it_is_an_error(rebuild: Rebuild) -> None:
    new = empty()
    rebuild(new)
    new.files.clear()
    new.before = at("record_inventory", 1, raising(UnavailableError("no")))
    assert rebuild(new, *IN_TURN).code == 1
    new.before = at("record_inventory", 1, raising(PlatformBusyError("locked")))
    assert rebuild(new, *IN_TURN).code == 6


def test_a_create_that_fails_leaves_the_rest_to_another_run(rebuild: Rebuild) -> None:
    new = empty()
    new.before = at("create", 2, raising(PlatformError("no")))
    ended = rebuild(new)
    assert (ended.code, ended.report["rebuilt"]) == (5, 2)
    (left,) = ended.report["left"]
    assert left["message"] == "it is not live"
    assert recorded(new) == set(NAMES) - {left["storage"]}
    assert rebuild(new).code == 0
    assert recorded(new) == set(NAMES)


def test_records_are_not_added_to_another_storage_that_has_taken_the_name(rebuild: Rebuild) -> None:
    new = empty()

    def taken(call: Call) -> None:
        if call.method == "create" and call.subject == "b":
            new.put(storage("b", id="1", place="elsewhere"))

    new.before = taken
    ended = rebuild(new)
    assert (ended.code, recorded(new)) == (5, {"a", "c"})
    assert [each["what"] for each in ended.report["left"]] == ["elsewhere"]


def test_a_storage_that_is_gone_again_at_the_end_is_no_success(rebuild: Rebuild) -> None:
    new = empty()
    reads = 0

    def drop(call: Call) -> None:
        nonlocal reads
        reads += call.method == "read"
        # To plan; to see whether the apply has done it; to see what is to be said.
        if call.method == "read" and reads == 3:
            new.drop(new.by_name["a"].id)

    new.before = drop
    ended = rebuild(new)
    assert ended.code == 5
    assert ended.report["rebuilt"] == 2


@pytest.mark.parametrize("moment", ["create", "record_inventory"])
def test_ctrl_c_lets_what_runs_finish_and_the_next_run_does_the_rest(
    rebuild: Rebuild, moment: str
) -> None:
    new = empty()
    new.before = at(moment, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    ended = rebuild(new, *IN_TURN)
    assert ended.code == 130
    assert ended.report["rebuilt"] == (2 if moment == "create" else 3)
    assert len(recorded(new)) == (0 if moment == "create" else 2)
    again = rebuild(new)
    assert (again.code, again.report["rebuilt"], recorded(new)) == (0, 3, set(NAMES))


def test_a_second_ctrl_c_ends_it_while_records_are_added(rebuild: Rebuild) -> None:
    new = empty()

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    new.before = at("record_inventory", 2, twice)
    ended = rebuild(new, *IN_TURN)
    assert ended.code == 130
    assert recorded(new) == {"a"}


def test_if_live_can_not_be_read_again_nobody_says_how_many_there_are(
    rebuild: Rebuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    new = empty()
    new.after = lambda call: setattr(new, "before", fail) if call.method == "create" else None

    def fail(call: Call) -> None:
        if call.method == "read":
            raise ConflictError("no")

    ended = rebuild(new)
    assert ended.code == 5
    assert ended.report["rebuilt"] is None
    assert ended.report["ids"] == {}


def test_if_live_can_not_be_read_at_the_end_no_ids_are_written(
    rebuild: Rebuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    new = empty()
    new.before = at("read", 3, raising(UnavailableError("away")))
    ended = rebuild(new, "--ids", str(tmp_path / "ids.json"))
    assert (ended.code, ended.report["rebuilt"], ended.report["problems"]) == (5, None, ["away"])
    assert not (tmp_path / "ids.json").exists()


def test_where_no_records_can_be_written_it_says_so_and_which_spaces_are_to_be_tied(
    rebuild: Rebuild, was: MemoryPlatform
) -> None:
    was.abilities = Abilities(spaces=True)
    new = empty(abilities=Abilities(spaces=True), spaces={"created-1": ("brain",)})
    ended = rebuild(new, *IN_TURN)
    assert ended.code == 0
    assert ended.report["verified"] is False
    assert [each["message"] for each in ended.report["records"]["left"]] == [
        "this platform takes none"
    ] * 3
    assert ended.report["spaces"] == [
        {"storage": "a", "spaces": ["atlas"]},
        {"storage": "b", "spaces": ["atlas"]},
    ]
    told = rebuild(new, output="text").report["text"]
    assert "a: tie it again, by hand, to 'atlas'\n" in told
    assert "NOT VERIFIED" in told
    assert "can't be added to 3 storages" in ended.notes


def test_nothing_of_a_snapshot_without_files_can_be_verified(rebuild: Rebuild, was) -> None:
    was.files.clear()
    ended = rebuild(empty(), output="text")
    assert "there is nothing to verify" in ended.report["text"]
