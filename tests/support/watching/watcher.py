"""A real `reconciler watch` in a campaign: what it says, on each of its ways, and what it takes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from support.commands.starting import COMMAND
from support.watching.remote import ENVIRON
from support.watching.world import World

#: Seconds from look to look, and that a look, or an apply over a slow line, may take.
INTERVAL, LONGEST = 2.0, 8.0
#: Seconds after which what is due counts as missed.
PATIENCE = 60.0
_LISTENS = re.compile(r"Listening on (\S+)")


class Told(NamedTuple):
    """What is told of one condition."""

    event: str
    kind: str
    name: str
    code: str
    message: str


def until(
    true: Callable[[], bool], what: Callable[[], object] = lambda: "", seconds: float = PATIENCE
) -> None:
    """Wait until something is so; raises `AssertionError` after a while."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


class Watcher:
    """One watch, which may be ended and begun again."""

    def __init__(self, world: World, name: str, addresses: str, *options: str) -> None:
        """Have it notify these addresses."""
        self.world, self.name = world, name
        self.checkout = world.remote.clone(name)
        self._notify = world.folder / f"{name}.notify"
        self._notify.write_text(addresses)
        self._notify.chmod(0o600)
        self._options = options
        #: What it has told on standard output, and the lines of standard error.
        self.told: list[Told] = []
        self.applied: list[str] = []
        self.cut_off: list[str] = []
        self.notes: list[str] = []
        #: Looks of those that were ended.
        self._earlier = 0

    def start(self) -> None:
        """Begin, and wait until it has looked."""
        state = self.world.disk.folder
        line = (
            *("watch", "--pull", "--require-signed", "--interval", f"{INTERVAL:g}s"),
            *("--timeout", f"{LONGEST:g}s", "--listen", "127.0.0.1:0", "-o", "json"),
            *("--state", state / f"{self.name}.state", "--journal", state / f"{self.name}.journal"),
            *("--notify-urls", self._notify, "--platform", self.world.proxy.url),
        )
        self.process = subprocess.Popen(
            [COMMAND, *map(str, line), *self._options],
            cwd=self.checkout,
            env={**ENVIRON, "RECONCILER_TOKEN": self.world.token, "NO_PROXY": "127.0.0.1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._url = ""
        self._readers = [
            threading.Thread(target=reads, daemon=True) for reads in (self._out, self._err)
        ]
        for reader in self._readers:
            reader.start()
        until(lambda: bool(self._url), lambda: self.notes[-5:])
        until(lambda: self.status()["rounds"] > 0)

    def end(self) -> None:
        """End it as systemd does."""
        self._earlier += self.status()["rounds"]
        self.process.terminate()
        code = self.process.wait(timeout=PATIENCE)
        self._join()
        assert code == 0, (code, self.notes[-5:])

    def kill(self) -> None:
        """End it as nobody should."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self._join()

    def poke(self) -> None:
        """Have it look now."""
        self.process.send_signal(signal.SIGHUP)

    def status(self) -> dict:
        """Return how it says that things stand."""
        with urllib.request.urlopen(f"{self._url}/v1/status", timeout=PATIENCE) as answer:
            return json.load(answer)

    def rounds(self) -> int:
        """Return how often it has looked, over all of its starts."""
        return self._earlier + self.status()["rounds"]

    def wait_for_rounds(self, number: int) -> None:
        """Wait for so many looks that have not begun yet."""
        end = self.status()["rounds"] + number + 1
        until(lambda: self.status()["rounds"] >= end)

    def size(self) -> tuple[int, int, int]:
        """Return what it takes: kilobytes of memory, threads, and open files."""
        proc = Path(f"/proc/{self.process.pid}")
        found = dict(re.findall(r"(VmRSS|Threads):\s+(\d+)", (proc / "status").read_text()))
        return int(found["VmRSS"]), int(found["Threads"]), len([*(proc / "fd").iterdir()])

    def _join(self) -> None:
        for reader in self._readers:
            reader.join(PATIENCE)

    def _out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told["event"] == "applied":
                self.applied.append(told["verdict"])
            elif told["event"] == "cut_off":
                self.cut_off.append(told["applying"])
            else:
                self.told.append(Told(*(told[field] for field in Told._fields)))

    def _err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.notes.append(line.rstrip())
            if found := _LISTENS.match(line):
                self._url = found[1]
