"""A state server for one measurement: started, used, ended, and what it took."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from child import Usage, environment, usage_of


class Server:
    """`reconciler serve` on a database; `used` is known when it has ended."""

    def __init__(self, reconciler: Path, database: Path) -> None:
        """Start it, and wait until it answers."""
        self.used = Usage(0, 0)
        line = [reconciler, "serve", "--database", f"sqlite:///{database.as_posix()}"]
        self._process = subprocess.Popen(
            [*line, "--listen", "127.0.0.1:0"],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self._ready()
        # Nobody reads further what it tells; its pipe must not fill up.
        threading.Thread(target=self._drain, daemon=True).start()

    def end(self) -> None:
        """Ask it to end, and find out what it took from its start."""
        self._process.terminate()
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.used = usage_of(used)

    def _ready(self) -> str:
        assert self._process.stderr is not None
        told = ""
        for line in self._process.stderr:
            told += line
            if found := re.match(r"Listening on (\S+)$", line):
                return found[1]
        sys.exit(f"the server did not start: {told}")

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for _ in self._process.stderr:
            pass


@contextmanager
def serving(reconciler: Path, database: Path) -> Iterator[Server]:
    """Run a server for as long as it is needed."""
    server = Server(reconciler, database)
    try:
        yield server
    finally:
        server.end()
