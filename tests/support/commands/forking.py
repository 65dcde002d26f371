"""The process that waits with everything imported, and makes a copy of itself for each command.

Run as a program: the descriptors of a channel for requests, and of a door at which others come
with theirs, and whether what is large is imported too. `warm.py` has the other side.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import os
import pkgutil
import selectors
import socket
import sys
import threading
import typing
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import TextIO

#: What the program imports where it is needed, and is therefore in no module's head.
_LATE = ("deepdiff", "obstore.auth.boto3", "obstore.store", "uvicorn.loops.auto")
#: What is large: to copy its memory takes longer than the work of a command that has no use of it.
_LARGE = ("boto3", "distributed", "obstore", "pyarrow", "starlette", "uvicorn")
#: How many bytes a request has at most, and a number on the way to who asked.
_MOST = 200_000
_NUMBER = 12
_PATH = b"PYTHONPATH"
_STREAMS = 3


def wait(channel: socket.socket, door: socket.socket) -> tuple[bytes, list[int]] | None:
    """Fork for each request. Return the request in the child, and None at the end of all."""
    running: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(door, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    _end(key.fd, *running.pop(key.fd))
                    continue
                request, sent = _received(channel, door if key.fd == door.fileno() else None)
                if not request:
                    return None
                pid = os.fork()
                if not pid:
                    for descriptor in [*running, *(told for _, told in running.values())]:
                        os.close(descriptor)
                    return request, sent
                os.write(sent[-1], f"{pid:<{_NUMBER}}".encode())
                for descriptor in sent[:-1]:
                    os.close(descriptor)
                watch = os.pidfd_open(pid)
                running[watch] = pid, sent[-1]
                selector.register(watch, selectors.EVENT_READ)


def _received(channel: socket.socket, door: socket.socket | None) -> tuple[bytes, list[int]]:
    """Receive a request, if at a door then from whoever stands there."""
    with nullcontext(channel) if door is None else door.accept()[0] as asking:
        request, sent, _, _ = socket.recv_fds(asking, _MOST, _STREAMS + 1)
    return request, list(sent)


def _end(watch: int, pid: int, told: int) -> None:
    """Tell what became of a process that has ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):  # nobody wants to know
        os.write(told, str(code).encode())
    os.close(told)
    os.close(watch)


def become(request: bytes, streams: Sequence[int], told: int) -> None:
    """Turn this process into the one that was asked for."""
    os.close(told)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    mask, folder, count, *words = request.split(b"\0")
    os.umask(int(mask, 8))
    os.chdir(folder)
    line, variables = words[: int(count)], words[int(count) :]
    os.environb.clear()
    os.environb.update(variable.split(b"=", 1) for variable in variables)
    folders = os.fsdecode(os.environb.get(_PATH, b"")).split(os.pathsep)
    sys.path[:0] = [path for path in folders if path]
    sys.argv = [*map(os.fsdecode, line)]
    sys.stdin = sys.__stdin__ = _stream(io.FileIO(0), sys.stdin)
    sys.stdout = sys.__stdout__ = _stream(io.FileIO(1, "w"), sys.stdout)
    sys.stderr = sys.__stderr__ = _stream(io.FileIO(2, "w"), sys.stderr)


def _stream(file: io.FileIO, was: TextIO) -> io.TextIOWrapper:
    """Make a stream as the interpreter does."""
    buffered = io.BufferedWriter(file) if file.writable() else io.BufferedReader(file)
    newline = "\n" if file.writable() else None
    by_line = file.fileno() == 2 or file.isatty()
    return io.TextIOWrapper(buffered, was.encoding, was.errors, newline, line_buffering=by_line)


def _import_all(*, large: bool) -> None:
    """Import what commands use; modules that use what is left out are left to the commands."""
    left_out = () if large else _LARGE
    sys.modules.update(dict.fromkeys(left_out))  # so that to import it is an error
    home = import_module("reconciler")
    names = [module.name for module in pkgutil.walk_packages(home.__path__, "reconciler.")]
    for name in [*names, *_LATE]:
        with suppress(ImportError):  # of what is left out, or comes with an extra
            import_module(name)
    for name in left_out:
        del sys.modules[name]
    if large:
        # How S3 is spoken is read from many files, once for each process.
        import_module("reconciler.buckets").listing_client(1.0).close()
    # DuckDB has this run at the exit, to free what the end of a process frees as well.
    getattr(typing, "_cleanups", []).clear()


def main(channel_at: str, door_at: str, size: str) -> None:
    """Wait for requests, and be what they ask for."""
    _import_all(large=size == "large")
    gc.collect()
    gc.freeze()
    with (
        socket.socket(fileno=int(channel_at)) as channel,
        socket.socket(fileno=int(door_at)) as door,
    ):
        request = wait(channel, door)
    if request is None:
        return
    first, (*streams, told) = request
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
    main(*sys.argv[1:])
