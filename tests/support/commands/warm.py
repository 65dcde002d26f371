"""The installed command, started from a process that has imported all of it already.

To start Python and to import the program is most of what a short command costs, and the tests run
thousands. Here a process that waits with everything imported makes a copy of itself (`fork`) for
each: a process of its own, with its own arguments, folder, environment and streams, from the entry
point to the exit of the interpreter. What that can't show is how the command starts: whether each
module imports what it needs. So some tests always start it as users do, and with `--long` all do.

Run as a program, this module is that waiting process.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO, TypeAlias

#: What decides how Python itself, and libraries while they are imported, begin; but for where it
#: looks for modules, which is easily done later.
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_", "OPENSSL_", "SSL_", "ARROW_", "DASK_")
_PATH = "PYTHONPATH"
#: What the program imports where it is needed, and is therefore in no module's head.
_LATE = ("deepdiff", "obstore.auth.boto3", "obstore.store", "uvicorn.loops.auto")
#: What is large: to copy its memory takes longer than the work of a command that has no use of it.
_LARGE = ("boto3", "distributed", "duckdb", "obstore", "pyarrow", "starlette", "uvicorn")
#: Which commands use it.
_USING = frozenset({"drill", "rebuild", "scan", "serve", "snapshot", "verify"})
_MOST = 100_000
#: How many bytes a process number takes on the way to who asked.
_PID = 12
#: How many seconds a command is waited for that is about to end.
_PATIENCE = 60.0


#: What to run, and with what.
Line: TypeAlias = Sequence[str | Path]


class Warm:
    """The waiting process, seen by those who want a command run."""

    def __init__(self, environment: dict[str, str], *, large: bool = True) -> None:
        """Start it with an environment. It ends when this side is closed, also by a kill.

        It has imported everything, but for what is `large` where it is told so.
        """
        self._start = _at_start(environment)
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            descriptor = theirs.fileno()
            line = [sys.executable, "-P", __file__, str(descriptor), *(["large"] if large else [])]
            self._process = subprocess.Popen(line, env=environment, pass_fds=[descriptor])

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
        *,
        text: bool = False,
    ) -> Started:
        """Do what `subprocess.Popen` does without input; `stdout` and the others as it has them."""
        with ExitStack() as opened, Path(os.devnull).open("r+b", buffering=0) as nothing:
            ends = [
                _pipe(opened) if wanted == subprocess.PIPE else (None, nothing)
                for wanted in (stdout, stderr, subprocess.PIPE)  # the last: what becomes of it
            ]
            mask = os.umask(0)
            os.umask(mask)
            request = json.dumps([*map(str, (mask, folder)), environment, *map(os.fspath, line)])
            theirs = [nothing.fileno(), *(writer.fileno() for _, writer in ends)]
            socket.send_fds(self._channel, [request.encode()], theirs)
            for _, writer in ends:
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
        self._warm: dict[bool, Warm] = {}

    def close(self) -> None:
        """End them."""
        while self._warm:
            self._warm.popitem()[1].close()

    def takes(self, environment: dict[str, str], line: Line) -> bool:
        """Say whether a command can be run from here as it would be from a shell."""
        return self._of(line).takes(environment, line)

    def run(
        self, line: Line, folder: Path, environment: dict[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Do what `Warm.run` does."""
        return self._of(line).run(line, folder, environment, seconds)

    def start(
        self,
        line: Line,
        folder: Path,
        environment: dict[str, str],
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        *,
        text: bool = False,
    ) -> Started:
        """Do what `Warm.start` does."""
        return self._of(line).start(line, folder, environment, stdout, stderr, text=text)

    def _of(self, line: Line) -> Warm:
        large = not _USING.isdisjoint(map(str, line))
        if large not in self._warm:
            self._warm[large] = Warm(self._environment, large=large)
        return self._warm[large]


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


# The waiting process


def wait(channel: socket.socket) -> list[bytes | int] | None:
    """Fork for each request. Return the request in the child, and None at the end of all."""
    running: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    _end(key.fd, *running.pop(key.fd))
                    continue
                request, sent, _, _ = socket.recv_fds(channel, 2 * _MOST, 4)
                if not request:
                    return None
                pid = os.fork()
                if not pid:
                    for descriptor in [*running, *(told for _, told in running.values())]:
                        os.close(descriptor)
                    return [request, *sent]
                os.write(sent[-1], f"{pid:<{_PID}}".encode())
                for descriptor in sent[:-1]:
                    os.close(descriptor)
                watch = os.pidfd_open(pid)
                running[watch] = pid, sent[-1]
                selector.register(watch, selectors.EVENT_READ)


def _end(watch: int, pid: int, told: int) -> None:
    """Tell what became of a process that has ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(told, str(code).encode())
    os.close(told)
    os.close(watch)


def become(request: bytes, streams: Sequence[int], told: int) -> None:
    """Turn this process into the one that was asked for."""
    os.close(told)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    mask, folder, environment, *line = json.loads(request)
    os.umask(int(mask))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [path for path in environment.get(_PATH, "").split(os.pathsep) if path]
    sys.argv = line
    sys.stdin = sys.__stdin__ = _stream(io.FileIO(0), sys.stdin)
    sys.stdout = sys.__stdout__ = _stream(io.FileIO(1, "w"), sys.stdout)
    sys.stderr = sys.__stderr__ = _stream(io.FileIO(2, "w"), sys.stderr)


def _stream(file: io.FileIO, was: TextIO) -> io.TextIOWrapper:
    """Make a stream as the interpreter does when none of them is a terminal."""
    buffered = io.BufferedWriter(file) if file.writable() else io.BufferedReader(file)
    newline = "\n" if file.writable() else None
    errors_at_once = file.fileno() == 2
    return io.TextIOWrapper(
        buffered, was.encoding, was.errors, newline, line_buffering=errors_at_once
    )


def _import_all(*, large: bool) -> None:
    """Import what commands use; modules that use what is left out are left to the commands."""
    left_out = () if large else _LARGE
    sys.modules.update(dict.fromkeys(left_out))  # so that to import it is an error
    home = import_module("reconciler")
    names = [module.name for module in pkgutil.walk_packages(home.__path__, "reconciler.")]
    for name in [*names, *_LATE]:
        with nullcontext() if large else suppress(ImportError):
            import_module(name)
    for name in left_out:
        del sys.modules[name]
    if large:
        # How S3 is spoken is read from many files, once for each process.
        import_module("reconciler.buckets").listing_client(1.0).close()
    # DuckDB has this run at the exit, to free what the end of a process frees as well.
    getattr(typing, "_cleanups", []).clear()


def main() -> None:
    """Wait for requests, and be what they ask for."""
    _import_all(large="large" in sys.argv[2:])
    gc.collect()
    gc.freeze()
    request = wait(channel := socket.socket(fileno=int(sys.argv[1])))
    channel.detach() if request is None else channel.close()
    if request is None:
        return
    first, *descriptors = request
    assert isinstance(first, bytes)
    *streams, told = map(int, descriptors)
    become(first, streams, told)
    try:
        import_module("reconciler.cli.main").entry_point()
    except SystemExit as ended:
        code = ended.code
    # What the interpreter does at its exit, but for freeing all that was imported: that would
    # copy the memory which is shared until then.
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    ctypes.CDLL(None).fflush(None)
    os._exit(code)


if __name__ == "__main__":
    main()
