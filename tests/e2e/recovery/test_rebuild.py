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
def made(tmp_path_factory, warm):
    """Two storages with file records, in a snapshot: made once, for that takes its time."""
    storages = Storages(Folder(tmp_path_factory.mktemp("kept"), warm))
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
        done = kept.folder.shell(f'set -- $(dirname "$0"); PATH="$1:$PATH"; {line}', plain=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_dry_run_shows_the_plan_and_writes_nothing(kept):
    told = kept.folder("rebuild", "proofs", "--platform", NEW, "--dry-run", "-o", "json")
    plan = json.loads(told.stdout)
    assert plan["summary"]["create"] == 2
    assert "File records to add: 21, to 2 storages." in told.stderr
    assert "new.db" not in kept.folder.files()
    kept.folder.write(told.stdout, "plan.json")
    digest = kept.folder.read("proofs.digest").strip()
    line = ("rebuild", "proofs", "--platform", NEW, "--expect-plan", "plan.json")
    kept.folder(*line, "--expect", WRONG, code=4)
    kept.folder(*line, "--expect", digest)
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
    told = report(kept, "--platform", NEW)["files"]
    assert told[0].startswith("Your manifest pins 2 storages by ids of the snapshot: run it again")
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
