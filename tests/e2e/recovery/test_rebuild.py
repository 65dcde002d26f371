"""`rebuild`, as a user runs it: what is made again, what is asked, and what is said of it."""

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from reconciler.platforms import open_platform
from tests.e2e.conftest import Folder
from tests.e2e.recovery.conftest import Storages

NEW = "sqlite:///new.db"
WRONG = "sha256:" + "0" * 64


def live(storages, file="new.db"):
    """Give what a platform has: by name the label and place, and the id."""
    platform = open_platform(f"sqlite:///{storages.path}/{file}", base=None, environ=os.environ)
    with closing(platform.reader()) as reader:
        found = reader.read().storages
        rows = {each.name: sorted(reader.inventory(each.id)) for each in found}
    return {each.name: (each.label, each.default_url, each.id, rows[each.name]) for each in found}


def same(storages, file="new.db"):
    """Say whether a platform has what the first one has, ids apart."""
    one, other = live(storages, "platform.db"), live(storages, file)
    return {k: (a, b, d) for k, (a, b, _, d) in one.items()} == {
        k: (a, b, d) for k, (a, b, _, d) in other.items()
    }


def change(storages, sql, file="new.db"):
    with closing(sqlite3.connect(storages.path / file)) as db, db:
        db.executescript(sql)


def report(storages, *arguments, code=0):
    told = storages.folder("rebuild", "proofs", "-o", "json", "-y", *arguments, code=code)
    return json.loads(told.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two storages with file records, in a snapshot: made once, for that takes its time."""
    storages = Storages(Folder(tmp_path_factory.mktemp("kept")))
    for i in range(20):
        storages.file(f"nas/raw/{i:02}.tif", b"%d" % i)
    storages.file("lab/a.tif", b"a")
    storages.declare(nas=storages.path / "nas", lab=storages.path / "lab")
    storages.folder("scan", "nas", "lab")
    storages.scan()
    storages.folder("snapshot", "create", "proofs", "--digest-file", "proofs.digest")
    return storages


@pytest.fixture
def kept(made, folder):
    """The same in a folder of its own; what lies on the storages stays where it is."""
    shutil.copytree(made.path / "proofs", folder.path / "proofs")
    for name in ("platform.db", "storages.yaml", "proofs.digest"):
        shutil.copy(made.path / name, folder.path / name)
    return Storages(folder)


def test_all_is_there_again_and_it_says_that_nothing_is_verified(kept):
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y")
    assert same(kept)
    assert told.stdout.endswith(
        "\nRebuilt: 2 of 2 storages, 21 file records added. NOT VERIFIED.\n"
    )
    assert "From the snapshot 2" in told.stderr
    assert " s ago (" in told.stderr
    commands = [line for line in told.stdout.splitlines() if line.startswith("  reconciler verify")]
    assert [line.partition("@")[2][28:].split(maxsplit=1)[0] for line in commands] == [
        "--platform",
        "--deep",
    ]
    for line in commands:
        done = kept.folder.shell(f'set -- $(dirname "$0"); PATH="$1:$PATH"; {line}')
        assert done.returncode == 0, done.stdout + done.stderr


def test_run_again_it_has_nothing_to_do_and_adds_nothing(kept):
    report(kept, "--platform", NEW)
    before = live(kept)
    again = report(kept, "--platform", NEW)
    assert (again["rebuilt"], again["records"]["added"], again["verified"]) == (2, 0, False)
    assert live(kept) == before


def test_a_dry_run_shows_the_plan_and_writes_nothing(kept):
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "--dry-run", "-o", "json")
    plan = json.loads(told.stdout)
    assert plan["summary"]["create"] == 2
    assert "File records to add: 21, to 2 storages." in told.stderr
    assert "new.db" not in kept.folder.files()
    kept.folder.write(told.stdout, "plan.json")
    kept.folder("rebuild", "proofs", "--platform", NEW, "--expect-plan", "plan.json")
    assert same(kept)


def test_it_asks_as_apply_does(kept):
    assert (
        "no terminal to ask on"
        in kept.folder("rebuild", "proofs", "--platform", NEW, code=64).stderr
    )
    told = kept.folder.on_terminal("rebuild", "proofs", "--platform", NEW, answer=b"no\n", code=1)
    assert "File records to add: 21" in told
    assert "Nothing was applied." in told
    assert "new.db" not in kept.folder.files()
    kept.folder.on_terminal("rebuild", "proofs", "--platform", NEW, answer=b"yes\n")
    assert same(kept)


def test_what_is_missing_is_made_what_differs_is_shown_and_nothing_is_removed(kept):
    report(kept, "--platform", NEW)
    change(
        kept,
        "DELETE FROM inventory; DELETE FROM storages WHERE name = 'lab';"
        "UPDATE storages SET name = 'renamed', label = 'other' WHERE name = 'nas';"
        "INSERT INTO storages SELECT 'x', 'more', 'm', 'local', 'file:///more', created_at"
        " FROM storages;",
    )
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "--dry-run")
    assert "Plan: 1 to create, 1 to update, 0 to remove." in told.stdout
    assert "(was renamed)" in told.stdout
    made = report(kept, "--platform", NEW, "--keep-live")
    assert set(live(kept)) == {"lab", "more", "renamed"}
    assert made["rebuilt"] == 1
    assert made["left"] == [
        {"storage": "nas", "message": "it is live as 'renamed', with the label 'other'"}
    ]
    assert len(live(kept)["renamed"][3]) == 20
    report(kept, "--platform", NEW)
    assert set(live(kept)) == {"lab", "more", "nas"}


def test_records_that_a_storage_has_stay_as_they_are(kept):
    report(kept, "--platform", NEW)
    first, *others = live(kept)["nas"][3]
    change(
        kept,
        f"UPDATE inventory SET checksum = 'newer' WHERE upload_id = '{first[0]}';"
        f"DELETE FROM inventory WHERE upload_id = '{others[0][0]}';",
    )
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "--dry-run")
    assert "nas: 1 file record on the platform differ" in told.stdout
    assert report(kept, "--platform", NEW)["records"]["added"] == 1
    assert sorted(row[1] == "newer" for row in live(kept)["nas"][3]) == [False] * 19 + [True]


def test_on_the_same_platform_a_storage_is_known_by_its_id(kept):
    before = live(kept, "platform.db")
    change(kept, "UPDATE storages SET name = 'other' WHERE name = 'nas';", "platform.db")
    report(kept)
    assert live(kept, "platform.db") == before


def test_ids_are_written_and_plan_takes_them(kept):
    pins = "".join(
        f"  - {{name: {name}, id: {id}, label: {name}, type: local, default_url: '{url}'}}\n"
        for name, (_, url, id, _) in live(kept, "platform.db").items()
    )
    kept.folder.write(f"version: 1\nplatform: sqlite:///platform.db\nstorages:\n{pins}")
    made = report(
        kept, "--platform", NEW, "--ids", "ids.json", "--rewrite-manifest", "storages.yaml"
    )
    assert json.loads(kept.folder.read("ids.json")) == {"format_version": 1, "ids": made["ids"]}
    # The manifest has been changed already: back to the old ids, to try the map.
    rewritten = kept.folder.read("storages.yaml")
    assert "No changes." in kept.folder("plan", "-f", "storages.yaml", "--platform", NEW).stdout
    for old, new in made["ids"].items():
        assert new in rewritten
        rewritten = rewritten.replace(new, old)
    assert rewritten == f"version: 1\nplatform: sqlite:///platform.db\nstorages:\n{pins}"
    kept.folder.write(rewritten)
    told = kept.folder("plan", "--platform", NEW, "--ids", "ids.json").stdout
    assert "No changes." in told
    assert "ids_ignored" not in told


def test_relocated_storages_lie_elsewhere_and_verify_says_so(kept, made):
    shutil.copytree(made.path / "nas", kept.path / "moved")
    move = f"{made.path}/nas={kept.path}/moved"
    told = report(kept, "--platform", NEW, "--relocate", move)
    assert live(kept)["nas"][1] == f"file://{kept.path}/moved"
    assert told["verify"][1].endswith(f"--deep --relocate {move}")
    kept.folder(*told["verify"][1].split()[1:])
    told = kept.folder(
        "rebuild", "proofs", "--platform", NEW, "-y", "--relocate", "/no=/x", code=64
    )
    assert "no storage of the snapshot lies there" in told.stderr
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y", code=3)
    assert "location_change" in told.stdout


def test_a_snapshot_that_is_not_the_expected_one_is_not_rebuilt(kept):
    kept.folder("rebuild", "proofs", "--platform", NEW, "-y", "--expect", WRONG, code=4)
    kept.folder("rebuild", "proofs", "--platform", NEW, "-y", "--expect", "abc", code=64)
    assert "new.db" not in kept.folder.files()
    digest = kept.folder.read("proofs.digest").strip()
    report(kept, "--platform", NEW, "--expect", digest)


def test_a_damaged_snapshot_wants_consent_and_a_damaged_manifest_has_none(kept):
    parts = sorted((kept.path / "proofs/parts").rglob("*.parquet"), key=lambda p: p.stat().st_size)
    for part in parts:
        data = part.read_bytes()
        part.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y", code=1).stderr
    assert "--allow-incomplete" in told
    assert "new.db" not in kept.folder.files()
    made = report(kept, "--platform", NEW, "--allow-incomplete")
    assert made["rebuilt"] == 2
    assert {each["storage"] for each in made["records"]["left"]} == {"lab", "nas"}
    (manifest,) = (kept.path / "proofs/snapshots").rglob("storages.yaml")
    manifest.write_text(manifest.read_text().replace("lab", "bal"))
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y", "--allow-incomplete", code=1)
    assert "storages.yaml of the snapshot" in told.stderr


def test_a_platform_that_knows_none_of_the_storages_may_be_the_wrong_one(kept):
    kept.folder.write(
        "version: 1\nplatform: sqlite:///new.db\nstorages:\n"
        "  - {name: z, type: local, default_url: /z}\n",
        "other.yaml",
    )
    kept.folder("apply", "-f", "other.yaml", "-y")
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "--dry-run").stdout
    assert "other_platform: none of the 1 live storages is in the snapshot" in told


def test_scope_narrows_what_is_rebuilt(kept):
    made = report(kept, "--platform", NEW, "--scope", "n*")
    assert (made["storages"], made["rebuilt"], list(live(kept))) == (1, 1, ["nas"])
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y", "--scope", "typo", code=64)
    assert "has no storage in this scope" in told.stderr


def test_markdown_and_a_narrow_terminal(kept):
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "-y", "-o", "markdown").stdout
    assert told.startswith("### Rebuilt: 2 of 2 storages, 21 file records added. NOT VERIFIED.\n")
    assert "reconciler verify" in told
