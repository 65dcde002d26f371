"""Run a program to its end and say what it took."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

#: What would make a run other than that of an ordinary user.
_STRANGE = ("PYTHON", "RECONCILER_", "COV_")
#: `ru_maxrss` counts bytes on macOS, KiB elsewhere.
_UNIT = 1 if sys.platform == "darwin" else 1024


class Usage(NamedTuple):
    """What one process took, from its start to its end."""

    #: User and system seconds, those of its own children included.
    cpu: float
    #: The most memory that it ever held, MiB. (This program's own, some 20 MiB, is a lower bound.)
    peak: float


def environment() -> dict[str, str]:
    """Give the environment of an ordinary user."""
    return {name: text for name, text in os.environ.items() if not name.startswith(_STRANGE)}


def usage_of(used: resource.struct_rusage) -> Usage:
    """Say what the system has counted for a process that has ended."""
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * _UNIT / 2**20)


def run(command: Sequence[str | Path], *, expect: int = 0, folder: Path | None = None) -> Usage:
    """Run a command; its output goes to a file. A wrong exit code ends the benchmark."""
    return output(command, expect=expect, folder=folder)[0]


def output(
    command: Sequence[str | Path], *, expect: int = 0, folder: Path | None = None
) -> tuple[Usage, str]:
    """Run a command, and give what it wrote too."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(words, cwd=folder, env=environment(), stdout=told, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        text = _text(told)
        if process.returncode != expect:
            text = (text + _text(errors))[-2000:]
            sys.exit(f"{' '.join(words)}: exit code {process.returncode}, not {expect}\n{text}")
    return usage_of(used), text.strip()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
