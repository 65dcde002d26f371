"""Kills the command that finds this on its path, just before it touches the disk the nth time.

What is counted is what a scan or a rebuild does once it has begun: `KILLED_AT` says when; the
number of all that it did goes to the file `COUNTED_IN`. Of a rebuild each statement to a database
counts too, and whatever is sent to a server or received from it.
"""

import atexit
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

AT = int(os.environ["KILLED_AT"])
TOUCHES = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.scandir"}
REBUILD = "reconciler.cli.recovery.rebuild"
BEGUN = {"reconciler.recovery.scanning.run", REBUILD}
connected = sqlite3.connect
count = 0


def touched(event: str, _: object) -> None:
    if event in TOUCHES and not BEGUN.isdisjoint(sys.modules):
        one_more()


def connect(*arguments: Any, **more: Any) -> sqlite3.Connection:
    database = connected(*arguments, **more)
    if REBUILD in sys.modules:
        database.set_trace_callback(lambda _: one_more())
    return database


def counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """Count each call, before it is made: what was sent and not yet received is a moment, too."""

    def call(self: socket.socket, *arguments: Any) -> Any:
        if REBUILD in sys.modules:
            one_more()
        return method(self, *arguments)

    return call


def one_more() -> None:
    global count  # noqa: PLW0603 - there is one process to be killed
    count += 1
    if count == AT:
        os.kill(os.getpid(), signal.SIGKILL)


def tell() -> None:
    with open(os.environ["COUNTED_IN"], "w") as file:  # noqa: PTH123
        file.write(str(count))


if os.environ.get("COUNTED_IN"):
    atexit.register(tell)
sqlite3.connect = connect
for name in ("send", "recv"):
    setattr(socket.socket, name, counted(getattr(socket.socket, name)))
sys.addaudithook(touched)
