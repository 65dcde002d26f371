"""A snapshot, or a prune, that is killed at any moment: the next run ends as it would have.

Of fifty moments a few are tried by each commit; `--long` tries all.
"""

import json
import os
import random
import shutil
import signal
from pathlib import Path

from reconciler.platforms import open_platform
from support.recovery import killed_at
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
MOMENTS, TRIED = 50, 2


def run(storages, *arguments, at=0, counted=None):
    """Run `snapshot` with the hook that kills; give the process when it has ended."""
    env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": str(counted or "")}
    process = storages.folder.start("snapshot", *arguments, env=env, stdout=-1, stderr=-1)
    process.communicate(timeout=120)
    return process.returncode


def report(storages, *arguments):
    return json.loads(storages.folder("snapshot", *arguments, "-o", "json").stdout)


def record_files(storages, rows):
    path = f"sqlite:///{storages.path}/platform.db"
    opened = open_platform(path, base=None, environ=os.environ).writer(wait=5)
    (found,) = opened.find(name="nas")
    opened.record_inventory(found.id, rows)
    opened.close()


def held(snapshot):
    """Give what a snapshot holds, but for when and by whom it was made."""
    storages = [
        {**each, "inventory": {**each["inventory"], "read_at": ""}} for each in snapshot["storages"]
    ]
    return snapshot["complete"], snapshot["manifest_sha256"], storages


def chosen(request, what):
    moments = range(MOMENTS)
    return moments if is_long(request.config) else sample(moments, TRIED, what)


@CAMPAIGN
def test_a_snapshot_that_was_killed_at_any_moment_is_whole_or_not_there(storages, request):
    record_files(storages, [(f"u{i:04}", f"{i}", f"{i}") for i in range(5000)])
    storages.scan()
    # The scan is part of what both begin with.
    shutil.copytree(storages.path / "proofs", storages.path / "begun")
    counted = storages.path / "counted"
    assert run(storages, "create", "proofs", counted=counted) == 0
    touches = int(counted.read_text())
    expected = held(report(storages, "list", "proofs@2026"))
    for seed in chosen(request, "kills of snapshots"):
        chance = random.Random(seed)
        repository = f"proofs-{seed}"
        shutil.copytree(storages.path / "begun", storages.path / repository)
        for _ in range(chance.choice([1, 1, 2])):
            # The last touches are those that count; before, modules are imported.
            at = chance.randrange(touches // 2, touches + 1)
            assert run(storages, "create", repository, at=at) in (-signal.SIGKILL, 0), (seed, at)
        made = report(storages, "create", repository)
        assert held(made) == expected, seed
        assert report(storages, "check", repository)["sound"], seed
        for each in report(storages, "list", repository)["snapshots"]:
            assert held(report(storages, "list", f"{repository}@{each['id']}")) == expected, seed
        storages.folder("snapshot", "check", repository, "--expect", made["digest"])
        shutil.rmtree(storages.path / repository)


@CAMPAIGN
def test_a_prune_that_was_killed_at_any_moment_loses_nothing_that_is_needed(storages, request):
    for number in range(4):
        record_files(storages, [(f"u{number}", "1", "2")])
        last = report(storages, "create", "begun")
    shutil.copytree(storages.path / "begun", storages.path / "proofs")
    rules = ("--keep-last", "1", "--yes")
    counted = storages.path / "counted"
    assert run(storages, "prune", "proofs", *rules, counted=counted) == 0
    touches = int(counted.read_text())
    for seed in chosen(request, "kills of prunes"):
        chance = random.Random(seed)
        repository = f"proofs-{seed}"
        shutil.copytree(storages.path / "begun", storages.path / repository)
        at = chance.randrange(touches // 2, touches + 1)
        assert run(storages, "prune", repository, *rules, at=at) in (-signal.SIGKILL, 0), (seed, at)
        assert report(storages, "check", repository)["sound"], (seed, at)
        # The lease of a run that was killed runs out by itself.
        shutil.rmtree(storages.path / repository / ".prune-lock", ignore_errors=True)
        storages.folder("snapshot", "prune", repository, *rules)
        left = report(storages, "list", repository)["snapshots"]
        assert [each["id"] for each in left] == [last["id"]], (seed, at)
        assert report(storages, "check", repository)["sound"], (seed, at)
        shutil.rmtree(storages.path / repository)


def test_a_full_disk_is_told_and_the_next_snapshot_is_whole(storages):
    record_files(storages, [(f"{i * 7919 % 5003:04}", f"{i}", f"{i}") for i in range(5000)])
    # No file can grow beyond that: as on a full disk, but for the number of the error.
    told = storages.folder.shell('ulimit -f 8; "$0" snapshot create proofs')
    assert told.returncode == 1, told.stdout
    assert "Traceback" not in told.stderr
    assert "Error: " in told.stderr
    assert report(storages, "list", "proofs")["snapshots"] == []
    expected = held(report(storages, "create", "undisturbed"))
    assert held(report(storages, "create", "proofs")) == expected
    assert report(storages, "check", "proofs")["sound"]
