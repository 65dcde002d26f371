"""Several processes on one platform, and processes that are killed: nothing twice, nothing torn."""

import random
import signal
import sqlite3
from contextlib import closing, contextmanager, suppress
from subprocess import DEVNULL, PIPE, TimeoutExpired

import pytest

from reconciler.diff.temporary_names import temporary
from support.platforms.live_file import FILE, live, local, made, manifest, plan_of, settled, sql
from support.sampling import sample


def sound(folder):
    """Check that the file is whole and no name is there twice."""
    assert sql(folder, "PRAGMA integrity_check") == [("ok",)]
    assert sql(folder, "PRAGMA foreign_key_check") == []
    names = [name for (name,) in sql(folder, "SELECT name FROM storages")]
    assert len(names) == len(set(names))
    assert [f for f in folder.files() if f.startswith(".reconciler-")] == []


def at_once(folder, *files, options=()):
    """Start an apply of each file, all before any is waited for; give exit codes and output."""
    started = [
        folder.start(
            "apply", "-y", "-f", file, *options, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True
        )
        for file in files
    ]
    ends = []
    for process in started:
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        assert "has a bug" not in out + err
        ends.append((process.returncode, out, err))
    return ends


@contextmanager
def locked(folder):
    """Hold the write lock of the platform's file."""
    with closing(sqlite3.connect(folder.path / FILE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("ROLLBACK")


@pytest.mark.parametrize("number", [2, 6])
@pytest.mark.parametrize("first", ["new file", "existing file"])
def test_the_same_manifest_applied_at_once(folder, number, first):
    if first == "existing file":
        made(folder, "old")
    entries = [local(f"s{n:03}") for n in range(100)]
    folder.write(manifest(*entries, undeclared="ignore"))
    ends = at_once(folder, *["storages.yaml"] * number)
    assert [code for code, _, _ in ends] == [0] * number, ends
    sound(folder)
    assert len(live(folder)) == 100 + (first == "existing file")
    settled(folder)


@pytest.mark.parametrize("number", [2, 6])
def test_different_manifests_applied_at_once_to_a_new_file(folder, number):
    files = [f"{team}.yaml" for team in range(number)]
    for team, file in enumerate(files):
        entries = [local(f"{team}-{n:02}") for n in range(30)]
        folder.write(manifest(*entries, scope=[f"{team}-*"]), file)
    ends = at_once(folder, *files)
    assert [code for code, _, _ in ends] == [0] * number, ends
    sound(folder)
    assert len(live(folder)) == 30 * number
    for file in files:
        settled(folder, "-f", file)


def test_manifests_that_contradict_each_other_are_applied_in_some_order(folder):
    before = made(folder, *(f"s{n:02}" for n in range(60)))
    for label in ("One", "Two"):
        folder.write(manifest(*(local(name, label=label) for name in before)), f"{label}.yaml")
    ends = at_once(folder, "One.yaml", "Two.yaml")
    for code, out, err in ends:
        # 0: it had the last word, or was overtaken after it looked. Else something was touched.
        assert code in (0, 4, 5), (code, out, err)
    sound(folder)
    after = live(folder)
    assert {found["label"] for found in after.values()} <= {"One", "Two"}
    assert {name: found["id"] for name, found in after.items()} == {
        name: found["id"] for name, found in before.items()
    }
    folder("apply", "-y", "-f", "One.yaml")
    settled(folder, "-f", "One.yaml")


def test_the_same_renames_and_removals_at_once(folder):
    before = made(folder, *(f"s{n:02}" for n in range(40)))
    ring = [f"s{n:02}" for n in range(20)]
    turned = [
        local(new, old, id=f"id-{old}") for old, new in zip(ring, ring[1:] + ring[:1], strict=True)
    ]
    gone = [{"name": f"s{n:02}", "id": f"id-s{n:02}"} for n in range(20, 30)]
    kept = [local(f"t{n}", f"s{n}", renamed_from=[f"s{n}"]) for n in range(30, 40)]
    folder.write(manifest(*turned, *kept, removed=gone))
    ends = at_once(folder, *["storages.yaml"] * 4)
    for code, out, err in ends:
        # Whoever comes second may find a storage half way round the circle.
        assert code in (0, 4, 5, 65), (code, out, err)
    sound(folder)
    folder("apply", "-y")
    settled(folder)
    after = live(folder)
    assert len(after) == 30
    assert {found["id"] for found in after.values()} < {found["id"] for found in before.values()}


def test_one_saved_plan_applied_by_six(folder):
    folder.write(manifest(*(local(f"s{n:02}") for n in range(50))))
    folder("plan", "--out", "plan.json")
    started = [folder.start("apply", "plan.json", stdout=DEVNULL, stderr=PIPE) for _ in range(6)]
    ends = [process.communicate(timeout=60)[1] for process in started]
    # It was made for a new platform, which it is for the first alone.
    assert sorted(process.returncode for process in started) == [0] + [4] * 5, ends
    sound(folder)
    settled(folder)


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_platform_locked_for_longer_than_we_wait(folder, output):
    before = made(folder, "a", "b", "c")
    folder.write(manifest(*(local(name, label="New") for name in before)))
    folder("plan", "--out", "plan.json")
    with locked(folder):
        for how in (("-y",), ("plan.json",), ("--expect", "plan.json")):
            told = folder("apply", *how, "-o", output, "--lock-timeout", "0.1s", code=6)
            assert "another process is writing to it" in told.stderr
            assert "Applied" not in told.stdout
        # Who only reads is not in anybody's way.
        assert plan_of(folder)["summary"]["update"] == 3
        folder("list")
        folder("drift", code=2)
    assert live(folder) == before
    folder("apply", "plan.json")
    settled(folder)


def test_a_platform_that_becomes_free_in_time(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="New")))
    with locked(folder):
        process = folder.start(
            "apply", "-y", "--lock-timeout", "50s", stdout=PIPE, stderr=DEVNULL, text=True
        )
        for line in process.stdout:
            if line.startswith("Plan:"):
                break
        assert process.poll() is None
        assert live(folder)["a"]["label"] == "L"
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    settled(folder)


def test_ctrl_c_ends_the_wait_for_a_locked_platform(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="New")))
    with (
        locked(folder),
        folder.start("apply", "-y", stdout=PIPE, stderr=PIPE, text=True) as process,
    ):
        for line in process.stdout:
            if line.startswith("Plan:"):
                break
        # Once before it waits, or twice while it does.
        for _ in range(10):
            process.send_signal(signal.SIGINT)
            with suppress(TimeoutExpired):
                process.wait(timeout=2)
                break
        assert process.returncode == 130
        assert process.stderr.read().endswith("Interrupted.\n")
    assert live(folder)["a"]["label"] == "L"


def test_planning_while_an_apply_runs(folder):
    folder.write(manifest(*(local(f"s{n:03}") for n in range(400))))
    with folder.start("apply", "-y", "-q", "-v", stdout=DEVNULL, stderr=DEVNULL) as process:
        seen = []
        while process.poll() is None:
            seen.append(plan_of(folder))
        assert process.returncode == 0
    created = [400 - plan["summary"]["create"] for plan in seen]
    assert created == sorted(created)
    assert {plan["status"] for plan in seen} == {"ready"}
    settled(folder)
    sound(folder)


# Killed in the middle

GONE = [f"gone{n:02}" for n in range(60)]
OLD = [f"old{n:02}" for n in range(60)]
SWAPPED = [f"swap{n:02}" for n in range(40)]
RING = [f"ring{n}" for n in range(7)]
#: How many are killed in a long run, and which of them for each commit.
KILLS = 60
CHOSEN = sample(range(KILLS), 6, "killed at any moment")


def wanted():
    """Give a manifest of some 300 operations: creates, labels, renames, swaps, removals."""
    pairs = zip(SWAPPED[::2], SWAPPED[1::2], strict=True)
    moves = {old: new for a, b in pairs for old, new in ((a, b), (b, a))}
    moves |= dict(zip(RING, RING[1:] + RING[:1], strict=True))
    return manifest(
        *(local(f"new{n:03}") for n in range(130)),
        *(local(f"moved-{name}", name, renamed_from=[name], label="New") for name in OLD),
        *(local(new, old, id=f"id-{old}", label="Turned") for old, new in moves.items()),
        removed=[{"name": name} for name in GONE[:30]],
        undeclared="remove",
        max_removals=30,
    )


def is_between(found, name_after):
    """Say whether a storage is as it was, as it will be, or on its way."""
    old = found["id"].removeprefix("id-")
    before = (found["name"], found["label"]) == (old, "L")
    aside = found["name"] == temporary(old, found["id"]) and found["label"] == "L"
    return before or aside or found["name"] == name_after.get(found["id"])


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[] if n in CHOSEN else pytest.mark.long) for n in range(KILLS)]
)
def test_killed_at_any_moment_the_next_apply_does_the_rest(folder, seed):
    before = made(folder, *GONE, *OLD, *SWAPPED, *RING)
    folder.write(wanted())
    plan = plan_of(folder)
    operations = plan["operations"]
    assert len(operations) == 130 + 60 + 47 + 60
    name_after = {op["id"]: op["name"] for op in operations if op["action"] == "update"}
    rng = random.Random(seed)
    last = rng.randrange(len(operations))
    process = folder.start("apply", "-y", "-v", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    moments = (line for line in process.stderr if b": done" in line or b": started" in line)
    for at, _ in enumerate(moments):
        if at >= last * 2:
            break
    process.kill()
    process.communicate()
    # It may have come to its end while we looked.
    assert process.returncode in (-signal.SIGKILL, 0)
    sound(folder)
    made_by_us = [found for found in live(folder).values() if found["id"] not in name_after]
    for found in live(folder).values():
        if found["id"] in name_after:
            assert is_between(found, name_after)
    names = {found["name"] for found in made_by_us}
    assert names <= set(GONE) | {f"new{n:03}" for n in range(130)}
    folder("apply", "-y", "-q")
    settled(folder)
    sound(folder)
    after = live(folder)
    assert len(after) == 130 + 60 + 47
    kept = {
        found["id"]: found["created_at"] for found in after.values() if found["id"] in name_after
    }
    assert kept == {
        found["id"]: found["created_at"] for found in before.values() if found["id"] in name_after
    }
    assert {found["id"]: found["name"] for found in after.values()}.items() >= name_after.items()
