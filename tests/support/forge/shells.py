"""How tests run the shell lines of a job, and how they cancel one as runners do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.commands.starting import COMMAND, warm

#: What stands before the lines; the first is what GitHub's `shell: bash` means.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass
class Cancelling:
    """When to cancel, and how long to wait between the signals."""

    #: Waits until the moment has come.
    when: Callable[[], object]
    #: Seconds from the first signal to SIGTERM, and from that to SIGKILL, as GitHub has them.
    #: None: SIGTERM as soon as the program has said that it stops, then SIGKILL as `doomed` says.
    patience: tuple[float, float] | None = (7.5, 2.5)
    #: Waits until SIGKILL is to come; None: the program has all the time that it wants.
    doomed: Callable[[], object] | None = None
    #: Which signal comes first: of GitLab it is SIGTERM.
    first: signal.Signals = signal.SIGINT


class Shell:
    """Runs the lines of jobs; the command in their PATH is one that waits with all imported."""

    def __init__(self) -> None:
        """Begin with nothing to cancel."""
        #: Cancels the next shell whose lines hold this word.
        self.cancelling: tuple[str, Cancelling] | None = None
        #: Start commands as users do: what has them waiting does not end by a kill of the shell.
        self.as_users_do = False
        #: Install what a job installs.
        self.really = False

    @property
    def commands(self) -> Path:
        """The folder in which `reconciler` is."""
        waiting = None if self.as_users_do else warm()
        return waiting.commands(COMMAND) if waiting else COMMAND.parent

    def install(self, temporary: Path, text: str) -> str:
        """Put into place what lines would have installed; give what is left of them."""
        if self.really:
            return text
        made = temporary / "reconciler" / "bin"
        made.mkdir(parents=True)
        (made / "reconciler").symlink_to(self.commands / "reconciler")
        (made / "python").symlink_to(sys.executable)
        return "true"

    def run(self, text: str, folder: Path, environ: dict[str, str]) -> tuple[int | str, str]:
        """Run lines; return the exit code, or `cancelled`, and all that they print."""
        base = {"PATH": f"{os.environ['PATH']}", "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"}
        around = {**base, **environ}
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            script = Path(place) / "script.sh"
            script.write_text(text, encoding="utf-8")
            log = Path(place) / "log"
            with log.open("wb") as stream:
                process = subprocess.Popen(
                    [*BASH, script],
                    cwd=folder,
                    env=around,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                try:
                    code: int | str = self._end(process, text, log)
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
            return code, log.read_text(encoding="utf-8", errors="replace")

    def _end(self, process: subprocess.Popen[bytes], text: str, log: Path) -> int | str:
        if self.cancelling is None or self.cancelling[0] not in text:
            return process.wait(timeout=600 if self.really else 60)
        _, how = self.cancelling
        self.cancelling = None
        how.when()
        # The runner tells the shell alone, and at the end kills all that it has started.
        process.send_signal(how.first)
        if how.patience is None:
            while b"Stopping" not in log.read_bytes() and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            if how.doomed is not None:
                how.doomed()
                os.killpg(process.pid, signal.SIGKILL)
        else:
            _wait(process, how.patience[0])
            process.send_signal(signal.SIGTERM)
            _wait(process, how.patience[1])
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        return "cancelled"


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def has(program: str) -> bool:
    """Say whether this machine has a program."""
    return shutil.which(program) is not None
