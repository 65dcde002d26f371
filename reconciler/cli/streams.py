"""Standard output and error: results go to the one, everything else to the other."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from reconciler.cli import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn, TextIO


class Streams:
    """What a command writes to. Neither a closed pipe nor a strange encoding stops it."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            # A terminal that can't show a character gets its escape, never a crash.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    def result(self, text: str) -> None:
        """Write text that is meant for people to standard output, at once.

        A reader that has seen enough (`| head`) is no error: the rest is dropped, and the command
        goes on to its own end. Raises `ReconcilerError` if there is no output, or it is full.
        """
        self._write(lambda stream: stream.write(text))

    def document(self, text: str) -> None:
        r"""Write a document that programs read: UTF-8 and `\n` anywhere but on a terminal."""
        if sys.stdout is None or sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
            self.result(text)
            return
        data = text.encode("utf-8", "surrogatepass")
        self._write(lambda stream: stream.buffer.write(data))

    def note(self, text: str) -> None:
        """Write a line (or several) to standard error, if there is one."""
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(text.removesuffix("\n") + "\n")
                sys.stderr.flush()

    def ask(self, question: str) -> None:
        """Write a question to standard error and stay on its line."""
        sys.stderr.write(question)
        sys.stderr.flush()

    def _write(self, write: Callable[[TextIO], object]) -> None:
        if sys.stdout is None:
            _fail("it is closed")
        try:
            write(sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard(sys.stdout)
        except OSError as error:
            _discard(sys.stdout)
            _fail(error.strerror or str(error))


def _fail(reason: str) -> NoReturn:
    from reconciler.errors import ReconcilerError

    raise ReconcilerError(f"can't write to standard output: {reason}")


def _discard(stream: TextIO) -> None:
    """Send what is left in the buffers nowhere, so that the interpreter's exit finds no fault."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
