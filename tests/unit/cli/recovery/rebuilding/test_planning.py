"""What a rebuild would do on a platform that has some of the storages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import UsageError
from reconciler.manifest import Manifest
from reconciler.model import Desired, Policy, Storage
from support.recovery.rebuilding import NAMES, Rebuild, empty, names, recorded
from support.values.building import entry, storage
from support.values.memory_platform import MemoryPlatform


def test_what_is_live_is_left_as_it_is_if_that_is_wanted(rebuild: Rebuild) -> None:
    def live() -> tuple[Storage, ...]:
        renamed = storage("x", id="1", place="a")
        elsewhere = storage("b", id="2", place="elsewhere")
        return (renamed, replace(elsewhere, label="other"))

    new = empty()
    new.by_id = {each.id: each for each in live()}
    blocked = rebuild(new)  # b lies elsewhere
    assert blocked.code == 3
    assert "--keep-live leaves what is live as it is" in blocked.notes
    ended = rebuild(new, "--keep-live")
    assert ended.code == 5  # the b of the snapshot is not there
    assert [call.method for call in new.writes] == ["create", *["record_inventory"] * 2]
    left = {(each["storage"], each["what"]) for each in ended.report["left"]}
    assert left == {("a", "differs"), ("b", "elsewhere")}
    # Another storage that has the name is not what a pin meant.
    assert ended.report["ids"] == {"id-a": "1", "id-c": "created-1"}
    assert new.by_id["1"].name == "x"
    assert new.by_id["2"].label == "other"
    assert recorded(new) == {"x", "c"}
    assert rebuild(new, "--keep-live").code == 5  # nor is it because nothing was to be done
    (warning,) = rebuild(new, "--keep-live", "--dry-run").report["warnings"]
    assert (warning["code"], warning["name"]) == ("not_rebuilt", "b")
    assert "what has its name lies elsewhere, at 'file:///data/elsewhere'" in warning["message"]


@pytest.mark.parametrize(
    ("platform_id", "now", "code", "left"),
    [
        ("other", None, 5, [("d", "unmanaged")]),
        ("other", storage("d", id="9"), 5, [("d", "unmanaged")]),
        ("other", storage("d", id="9", type="tape"), 0, []),
        ("memory", storage("d", type="tape", label="other"), 0, [("d", "differs")]),
        ("memory", storage("e", id="9", type="tape"), 5, [("d", "unmanaged")]),
    ],
)
def test_what_no_manifest_can_express_is_not_forgotten(
    rebuild: Rebuild,
    was: MemoryPlatform,
    platform_id: str,
    now: Storage | None,
    code: int,
    left: list[tuple[str, str]],
) -> None:
    was.put(storage("d", type="tape"))
    new = MemoryPlatform([now] if now else [], platform_id=platform_id)
    ended = rebuild(new)
    assert ended.code == code
    assert [(each["storage"], each["what"]) for each in ended.report["left"]] == left
    assert (ended.report["rebuilt"], ended.report["storages"]) == (4 - len(left), 4)
    warned = [each["name"] for each in ended.report["warnings"] if each["code"] == "not_rebuilt"]
    assert warned == (["d"] if code else [])


def test_a_name_that_another_storage_has_now_and_keeps_blocks(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("b", id="1", place="a"))
    ended = rebuild(new, "--keep-live")
    assert (ended.code, names(new)) == (3, {"b"})
    assert [each["name"] for each in ended.report["blocked_by"]] == ["b"]


def test_a_name_that_was_given_to_another_storage_since_comes_back_in_order(
    rebuild: Rebuild,
) -> None:
    new = empty()
    new.put(storage("b", id="1", place="a"))
    ended = rebuild(new)
    assert ended.code == 0
    assert new.by_id["1"].name == "a"
    assert names(new) == set(NAMES)
    assert ended.report["ids"]["id-a"] == "1"


def test_records_of_files_that_were_removed_on_purpose_can_stay_away(
    rebuild: Rebuild, was: MemoryPlatform
) -> None:
    was.files["id-a"] = {f"u{i}": (f"u{i}", "1", "1") for i in range(3)}
    new = empty()
    rebuild(new)
    a, b = (new.by_name[name].id for name in ("a", "b"))
    del new.files[a]["u1"]
    del new.files[b]
    ended = rebuild(new, "--keep-live")
    # What has none was cut off between its create and its records.
    assert (ended.code, ended.report["records"]["added"]) == (5, 1)
    (left,) = ended.report["records"]["left"]
    assert (left["storage"], left["what"]) == ("a", "kept_live")
    assert left["message"] == "1 of them is missing: --keep-live"
    assert (set(new.files[a]), set(new.files[b])) == ({"u0", "u2"}, {"upload"})
    (warning,) = ended.report["warnings"]
    assert "lacks 1 that the snapshot has: they stay away" in warning["message"]
    assert rebuild(new).report["records"]["added"] == 1
    assert set(new.files[a]) == {"u0", "u1", "u2"}


def test_records_that_a_storage_has_stay_as_they_are(rebuild: Rebuild, was: MemoryPlatform) -> None:
    was.files["id-a"]["u"] = ("u", "1", "1")
    new = empty()
    rebuild(new)
    a = new.by_name["a"].id
    new.files[a] = {"upload": ("upload", "newer", "newer")}
    ended = rebuild(new)
    assert (ended.code, ended.report["records"]["added"]) == (0, 1)
    assert set(new.files[a].values()) == {("upload", "newer", "newer"), ("u", "1", "1")}
    assert [w["code"] for w in ended.report["warnings"]] == ["records_differ", "records_missing"]


def test_what_differs_is_shown_and_nothing_else_that_is_live_is_touched(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("renamed", id="1", place="a", label="other"))
    new.put(storage("more", id="2", place="more"))
    plan = rebuild(new, "--dry-run").report
    assert (plan["summary"]["create"], plan["summary"]["update"]) == (2, 1)
    assert plan["undeclared"] == ["more"]
    assert new.writes == []
    ended = rebuild(new)
    assert (ended.code, ended.report["rebuilt"]) == (0, 3)
    assert names(new) == {*NAMES, "more"}


def test_a_platform_that_knows_none_of_the_storages_may_be_the_wrong_one(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("z"))
    found = {each["code"] for each in rebuild(new, "--dry-run").report["warnings"]}
    assert "other_platform" in found


def test_scope_narrows_what_is_rebuilt(rebuild: Rebuild) -> None:
    new = empty()
    ended = rebuild(new, scope=("[ab]",))
    assert (ended.report["storages"], ended.report["rebuilt"], names(new)) == (2, 2, {"a", "b"})
    assert " --scope '[ab]' " in ended.report["verify"][0]
    with pytest.raises(UsageError, match="no storage in this scope"):
        rebuild(new, scope=("typo",))


@pytest.mark.parametrize(
    ("move", "said"),
    [
        ("/no=/x", "no storage of the snapshot lies there"),
        ("/data", "is no FROM=TO"),
        ("/data=https://host/bucket", "where no such storage can lie"),
        ("/data/a=/data/b", "would put 'a' and 'b' at one place, 'file:///data/b/?'"),
        ("/data/a=file:///data/b/", "would put 'a' and 'b' at one place"),
    ],
)
def test_a_move_that_means_nothing_is_refused(rebuild: Rebuild, move: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rebuild(empty(), "--relocate", move)


def test_a_storage_is_not_moved_onto_one_that_is_left_out(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("b"))
    with pytest.raises(UsageError, match="would put 'b' and 'a' at one place"):
        rebuild(new, "--relocate", "/data/a=/data/b", scope=("a",))
    assert names(new) == {"b"}


def test_storages_at_one_place_may_be_moved_together(rebuild: Rebuild, was: MemoryPlatform) -> None:
    was.put(storage("d", place="a"))
    new = empty()
    assert rebuild(new, "--relocate", "/data=/mnt").code == 0
    assert new.by_name["d"].default_url == new.by_name["a"].default_url == "file:///mnt/a"


def test_the_longest_move_wins_and_local_paths_may_be_written_either_way(rebuild: Rebuild) -> None:
    new = empty()
    rebuild(new, "--relocate", "/data=file:///mnt", "--relocate", "file:///data/a=/other")
    places = {each.name: each.default_url for each in new.storages}
    assert places == {"a": "file:///other", "b": "file:///mnt/b", "c": "file:///mnt/c"}


def test_what_the_own_manifest_protects_stays_and_its_lock_is_taken(rebuild: Rebuild) -> None:
    entries = (entry("a"), entry("kept", protect=True))
    policy = Policy(protect=("x*",))
    own = Manifest(Desired(entries, policy=policy), None, None, "file:///lock", (), {}, ())
    for name in ("kept", "x-1"):
        new = empty()
        new.put(storage(name, id="1", place="a"))
        plan = rebuild(new, "--dry-run", own=own).report
        assert [each["code"] for each in plan["blocked_by"]] == ["protected"]
        assert plan["lock"] == "file:///lock"
