"""A rebuild that is killed at any moment: run again, it ends as it would have, on every platform.

Of fifty moments on each a few are tried by each commit; `--long` tries all.
"""

import json
import os
import random
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.recovery import killed_at, snapshots
from support.recovery.rebuild_homes import HOMES
from support.sampling import CAMPAIGN, is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
MOMENTS, TRIED = 50, 1
#: Enough for several storages to be under way at once, and records in more than one group.
STORAGES, FILES = 12, 40


class Rebuilds:
    """Rebuilds of one snapshot, each onto a platform of its own."""

    def __init__(self, folder, kind, homes):
        was = snapshots.platform(*(f"s{i}" for i in range(STORAGES)))
        for id in was.files:
            was.files[id] = {f"u{i}": (f"u{i}", f"{i}", "x") for i in range(FILES)}
        snapshots.taken(was, snapshots.repository(folder.path))
        self.folder, self.kind, self.homes = folder, kind, homes

    def new(self, name):
        """Make a platform; it is there as long as it is entered."""
        return HOMES[self.kind](self.homes, name)

    def start(self, home, name, at=0, counted=""):
        own = home.environment
        path = os.pathsep.join(filter(None, (HOOK, own.get("PYTHONPATH"))))
        env = {**own, "PYTHONPATH": path, "KILLED_AT": str(at), "COUNTED_IN": str(counted)}
        command = ["rebuild", "repository", "-y", "-q", "--platform", home.address]
        more = ("--ids", f"{name}.json")
        process = self.folder.start(*command, *more, env=env, stdout=-1, stderr=-1)
        told, errors = process.communicate(timeout=120)
        assert b"Traceback" not in errors, errors
        return process.returncode, told + errors


@CAMPAIGN
@pytest.mark.parametrize("kind", HOMES)
def test_a_rebuild_that_was_killed_at_any_moment_is_finished_by_the_next(
    folder, tmp_path_factory, request, kind
):
    rebuilds, counted = (
        Rebuilds(folder, kind, tmp_path_factory.mktemp("homes")),
        folder.path / "counted",
    )
    with rebuilds.new("whole") as home:
        code, told = rebuilds.start(home, "whole", counted=counted)
        assert code == 0, told
        touches, whole = int(counted.read_text()), home.held()
    assert len(whole) == STORAGES
    moments = range(MOMENTS)
    seeds = moments if is_long(request.config) else sample(moments, TRIED, f"rebuilds on {kind}")
    killed = 0
    for seed in seeds:
        name, chance = f"m{seed}", random.Random(seed)
        # Before the first third modules are imported and the snapshot is checked.
        at = chance.randrange(touches // 3, touches)
        with ExitStack() as stack:
            home = stack.enter_context(rebuilds.new(name))
            code, told = rebuilds.start(home, name, at=at)
            assert code in (-signal.SIGKILL, 0), (seed, at, told)
            killed += code != 0
            home.let_go()
            code, told = rebuilds.start(home, name)
            assert code == 0, (seed, at, told)
            assert home.held() == whole, (seed, at)
        ids = json.loads(folder.read(f"{name}.json"))["ids"]
        assert len(set(ids.values())) == STORAGES, (seed, at)
        assert not [each.name for each in folder.path.glob(".*") if each.is_file()], (seed, at)
    # How often the disk is touched hangs on who is faster: the last moments may never come.
    assert killed >= len(seeds) // 2, killed
