"""A real scheduler of Dask, and workers, as processes on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

WATCHED = Path(__file__).with_name("watched_worker.py")
#: What no test waits for: half a minute until a connection counts as failed, a page for people.
QUICK = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
    "DASK_DISTRIBUTED__ADMIN__EVENT_LOOP_MONITOR_INTERVAL": "1s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


class Cluster:
    """Its processes; `folder` has what they tell."""

    def __init__(
        self, folder: Path, *options: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a scheduler, with the options for certificates, if it is to have any.

        Its processes have `environment`, too.
        """
        self._environment = environment or {}
        self.folder = folder
        self.options = options
        self.kills = folder / "kills"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        described = folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", described)
        self._wait("scheduler", lambda: described.exists() and described.stat().st_size)
        self.address: str = json.loads(described.read_text())["address"]

    def worker(self, name: str, resources: str = "", hidden: Path | None = None) -> None:
        """Start a worker; for it nothing lies in the folder that is `hidden`, as on a machine
        where it is not mounted: see `can_hide`.
        """
        declared = ("--resources", resources) if resources else ()
        settings = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--memory-limit", "0")
        # Whoever is killed before `close` leaves none behind for ever.
        settings += ("--lifetime", "10m")
        preload = ("--preload", WATCHED)
        at = ("--name", name, "--local-directory", self.folder / name)
        given = (self.address, *settings, *declared, *preload, *at)
        self._start(name, *given, kind="worker", hidden=hidden)
        log = self.folder / f"{name}.log"
        self._wait(name, lambda: b"Starting established connection" in log.read_bytes())

    def seen(self, name: str) -> set[str]:
        """Give which files a worker has opened."""
        seen = self.folder / f"{name}.seen"
        return set(seen.read_text().split()) if seen.exists() else set()

    def forget(self) -> None:
        """Forget what workers have opened."""
        for seen in self.folder.glob("*.seen"):
            seen.unlink()

    def close(self) -> None:
        """End all of them, the scheduler last."""
        for process in reversed(self.processes.values()):
            process.kill()
            process.wait()

    def _start(self, name: str, *given: str | Path, kind: str = "", hidden: Path | None = None):
        program = f"distributed.cli.dask_{kind or name}"
        line = [sys.executable, "-m", program, "--host", "127.0.0.1", *self.options, *given]
        if hidden is not None:
            script = 'mount -t tmpfs none "$0" && exec "$@"'
            line = ["unshare", "-m", "sh", "-c", script, hidden, *line]
        around = {"SEEN_IN": str(self.folder / f"{name}.seen"), "KILLS": str(self.kills)}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                line,
                env={**os.environ, **QUICK, **self._environment, **around},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait(self, name: str, is_ready) -> None:
        deadline, process = time.monotonic() + 60, self.processes[name]
        while not is_ready():
            told = (self.folder / f"{name}.log").read_text()
            assert process.poll() is None, told
            assert time.monotonic() < deadline, told
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue


def can_hide() -> bool:
    """Say whether a process may be started for which a folder is another one."""
    if not shutil.which("unshare"):
        return False
    line = ["unshare", "-m", "true"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0
