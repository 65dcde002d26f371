"""Saved plans and digests: what was reviewed is what happens, or nothing, and it is said why."""

import json
import random
import re
import shutil

import pytest

from support.platforms.live_file import (
    FILE,
    NO_CHANGES,
    holds_files,
    live,
    local,
    made,
    manifest,
    plan_of,
    settled,
    sql,
)

INSERT = "INSERT INTO storages VALUES (?, ?, ?, 'local', ?, '2020-01-01T00:00:00Z')"
OTHER = "INSERT INTO storages VALUES ('theirs', '{}', '{}', 'local', 'file:///{}', '2020')"
WANTED = manifest(
    local("relabel", label="New"),
    local("renamed", "rename", renamed_from=["rename"]),
    local("fresh"),
    removed=[{"name": "drop"}],
    undeclared="ignore",
)
KEYS = {
    "relabel": "update:relabel",
    "renamed": "update:renamed",
    "drop": "remove:drop",
    "fresh": "create:fresh",
}


@pytest.fixture
def planned(folder):
    """Give a folder with a saved plan of four operations, and one for each of them alone."""
    made(folder, "relabel", "rename", "drop", "other")
    folder.write(WANTED)
    folder("plan", "--out", "plan.json")
    return folder


def outcomes(told):
    return {op["key"]: op["status"] for op in json.loads(told.stdout)["operations"]}


TOUCHED = [
    (
        "relabel",
        "UPDATE storages SET label = 'Theirs' WHERE name = 'relabel'",
        "label was 'L', is now 'Theirs'",
    ),
    (
        "relabel",
        "UPDATE storages SET name = 'away' WHERE name = 'relabel'",
        "name was 'relabel', is now 'away'",
    ),
    (
        "relabel",
        "UPDATE storages SET default_url = 'file:///x' WHERE name = 'relabel'",
        "default_url was 'file:///data/relabel', is now 'file:///x'",
    ),
    (
        "relabel",
        "UPDATE storages SET type = 'S3' WHERE name = 'relabel'",
        "type was 'local', is now 'S3'",
    ),
    ("relabel", "DELETE FROM storages WHERE name = 'relabel'", "'relabel' is no longer live"),
    (
        "renamed",
        "UPDATE storages SET label = 'Theirs' WHERE name = 'rename'",
        "label was 'L', is now 'Theirs'",
    ),
    ("renamed", OTHER.format("renamed", "L", "x"), "the name 'renamed' is taken by another"),
    ("drop", "INSERT INTO inventory VALUES ('id-drop', 'u', 'c', 'c')", "'drop' holds files now"),
    (
        "drop",
        "UPDATE storages SET default_url = 'file:///x' WHERE name = 'drop'",
        "default_url was 'file:///data/drop', is now 'file:///x'",
    ),
    (
        "drop",
        "UPDATE storages SET name = 'wanted' WHERE name = 'drop'",
        "name was 'drop', is now 'wanted'",
    ),
    ("fresh", OTHER.format("fresh", "fresh", "x"), "the name 'fresh' was taken meanwhile"),
    ("fresh", OTHER.format("fresh", "Theirs", "data/fresh"), "with another label"),
]


@pytest.mark.parametrize(("name", "statement", "said"), TOUCHED)
def test_what_was_touched_stops_only_itself_and_is_explained(planned, name, statement, said):
    planned("plan", "--out", "alone.json", "--target", name)
    sql(planned, statement)
    before = live(planned)
    told = planned("apply", "alone.json", code=4)
    assert said in " ".join(told.stdout.split())
    assert "make a new plan" in told.stdout
    assert live(planned) == before
    assert outcomes(planned("apply", "plan.json", "-o", "json", code=5)) == {
        key: "failed" if key == KEYS[name] else "done" for key in KEYS.values()
    }
    after = live(planned)
    assert said in " ".join(planned("apply", "plan.json", code=4).stdout.split())
    assert live(planned) == after


def test_an_unrelated_change_stops_nothing(planned):
    sql(
        planned,
        "UPDATE storages SET label = 'Theirs', default_url = 'file:///x', name = 'o'"
        " WHERE name = 'other'",
    )
    sql(planned, INSERT, "more", "more", "more", "file:///more")
    holds_files(planned, "id-relabel")
    theirs = {name: live(planned)[name] for name in ("o", "more")}
    assert set(outcomes(planned("apply", "plan.json", "-o", "json")).values()) == {"done"}
    found = live(planned)
    assert theirs.items() <= found.items()
    assert set(found) == {"relabel", "renamed", "fresh", "o", "more"}
    settled(planned)


def test_a_second_time_changes_nothing(planned):
    planned("apply", "plan.json")
    before = live(planned)
    assert "Nothing was written" in planned("apply", "plan.json").stdout
    assert live(planned) == before


def test_what_somebody_did_already_is_done(planned):
    sql(planned, "UPDATE storages SET label = 'New' WHERE name = 'relabel'")
    sql(planned, "UPDATE storages SET name = 'renamed' WHERE name = 'rename'")
    sql(planned, "DELETE FROM storages WHERE name = 'drop'")
    sql(planned, INSERT, "theirs", "fresh", "fresh", "file:///data/fresh")
    before = live(planned)
    assert "Nothing was written" in planned("apply", "plan.json").stdout
    assert live(planned) == before


def test_a_later_storage_of_the_same_name_is_not_removed(planned):
    sql(planned, "DELETE FROM storages WHERE name = 'drop'")
    sql(planned, INSERT, "later", "drop", "L", "file:///data/drop")
    planned("apply", "plan.json")
    assert live(planned)["drop"]["id"] == "later"


def test_a_swap_that_was_half_done_is_finished_by_its_plan(folder):
    made(folder, "a", "b")
    folder.write(manifest(local("b", "a", id="id-a"), local("a", "b", id="id-b")))
    folder("plan", "--out", "plan.json")
    steps = [step for op in plan_of(folder)["operations"] for step in op["steps"]]
    aside = next(step for step in steps if "~move-" in (step["name"] or ""))
    owner = "id-b" if aside["key"].startswith("update:a") else "id-a"
    sql(folder, "UPDATE storages SET name = ? WHERE id = ?", aside["name"], owner)
    folder("apply", "plan.json")
    assert {name: found["id"] for name, found in live(folder).items()} == {"a": "id-b", "b": "id-a"}
    assert "Nothing was written" in folder("apply", "plan.json").stdout


def test_a_first_plan_applied_twice_creates_nothing_twice(folder):
    folder.write(manifest(*map(local, "abc")))
    folder("plan", "--out", "plan.json")
    assert json.loads(folder.read("plan.json"))["platform_id"] == "new"
    folder("apply", "plan.json")
    before = live(folder)
    assert "made for a new and empty one" in folder("apply", "plan.json", code=4).stderr
    folder("apply", "--expect", "plan.json")
    assert live(folder) == before
    assert len(before) == 3


def test_a_plan_for_a_new_platform_is_stale_once_it_exists(folder):
    folder.write(manifest(*map(local, "abc"), undeclared="ignore"))
    folder("plan", "--out", "plan.json")
    # What was there all the time, on a share that was not mounted.
    made(folder, "theirs")
    folder.write(manifest(*map(local, "abc"), undeclared="ignore"))
    before = live(folder)
    folder("apply", "plan.json", code=4)
    told = folder("apply", "--expect", "plan.json", code=4)
    assert "for a new and empty platform, and this one holds other storages" in told.stderr
    assert live(folder) == before


def test_a_plan_for_a_new_platform_is_stale_on_an_empty_one(folder):
    folder.write(manifest(*map(local, "abc")))
    folder("plan", "--out", "plan.json")
    made(folder)
    folder.write(manifest(*map(local, "abc")))
    folder("apply", "plan.json", code=4)
    assert live(folder) == {}
    folder("apply", "--expect", "plan.json")
    assert set(live(folder)) == set("abc")


def test_a_first_plan_that_was_half_applied_is_finished_with_expect(folder):
    folder.write(manifest(*map(local, "abc")))
    folder("plan", "--out", "plan.json")
    folder("apply", "-y", "--target", "b")
    told = folder("apply", "plan.json", code=4)
    assert "apply --expect" in told.stderr
    folder("apply", "--expect", "plan.json")
    assert set(live(folder)) == set("abc")


@pytest.mark.parametrize("how", ["gone", "replaced"])
def test_another_platform_at_the_same_path_is_left_alone(planned, how):
    planned("plan", "--out", "plan.json")
    for file in planned.path.glob("platform.db*"):
        file.unlink()
    before = None
    if how == "replaced":
        before = made(planned, "relabel", "rename", "drop", "other")
        planned.write(WANTED)
    word = "is another platform" if before else "does not exist"
    assert word in planned("apply", "plan.json", code=4).stderr
    planned("apply", "--expect", "plan.json", code=4)
    assert ("platform.db" in planned.files()) == bool(before)
    assert before is None or live(planned) == before


@pytest.mark.parametrize(
    "edit",
    [
        {"digest": "sha256:" + "0" * 64},
        {"platform_id": "other"},
        {"consents": []},
        {"operations": []},
        {"summary": {"create": 0, "update": 0, "remove": 0, "live": 4, "unchanged": 1}},
    ],
)
def test_an_edited_plan_is_refused_by_all_that_read_it(planned, edit):
    before = live(planned)
    planned.write(json.dumps(json.loads(planned.read("plan.json")) | edit), "plan.json")
    for command in (
        ("apply", "plan.json"),
        ("apply", "--expect", "plan.json"),
        ("show", "plan.json"),
    ):
        assert "changed after it was made" in planned(*command, code=4).stderr
    assert live(planned) == before


@pytest.mark.parametrize("name", ["drop", "relabel", "fresh"])
def test_no_operation_can_be_edited(planned, name):
    plan = json.loads(planned.read("plan.json"))
    operation = next(op for op in plan["operations"] if op["name"] == name)
    for field in ("before", "after"):
        if operation[field]:
            operation[field]["label"] = "Edited"
    planned.write(json.dumps(plan), "plan.json")
    planned("apply", "plan.json", code=4)
    assert "drop" in live(planned)


def test_a_plan_cut_off_is_no_plan(planned):
    text = planned.read("plan.json")
    for part in (text[: len(text) // 2], text[:-3], "", "null", '{"format_version": 1}'):
        planned.write(part, "plan.json")
        for command in (
            ("apply", "plan.json"),
            ("apply", "--expect", "plan.json"),
            ("show", "plan.json"),
        ):
            planned(*command, code=65)


@pytest.mark.parametrize(
    ("option", "said", "code"),
    [("--out", "is no plan", 64), ("--digest-file", "a database is there", 1)],
)
def test_a_plan_is_never_written_over_a_platform(planned, option, said, code):
    before = live(planned)
    (planned.path / "link").symlink_to("platform.db")
    for path in ("platform.db", "link"):
        assert said in planned("plan", option, path, code=code).stderr
    for end in ("-wal", "-shm", "-journal"):
        told = planned("plan", option, f"platform.db{end}", code=1).stderr
        assert "it is a part of a database" in told
    assert live(planned) == before


def mixed(shuffled=None):
    """Give a manifest with every kind of change, its entries in any order."""
    entries = [local(f"s{n}", label="New") for n in range(1, 9)]
    entries += [local("b", "a", id="id-a"), local("a", "b", id="id-b")]
    entries += [local("t0", "s0", renamed_from=["older", "s0"]), local("Ünï ✓"), local("t1")]
    removed = [{"name": f"r{n}"} for n in range(4)]
    if shuffled is not None:
        random.Random(shuffled).shuffle(entries)
        random.Random(shuffled).shuffle(removed)
    return manifest(*entries, removed=removed, undeclared="remove", max_removals="100%")


LIVE = (*(f"s{n}" for n in range(9)), *"abxy", *(f"r{n}" for n in range(4)))


def without_time(text):
    changed, count = re.subn(r'"created_at": "[^"]*"', "", text)
    assert count == 1
    return changed


def test_order_hash_seed_and_time_zone_change_no_byte_of_a_plan(folder):
    made(folder, *LIVE)
    folder.write(mixed())
    first = folder("plan", "-o", "json", env={"PYTHONHASHSEED": "0", "TZ": "UTC"}).stdout
    assert json.loads(first)["summary"]["remove"] == 6
    for seed in range(4):
        folder.write(mixed(shuffled=seed))
        env = {"PYTHONHASHSEED": str(seed + 1), "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
        folder("plan", "--out", "plan.json", env=env)
        assert without_time(folder.read("plan.json")) == without_time(first)
        again = folder("plan", "-o", "json", env=env).stdout
        assert without_time(again) == without_time(first)


def test_the_digest_is_the_same_in_another_folder_from_other_files(folder, tmp_path_factory):
    made(folder, *LIVE)
    folder.write(mixed())
    digest = plan_of(folder)["digest"]
    folder("plan", "--digest-file", "digest.txt")
    assert folder.read("digest.txt") == f"{digest}\n"
    assert folder("plan").stdout.splitlines()[-2] == f"Digest of the plan: {digest}"
    elsewhere = type(folder)(tmp_path_factory.mktemp("elsewhere"))
    whole = json.loads(mixed(shuffled=7))
    for name, keys in (("z", ["policy"]), ("a", ["storages"]), ("m", ["removed", "platform"])):
        part = {"version": 1, **{key: whole[key] for key in keys}}
        elsewhere.write(json.dumps(part), f"parts/{name}.yaml")
    shutil.copy(folder.path / "platform.db", elsewhere.path / "parts")
    assert plan_of(elsewhere, "-f", "parts")["digest"] == digest
    elsewhere("apply", "-f", "parts", "--expect", digest)
    settled(elsewhere, "-f", "parts")


def test_the_digest_of_a_new_platform_is_the_same_everywhere(folder, tmp_path_factory):
    elsewhere = type(folder)(tmp_path_factory.mktemp("elsewhere"))
    digests = set()
    for each in (folder, elsewhere):
        each.write(manifest(local("a"), local("b"), platform=f"sqlite:///{each.path.name}.db"))
        digests.add(plan_of(each)["digest"])
    assert len(digests) == 1


def test_expecting_after_a_part_was_applied(planned):
    digest = plan_of(planned)["digest"]
    planned("apply", "-y", "--target", "drop", "--target", "renamed")
    before = live(planned)
    told = planned("apply", "--expect", digest, code=4)
    assert digest in told.stderr
    assert plan_of(planned)["digest"] in told.stderr
    assert live(planned) == before
    planned("apply", "--expect", "plan.json")
    settled(planned)
    assert NO_CHANGES in planned("apply", "--expect", "plan.json").stdout
    # A digest is that of one plan, and now there is nothing to do.
    planned("apply", "--expect", digest, code=4)
    planned("apply", "--expect", plan_of(planned)["digest"])


def test_expecting_a_plan_when_live_changed(planned):
    sql(planned, "UPDATE storages SET label = 'Theirs' WHERE name = 'relabel'")
    before = live(planned)
    told = planned("apply", "--expect", "plan.json", code=4)
    assert "before.label was 'L', is now 'Theirs'" in told.stderr
    assert live(planned) == before
    sql(planned, "UPDATE storages SET label = 'L' WHERE name = 'relabel'")
    sql(planned, "UPDATE storages SET label = 'Unrelated' WHERE name = 'other'")
    planned("apply", "--expect", "plan.json")


def test_expecting_a_plan_whose_removal_now_loses_files(planned):
    holds_files(planned, "id-drop")
    planned("apply", "--expect", "plan.json", code=4)
    consent = {"name": "drop", "id": "id-drop", "holds_files": True}
    planned.write(json.dumps(json.loads(WANTED) | {"removed": [consent]}))
    told = planned("apply", "--expect", "plan.json", code=4)
    assert "holds_files" in told.stderr
    planned("apply", "plan.json", code=5)
    assert "drop" in live(planned)


def test_a_consent_in_the_plan_reaches_files_that_came_later(folder):
    made(folder, "keep", "drop")
    holds_files(folder, "id-drop")
    consent = {"name": "drop", "id": "id-drop", "holds_files": True}
    folder.write(manifest(local("keep"), removed=[consent]))
    folder("plan", "--out", "plan.json")
    sql(folder, "INSERT INTO inventory VALUES ('id-drop', 'later', 'c', 'c')")
    folder("apply", "plan.json")
    assert set(live(folder)) == {"keep"}
    assert sql(folder, "SELECT * FROM inventory") == []


def test_a_plan_for_a_platform_that_was_restored_since_is_stale(folder):
    made(folder, "nas")
    shutil.copy(folder.path / FILE, folder.path / "backup.db")
    folder.write(manifest(local("nas", label="Of Monday")))
    folder("apply", "-y")
    folder.write(manifest(local("nas", label="Of Tuesday")))
    folder("plan", "--out", "plan.json")
    shutil.copy(folder.path / "backup.db", folder.path / FILE)
    before = live(folder)
    told = folder("apply", "plan.json", code=4)
    assert "label was 'Of Monday', is now 'L'" in told.stderr + told.stdout
    assert live(folder) == before
