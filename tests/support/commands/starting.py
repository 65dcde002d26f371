"""How tests start the installed command: from a waiting process, or as users do."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias

from support.commands.warm import Line, Started, Waiting

COMMAND = Path(sys.executable).with_name("reconciler")
#: What tests use of a process is in both.
Process: TypeAlias = "subprocess.Popen[bytes] | Started"

_chosen = SimpleNamespace(as_users_do=sys.platform != "linux", environment=dict(os.environ))


def start_as_now() -> None:
    """Have the waiting process started in the environment of now, whatever tests make of it."""
    _chosen.environment = dict(os.environ)


def always_as_users_do() -> None:
    """Start each command as users do from now on."""
    _chosen.as_users_do = True


def warm() -> Waiting | None:
    """Return the processes that start commands; None where each is to be started as users do."""
    return None if _chosen.as_users_do else _waiting()


@cache
def _waiting() -> Waiting:
    waiting = Waiting(_chosen.environment)
    atexit.register(waiting.close)
    return waiting


def start(
    line: Line,
    environment: dict[str, str],
    folder: Path | None = None,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> Process:
    """Start the command in a folder (else in that of the tests), without input."""
    folder = Path.cwd() if folder is None else folder
    waiting = warm()
    if waiting is not None and (forking := waiting.of(environment, line)):
        return forking.start([COMMAND, *line], folder, environment, stdout, stderr)
    return subprocess.Popen(
        [COMMAND, *line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def until_it_waits(pid: int) -> None:
    """Return once a process waits in the kernel, if that can be seen here.

    A signal just before does not end a wait that is about to begin: Python has looked already.
    """
    stat = Path(f"/proc/{pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "R":
        os.sched_yield()
