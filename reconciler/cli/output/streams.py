"""Standard output and error: results go to the one, everything else to the other."""

from __future__ import annotations

import contextlib
import os
import sys

from reconciler.cli import TYPE_CHECKING
from reconciler.cli.output.escapes import ESCAPED
from reconciler.cli.output.pipe import StalledError, discard, piece, wait_for_room
from reconciler.cli.output.terminal import is_terminal, width
from reconciler.errors import ReconcilerError
from reconciler.printable import commandless, commandless_quoted
from reconciler.report.text.lines import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TextIO, TypeVar

    from reconciler.cli.output.pipe import MayWait

    _T = TypeVar("_T", str, bytes)

#: Bytes that one character may take: an escape stands for what a stream can't show.
_WIDEST = 16


class Streams:
    """What a command writes to. Neither a closed pipe nor a strange encoding stops it.

    Nor does a reader who stalls, once `heed` was called: their stream goes nowhere from then on.
    """

    def __init__(self) -> None:
        self._spared = False
        #: Where results go, once standard output is kept from them.
        self._own: TextIO | None = None
        #: Whether a result, or a part of one, was written.
        self.told = False
        self._may_wait: MayWait | None = None
        for stream in (sys.stdout, sys.stderr):
            # A terminal that can't show a character gets its escape, never a crash.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors=ESCAPED)

    @property
    def results(self) -> TextIO | None:
        """Where results go; None if that is closed."""
        return sys.stderr if self._spared else self._own or sys.stdout

    def spare_output(self) -> None:
        """Leave standard output to something else: results go to standard error from now on."""
        self._spared = True

    def shield(self) -> None:
        """From now on keep to results what they are written to.

        Whatever foreign code prints goes to standard error: also what it writes to the descriptor
        itself, from other threads, and while the process ends.
        """
        stream = sys.stdout
        if self._own is not None or stream is None:
            return
        try:
            is_descriptor = stream.fileno() == 1
        except (OSError, ValueError):
            is_descriptor = False
        if not is_descriptor:  # something in memory
            self._own, sys.stdout = stream, sys.stderr
            return
        stream.flush()
        try:
            elsewhere = os.dup(2)
        except OSError:  # standard error is closed
            elsewhere = os.open(os.devnull, os.O_WRONLY)
        self._own = open(  # noqa: SIM115 - it is open as long as the process is
            os.dup(1), "w", encoding=stream.encoding, errors=ESCAPED, closefd=False
        )
        os.dup2(elsewhere, 1)

    def heed(self, may_wait: MayWait) -> None:
        """From now on wait for a reader only while `may_wait` says so."""
        self._may_wait = may_wait

    def may_wait(self, since: float) -> bool:
        """Return whether a write that has waited for its reader since then may go on to wait."""
        return self._may_wait is None or self._may_wait(since)

    def result(self, text: str) -> None:
        """Write text that is meant for people to standard output, at once.

        A reader that has seen enough (`| head`) is no error: the rest is dropped, and the command
        goes on to its own end. Raises `ReconcilerError` if there is no output, or it is full.
        """
        text = commandless(text)
        self._write(lambda stream: self.put(stream, stream.write, text))

    def document(self, text: str) -> None:
        r"""Write a document that programs read: UTF-8 and `\n` anywhere but on a terminal.

        What is a command to a CI runner within it is written with escapes, equal in value.
        """
        self.verbatim(commandless_quoted(text))

    def verbatim(self, text: str) -> None:
        """Write what must come out as it is, as a document; whoever calls has looked at it."""
        stream = self.results
        if stream is None or stream.isatty() or not hasattr(stream, "buffer"):
            self._write(lambda stream: self.put(stream, stream.write, text))
            return
        data = text.encode("utf-8", "surrogatepass")
        self._write(lambda stream: self.put(stream, stream.buffer.write, data))

    def note(self, text: str) -> None:
        """Write a line (or several) to standard error, if there is one."""
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                line = commandless(_laid_out(text.removesuffix("\n")) + "\n")
                self.put(sys.stderr, sys.stderr.write, line)

    def put(self, stream: TextIO, write: Callable[[_T], object], what: _T) -> None:
        """Write to a stream, at once; raises `OSError`, `StalledError` if its reader stalls."""
        if self._may_wait is None:
            write(what)
            stream.flush()
            return
        size = piece() // _WIDEST
        for at in range(0, len(what), size):
            self._wait_for_room(stream)
            write(what[at : at + size])
            stream.flush()

    def agreed(self, question: str) -> bool:
        """Ask on the terminal, and say whether the answer is `yes`; an end of input is a no."""
        try:
            sys.stderr.write(question)
            sys.stderr.flush()
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            self.note("")  # what follows is not to stand behind `^C`
            raise
        if not answer.endswith("\n"):
            self.note("")
        return answer.strip() == "yes"

    def _wait_for_room(self, stream: TextIO) -> None:
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError):  # it is no file, but something in memory
            return
        try:
            wait_for_room(descriptor, self.may_wait)
        except StalledError:
            discard(stream)
            raise

    def _write(self, write: Callable[[TextIO], None]) -> None:
        name = "standard error" if self._spared else "standard output"
        stream = self.results
        if stream is None:
            _fail(name, "it is closed")
        self.told = True
        try:
            write(stream)
        except BrokenPipeError:
            discard(stream)
        except KeyboardInterrupt:
            # What is torn is of no use, and its reader may be why somebody wants an end.
            if stream is not sys.stderr:
                discard(stream)
            raise
        except OSError as error:
            discard(stream)
            _fail(name, error.strerror or str(error))


def _laid_out(text: str) -> str:
    """Break lines for a terminal, which would break them in the middle of words."""
    if not is_terminal(sys.stderr):
        return text
    return wrapped(text, width(os.environ, sys.stderr))


def _fail(name: str, reason: str) -> NoReturn:
    raise ReconcilerError(f"can't write to {name}: {reason}")
