"""A rebuild that is killed at any moment: run again, it ends as it would have.

Of fifty moments a few are tried by each commit; `--long` tries all.
"""

import json
import os
import random
import signal
from contextlib import closing
from pathlib import Path

from reconciler.platforms import open_platform
from support.recovery import killed_at, snapshots
from support.sampling import is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
MOMENTS, TRIED = 50, 3
#: Enough for several storages to be under way at once, and records in more than one group.
STORAGES, FILES = 12, 40


def opened(path):
    return open_platform(f"sqlite:///{path}", base=None, environ=os.environ)


def held(path):
    """Give what a platform has, ids apart."""
    with closing(opened(path).reader()) as reader:
        return {
            each.name: (each.label, each.default_url, sorted(reader.inventory(each.id)))
            for each in reader.read().storages
        }


def let_go(path):
    """Take the killed holder's lease away, instead of waiting until it runs out."""
    with closing(opened(path).lock()) as lock:
        if path.exists() and (lease := lock.current()):
            assert lock.break_lease(lease)


def test_a_rebuild_that_was_killed_at_any_moment_is_finished_by_the_next(folder, request):
    was = snapshots.platform(*(f"s{i}" for i in range(STORAGES)))
    for id in was.files:
        was.files[id] = {f"u{i}": (f"u{i}", f"{i}", "x") for i in range(FILES)}
    snapshots.taken(was, snapshots.repository(folder.path))

    def start(name, at=0, counted=""):
        env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": str(counted)}
        command = ["rebuild", "repository", "-y", "-q", "--platform", f"sqlite:///{name}"]
        process = folder.start(*command, "--ids", f"{name}.json", env=env, stdout=-1, stderr=-1)
        process.communicate(timeout=120)
        return process.returncode

    counted = folder.path / "counted"
    assert start("whole.db", counted=counted) == 0
    touches, whole = int(counted.read_text()), held(folder.path / "whole.db")
    assert len(whole) == STORAGES
    seeds = range(MOMENTS) if is_long(request.config) else sample(range(MOMENTS), TRIED, "rebuilds")
    for seed in seeds:
        name, chance = f"{seed}.db", random.Random(seed)
        # Before the first third modules are imported and the snapshot is checked.
        at = chance.randrange(touches // 3, touches)
        assert start(name, at=at) in (-signal.SIGKILL, 0), (seed, at)
        let_go(folder.path / name)
        assert start(name) == 0, (seed, at)
        assert held(folder.path / name) == whole, (seed, at)
        ids = json.loads(folder.read(f"{name}.json"))["ids"]
        assert len(set(ids.values())) == STORAGES, (seed, at)
        assert not [each.name for each in folder.path.glob(".*") if each.is_file()], (seed, at)
