"""The system's `git`, so called that nothing of what a remote sends is ever run.

A checkout belongs to whoever configured it: their remotes, credentials and keys are heeded. What
lies in it as a file comes from the remote: hooks, filters, and configuration that was included
from such a file are not.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from reconciler.errors import UsageError
from reconciler.masking import masked_in
from reconciler.printable import shown

#: Of variables that git heeds, those by which whoever runs us says how remotes are reached. Others
#: tell of another checkout than the one at hand, or write elsewhere.
_KEPT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_PROXY_COMMAND",
        "GIT_PROXY_SSL_CAINFO",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_CERT",
        "GIT_SSL_KEY",
    }
)
#: Ours: git and what it calls have no use for our own secrets.
_OURS = ("RECONCILER_", "JETRAW_")
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    # What a link of the remote leads to would be read as a manifest, and told of where it is wrong.
    ("core.symlinks", "false"),
    ("credential.interactive", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("merge.autoStash", "false"),
    ("merge.verifySignatures", "false"),
    ("maintenance.auto", "false"),
    ("gc.auto", "0"),
    ("protocol.ext.allow", "never"),
)
#: Seconds that what is ended has to take its locks away.
_MOMENT = 2.0
#: Characters of what git says that are told.
_LONGEST = 300
_SIGNED = re.compile(r'^Good "git" signature with (\S+ key \S+)', re.MULTILINE)


class Said(NamedTuple):
    """How a call of git ended."""

    code: int
    out: str
    error: str

    @property
    def reason(self) -> str:
        """What git says is wrong, in one line that can be shown.

        What it calls, such as ssh, says just before why; and gpg says last what came of it.
        """
        lines = [line.strip() for line in self.error.splitlines() if line.strip()]
        wrong = [line.startswith(("fatal:", "error:")) for line in lines]
        first = wrong.index(True) if True in wrong else len(lines) - 1
        told = "".join(lines[first : first + 1]) or f"git ended with {self.code}"
        if True in wrong and first:
            told += f" ({lines[first - 1]})"
        return shown(masked_in(told))[:_LONGEST]

    @property
    def unknown_key(self) -> str:
        """The key of a good signature of which git knows nobody; empty: it is not that."""
        signed = _SIGNED.search(self.error)
        return shown(signed[1]) if signed and "No principal matched" in self.error else ""


class Git:
    """Calls git in one folder."""

    def __init__(self, folder: Path, environ: Mapping[str, str], seconds: float) -> None:
        """Let each call take so many seconds; raises `UsageError` if there is no git."""
        program = shutil.which("git", path=environ.get("PATH"))
        if program is None:
            raise UsageError("--pull needs git, and there is none in PATH")
        self._program, self._folder, self._seconds = program, folder, seconds
        self._environ = _cleaned(environ)
        self._settings: tuple[tuple[str, str], ...] = _SETTINGS
        #: What was left to come to its end by itself.
        self._writing: subprocess.Popen[bytes] | None = None

    def without_filters(self, drivers: Iterable[str]) -> None:
        """From now on pass files through none of these filters."""
        off = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
        keys = [(f"filter.{driver}.{key}", value) for driver in drivers for key, value in off]
        self._settings = (*_SETTINGS, *keys)

    def __call__(self, *arguments: str) -> Said:
        """Run git; what takes too long is ended, with all that it has started."""
        # Of pipes there is no end while anything lives that git has started, such as ssh.
        with TemporaryFile() as out, TemporaryFile() as error:
            process = self._begun(arguments, out, error)
            try:
                process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                return Said(-1, "", f"fatal: no end after {self._seconds:g} s")
            except BaseException:
                _end(process)
                raise
            return Said(process.returncode, _text(out), _text(error))

    def write(self, *arguments: str) -> Said:
        """Run git, which writes files: it is never ended, and goes on also beyond our own end.

        Ended in between it would leave its locks, and some files of each commit. Who is interrupted
        waits once more as long as a call may take, or until they are interrupted again.
        """
        if self._writing is not None and self._writing.poll() is None:
            return Said(-1, "", "fatal: git still writes what was to be written before")
        with TemporaryFile() as told:  # who reads a pipe may be gone
            self._writing = process = self._begun(arguments, subprocess.DEVNULL, told)
            try:
                process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                return Said(-1, "", f"fatal: no end after {self._seconds:g} s: git goes on")
            except BaseException:
                with suppress(subprocess.TimeoutExpired):  # our end may be its own, in a container
                    process.wait(self._seconds)
                raise
            return Said(process.returncode, "", _text(told))

    def _begun(
        self, arguments: Sequence[str], out: int | IO[bytes], error: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - it is git
            [self._program, *arguments],
            cwd=self._folder,
            env={**self._environ, **_as_variables(self._settings)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=error,
            # Without a terminal nobody can be asked; and Ctrl-C is for us, not for git.
            start_new_session=True,
        )


def _cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if (name in _KEPT or not name.startswith("GIT_")) and not name.startswith(_OURS)
    }
    asked = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "SSH_ASKPASS_REQUIRE": "never"}
    # No object is taken for another, and looking writes nothing.
    sure = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    return {**kept, **asked, **sure, "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}


def _as_variables(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Write settings as variables, which win over every file, whatever is in their names."""
    told = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        told[f"GIT_CONFIG_KEY_{number}"] = key
        told[f"GIT_CONFIG_VALUE_{number}"] = value
    return told


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and all that it has started; it has a moment to take its locks away."""
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_MOMENT)
        finally:
            with suppress(ProcessLookupError, PermissionError):  # there is nobody any more
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(told: IO[bytes]) -> str:
    told.seek(0)
    return os.fsdecode(told.read())
