"""An apply that runs, followed event by event, so that a test can act at a chosen moment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.commands.starting import Process, start
from support.server.state_server import environment


class Following:
    """What a running apply has told so far."""

    def __init__(self, process: Process) -> None:
        self._process = process
        #: How many operations it has done.
        self.done = 0

    def until(self, done: int) -> None:
        """Follow until so many operations are done; it must not have come to its end by then."""
        while self.done < done:
            assert self._event(), f"it ended after {self.done} operations"

    def end(self) -> int:
        """Follow to the end, and give the exit code."""
        while self._event():
            pass
        return self._process.wait(timeout=60)

    def _event(self) -> bool:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            self.done += json.loads(line)["event"] == "operation_done"
        return bool(line)


@contextmanager
def following(folder: Path, url: str, **environ: str) -> Iterator[Following]:
    """Run `reconciler apply` in a folder while entered."""
    settings = environment(RECONCILER_PLATFORM=url, **environ)
    line = ["apply", "-y", "-q", "--events", "-"]
    with start(line, settings, folder, stdout=subprocess.PIPE) as process:
        try:
            yield Following(process)
        finally:
            process.kill()
