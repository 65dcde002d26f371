"""Campaigns of watches, in a process with mounts of its own.

`unshare --mount python -m support.watching.campaign looking FOLDER SEED SECONDS` plays one; so
does `played`. It fails if something was not told, told twice, or told and not so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.faults.mounted import OWN_MOUNTS, TESTS
from support.notified import webhook
from support.watching.applying import Applying
from support.watching.looking import Looking
from support.watching.watcher import Watcher
from support.watching.world import world

_APPLIES = ("--apply", "--lock-timeout", "2s")


def played(name: str, folder: Path, seed: int, seconds: float) -> str:
    """Play a campaign in another process; return what went wrong, or nothing."""
    arguments = [name, str(folder), str(seed), str(seconds)]
    command = [*OWN_MOUNTS, sys.executable, "-m", __name__, *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=TESTS)
    return "" if ended.returncode == 0 else ended.stderr or str(ended.returncode)


def looking(folder: Path, seed: int, seconds: float) -> str:
    """Have one watch look."""
    with world(folder, "fail") as place, webhook() as steady, webhook() as unsteady:
        addresses = (
            f"steady = json://127.0.0.1:{steady.port}/hook\n"
            f"unsteady = json://127.0.0.1:{unsteady.port}/hook?rto=3\n"
        )
        watcher = Watcher(place, "looks", addresses)
        watcher.start()
        try:
            return Looking(place, watcher, (steady, unsteady), seed).play(seconds)
        finally:
            watcher.kill()


def applying(folder: Path, seed: int, seconds: float) -> str:
    """Have two watches apply."""
    with world(folder) as place, webhook() as one, webhook() as other:
        watchers = [
            (Watcher(place, name, f"team = json://127.0.0.1:{hook.port}/hook\n", *_APPLIES), hook)
            for name, hook in (("one", one), ("other", other))
        ]
        for watcher, _ in watchers:
            watcher.start()
        try:
            campaign = Applying(place, watchers, seed)
            campaign.play(seconds)
        finally:
            for watcher, _ in watchers:
                watcher.kill()
        return f"{len(campaign.done)} deeds, {[len(one.applied) for one, _ in watchers]} applied"


CAMPAIGNS = {"looking": looking, "applying": applying}

if __name__ == "__main__":
    _name, _folder, _seed, _seconds = sys.argv[1:]
    print(CAMPAIGNS[_name](Path(_folder), int(_seed), float(_seconds)))
