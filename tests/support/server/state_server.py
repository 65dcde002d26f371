"""The state server as users run it: the installed command, in a process of its own."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from support.commands.starting import start
from support.commands.warm import Started
from support.leaks import check_told

_READY = re.compile(r"^Listening on (?P<url>https?://\S+)$")
_PATIENCE = 60.0


def environment(**changes: str) -> dict[str, str]:
    """Give an environment without the settings that the developer has for reconciler."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RECONCILER_")}
    return {**kept, **changes}


def make_token(database: str, role: str = "admin", name: str = "test", *more: str) -> str:
    """Make a token with the installed command."""
    line = ["token", "create", name, "--role", role, *more]
    with start(line, environment(RECONCILER_DATABASE=database), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        token = process.stdout.read().decode().strip()
        assert process.wait(timeout=_PATIENCE) == 0
    return token


class StateServer:
    """`reconciler serve` on a free port of the loopback address.

    With `token`, the name of a role, one is made first; `server.token` then is its text.
    """

    def __init__(
        self,
        database: str,
        *options: str,
        token: str | None = None,
        listen: str = "127.0.0.1:0",
    ) -> None:
        self.database = database
        self.token = None if token is None else make_token(database, token)
        #: Where it answers; known once it is entered.
        self.url = ""
        self._listen = listen
        self._options = options
        self._log: list[str] = []

    def __enter__(self) -> StateServer:
        """Start it, and wait until it answers."""
        self.start()
        return self

    def start(self) -> None:
        """Start it, once more too, at the address that it had; wait until it answers."""
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.process = start(
            ["serve", "--listen", self._listen, *self._options],
            environment(RECONCILER_DATABASE=self.database),
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        url = self._ready.get(timeout=_PATIENCE)
        if url is None:
            self.stop()
            raise RuntimeError(f"the server did not start: {self.log}")
        self.url = url
        self._listen = url.partition("://")[2]

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """Ask it to end as systemd does, wait until it has, and give its exit code."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it without giving it a chance to do anything more."""
        self.process.kill()
        self._ended()

    @property
    def port(self) -> int:
        """Where it listens; known once it is entered."""
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        return "".join(self._log)

    def _ended(self) -> int:
        code = self.process.wait(timeout=_PATIENCE)
        self._reader.join(timeout=_PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()
        if isinstance(self.process, Started):
            self.process.close()
        check_told(self.log)
        return code

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in map(bytes.decode, self.process.stderr):
            self._log.append(line)
            if found := _READY.match(line):
                self._ready.put(found["url"])
        self._ready.put(None)


@contextmanager
def servers(database: str, count: int) -> Iterator[list[StateServer]]:
    """Run several servers on one database."""
    with ExitStack() as stack:
        yield [stack.enter_context(StateServer(database)) for _ in range(count)]
