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
        self._spared = False
        for stream in (sys.stdout, sys.stderr):
            # A terminal that can't show a character gets its escape, never a crash.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @property
    def results(self) -> TextIO | None:
        """Where results go; None if that is closed."""
        return sys.stderr if self._spared else sys.stdout

    def spare_output(self) -> None:
        """Leave standard output to something else: results go to standard error from now on."""
        self._spared = True

    def result(self, text: str) -> None:
        """Write text that is meant for people to standard output, at once.

        A reader that has seen enough (`| head`) is no error: the rest is dropped, and the command
        goes on to its own end. Raises `ReconcilerError` if there is no output, or it is full.
        """
        self._write(lambda stream: stream.write(text))

    def document(self, text: str) -> None:
        r"""Write a document that programs read: UTF-8 and `\n` anywhere but on a terminal."""
        stream = self.results
        if stream is None or stream.isatty() or not hasattr(stream, "buffer"):
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

    def agreed(self, question: str) -> bool:
        """Ask on the terminal, and say whether the answer is `yes`; an end of input is a no."""
        sys.stderr.write(question)
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.note("")
        return answer.strip() == "yes"

    def _write(self, write: Callable[[TextIO], object]) -> None:
        name = "standard error" if self._spared else "standard output"
        stream = self.results
        if stream is None:
            _fail(name, "it is closed")
        try:
            write(stream)
            stream.flush()
        except BrokenPipeError:
            _discard(stream)
        except OSError as error:
            _discard(stream)
            _fail(name, error.strerror or str(error))


def _fail(name: str, reason: str) -> NoReturn:
    from reconciler.errors import ReconcilerError

    raise ReconcilerError(f"can't write to {name}: {reason}")


def _discard(stream: TextIO) -> None:
    """Send what is left in the buffers nowhere, so that the interpreter's exit finds no fault."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
