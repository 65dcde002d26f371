"""Run a program to its end and say what it took."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

#: What would make a run other than that of an ordinary user.
_STRANGE = ("PYTHON", "RECONCILER_", "COV_")
_ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(_STRANGE)}
#: `ru_maxrss` counts bytes on macOS, KiB elsewhere.
_UNIT = 1 if sys.platform == "darwin" else 1024


class Usage(NamedTuple):
    """What one process took, from its start to its end."""

    #: User and system seconds, those of its own children included.
    cpu: float
    #: The most memory that it ever held, MiB. (This program's own, some 20 MiB, is a lower bound.)
    peak: float


def run(command: Sequence[str | Path], *, expect: int = 0, folder: Path | None = None) -> Usage:
    """Run a command; its output goes to a file. A wrong exit code ends the benchmark."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            words, cwd=folder, env=_ENVIRONMENT, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expect:
            output.seek(0)
            text = output.read().decode(errors="replace")[-2000:]
            sys.exit(f"{' '.join(words)}: exit code {process.returncode}, not {expect}\n{text}")
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * _UNIT / 2**20)
