"""The installed command, started from a process that has imported all of it already.

To start Python and to import the program is most of what a short command costs, and the tests run
thousands. Here a process that waits with everything imported makes a copy of itself (`fork`) for
each: a process of its own, with its own arguments, folder, environment and streams, from the entry
point to the exit of the interpreter. What that can't show is how the command starts: whether each
module imports what it needs. So some tests always start it as users do, and with `--long` all do.

`forking.py` is that waiting process, `shim.py` what shells start to have it run a command.
"""

from __future__ import annotations

import io
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeAlias

HOME = Path(__file__).parent
#: What decides how Python itself, and libraries while they are imported, begin; but for where it
#: looks for modules, which is easily done later.
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_", "OPENSSL_", "SSL_", "ARROW_", "DASK_")
_PATH = "PYTHONPATH"
#: The sizes of waiting processes, and which commands use what only the large one has imported.
SIZES = ("light", "large")
USING = frozenset({"drill", "rebuild", "scan", "serve", "snapshot", "verify"})
_MOST = 100_000
#: How many bytes a process number takes on the way to who asked.
_PID = 12
#: How many seconds a command is waited for that is about to end.
_PATIENCE = 60.0


#: What to run, and with what.
Line: TypeAlias = Sequence[str | Path]


class Warm:
    """The waiting process, seen by those who want a command run."""

    def __init__(self, environment: dict[str, str], door: Path, size: str) -> None:
        """Start it with an environment. It ends when this side is closed, also by a kill.

        It listens at a door for requests of those who have no channel to it.
        """
        self._start = _at_start(environment)
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(str(door))
            listening.listen()
            passed = [theirs.fileno(), listening.fileno()]
            line = [sys.executable, "-P", HOME / "forking.py", *map(str, passed), size]
            self._process = subprocess.Popen(line, env=environment, pass_fds=passed)

    def close(self) -> None:
        """End it."""
        self._channel.close()
        self._process.wait(timeout=60)

    def takes(self, environment: dict[str, str], arguments: Sequence[str | Path]) -> bool:
        """Say whether a command can be run from here as it would be from a shell."""
        return (
            _at_start(environment) == self._start
            and not _is_customized(environment)
            and sum(map(len, map(os.fspath, arguments))) < _MOST
        )

    def run(
        self, line: Line, folder: Path, environment: dict[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Do what `subprocess.run` does without input, capturing all that is told."""
        with self.start(line, folder, environment, text=True) as started:
            try:
                out, err = started.communicate(seconds)
            except subprocess.TimeoutExpired:
                started.kill()
                raise
        return subprocess.CompletedProcess([*line], started.wait(0), out, err)

    def start(
        self,
        line: Line,
        folder: Path,
        environment: dict[str, str],
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        stdin: int = subprocess.DEVNULL,
        *,
        text: bool = False,
    ) -> Started:
        """Do what `subprocess.Popen` does; `stdout` and the others as it has them."""
        with ExitStack() as opened, Path(os.devnull).open("r+b", buffering=0) as nothing:
            ends = [
                _pipe(opened) if wanted == subprocess.PIPE else (None, None)
                for wanted in (stdout, stderr, subprocess.PIPE)  # the last: what becomes of it
            ]
            mask = os.umask(0)
            os.umask(mask)
            variables = [f"{name}={value}" for name, value in environment.items()]
            words = [f"{mask:o}", str(folder), str(len(line)), *map(os.fspath, line), *variables]
            named = (stdout, stderr, subprocess.PIPE)
            theirs = [
                writer.fileno() if writer else nothing.fileno() if wanted < 0 else wanted
                for wanted, (_, writer) in zip((stdin, *named), [(None, None), *ends], strict=True)
            ]
            socket.send_fds(self._channel, [b"\0".join(map(os.fsencode, words))], theirs)
            for _, writer in ends:
                if writer:
                    writer.close()
            out, err, told = (reader for reader, _ in ends)
            assert told is not None
            pid = int(told.read(_PID))
            opened.pop_all()
        pipes = [pipe if pipe is None or not text else _text(pipe) for pipe in (out, err)]
        return Started(line, pid, pipes, told)


class Waiting:
    """The waiting processes, each started when it is first wanted: a large one, and a light one."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Take the environment to start them in."""
        self._environment = environment
        self._folder = Path(tempfile.mkdtemp(prefix="warm"))
        self._warm: dict[str, Warm] = {}

    def close(self) -> None:
        """End them."""
        while self._warm:
            self._warm.popitem()[1].close()
        shutil.rmtree(self._folder)

    def of(self, environment: dict[str, str], line: Line) -> Warm | None:
        """Return the one for a command; None if it can't be run from there as from a shell."""
        warm = self._sized(SIZES[not USING.isdisjoint(map(str, line))])
        return warm if warm.takes(environment, line) else None

    def commands(self, command: Path) -> Path:
        """Return a folder for the PATH of shells, in which a command is one of a waiting process.

        Whatever they are started with counts, but for what decides how Python begins.
        """
        folder = self._folder / "bin"
        if not folder.exists():
            for size in SIZES:
                self._sized(size)
            folder.mkdir()
            shim = folder / command.name
            text = (HOME / "shim.py").read_text(encoding="utf-8")
            for name, value in {
                "LIGHT": self._folder / "light",
                "LARGE": self._folder / "large",
                "COMMAND": command,
                "USING": " ".join(USING),
            }.items():
                text = text.replace(f"@{name}@", str(value))
            shim.write_text(f"#!{sys.executable} -IS\n{text}", encoding="utf-8")
            shim.chmod(0o755)
        return folder

    def _sized(self, size: str) -> Warm:
        if size not in self._warm:
            self._warm[size] = Warm(self._environment, self._folder / size, size)
        return self._warm[size]


class Started:
    """A command that was started: what tests use of `subprocess.Popen`."""

    def __init__(
        self,
        line: Line,
        pid: int,
        pipes: Sequence[Any],
        told: io.BufferedReader,
    ) -> None:
        """Take hold of the process, and of what it tells."""
        self.args = line
        self.pid = pid
        #: Output and errors, as bytes or as text; None for what has no pipe.
        self.stdout, self.stderr = pipes
        #: Its exit code, once it was waited for; the signal that ended it, negative.
        self.returncode: int | None = None
        self._told = told
        # A number alone may be that of another process by the time that it gets a signal.
        try:
            self._held = os.pidfd_open(pid)
        except ProcessLookupError:
            self._held = -1  # it has ended

    def __enter__(self) -> Started:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for its end, and close all."""
        try:
            self.wait(_PATIENCE)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of it, whatever it does."""
        for file in (self.stdout, self.stderr):
            if file is not None:
                file.close()
        self._let_go()

    def _let_go(self) -> None:
        self._told.close()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def wait(self, timeout: float = _PATIENCE) -> int:
        """Wait so many seconds for its end; return its exit code."""
        if self.returncode is None:
            (code,) = _read([self._told], timeout)
            if code is None:
                raise subprocess.TimeoutExpired([*self.args], timeout)
            self.returncode = int(code)
            self._let_go()
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit code, or None as long as it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def communicate(self, timeout: float = _PATIENCE) -> tuple[Any, Any]:
        """Read all that it tells within so many seconds, and wait for its end."""
        pipes = [pipe for pipe in (self.stdout, self.stderr) if pipe is not None]
        read = _read([getattr(pipe, "buffer", pipe) for pipe in pipes], timeout)
        told = dict(zip(pipes, read, strict=True))
        if None in told.values():
            raise subprocess.TimeoutExpired([*self.args], timeout)
        self.wait(timeout)
        out, err = (_as(told[pipe], pipe) if pipe else None for pipe in (self.stdout, self.stderr))
        self.close()
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal, if it has not ended."""
        if self._held >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._held, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _text(pipe: io.BufferedReader | io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(pipe, "utf-8")


def _as(told: bytes, pipe: io.BufferedReader | io.TextIOWrapper) -> bytes | str:
    return _text(io.BytesIO(told)).read() if isinstance(pipe, io.TextIOWrapper) else told


def _is_customized(environment: dict[str, str]) -> bool:
    """Say whether Python would begin with a hook: a process that runs already has begun."""
    folders = environment.get(_PATH, "").split(os.pathsep)
    return any((Path(folder) / "sitecustomize.py").is_file() for folder in folders if folder)


def _at_start(environment: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_AT_START) and name != _PATH
    }


def _pipe(opened: ExitStack) -> tuple[io.BufferedReader, io.FileIO]:
    reading, writing = os.pipe()
    ours = io.BufferedReader(io.FileIO(reading))
    return opened.enter_context(ours), opened.enter_context(io.FileIO(writing, "w"))


def _read(files: Sequence[io.BufferedReader], seconds: float) -> list[bytes | None]:
    """Read all of several files at once; None for those that do not end in so many seconds."""
    told, still = dict.fromkeys(files, b""), set(files)
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        while still and (ready := selector.select(max(end - time.monotonic(), 0))):
            for file in (key.fileobj for key, _ in ready):
                assert isinstance(file, io.BufferedReader)
                if chunk := file.read1():
                    told[file] += chunk
                else:
                    selector.unregister(file)
                    still.remove(file)
    return [None if file in still else told[file] for file in files]
