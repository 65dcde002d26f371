"""The way in: an exit code for whatever happens, also for Ctrl-C while modules are loaded.

SIGTERM and SIGHUP mean the same as Ctrl-C: an end with a message and with 130.
"""

from __future__ import annotations

import gc
import signal
import sys

from reconciler.cli import OFFER
from reconciler.cli.output.pipe import LAST, StalledError, discard, for_seconds, wait_for_room

TYPE_CHECKING = False  # `typing` costs time, and an interrupt while it loads should be caught below
if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Never raises, never exits the process."""
    try:
        line = list(sys.argv[1:] if argv is None else argv)
        # A shell that asks what to offer waits for one small module.
        module = "reconciler.cli.options.offered" if line[:1] == [OFFER] else "reconciler.cli.run"
        __import__(module)  # within reach of the `except` below
        return int(sys.modules[module].run(line))
    except KeyboardInterrupt:
        _tell_interrupt()
        return INTERRUPTED


def _tell_interrupt() -> None:
    if sys.stderr is None:
        return
    try:
        wait_for_room(2, for_seconds(LAST))
        sys.stderr.write("Interrupted.\n")
        sys.stderr.flush()
    except StalledError:
        discard(sys.stderr)
    except OSError:
        pass  # the terminal is gone, as after SIGHUP


def _let_go() -> None:
    """Leave nothing in the buffers of a stream that takes no more, as after SIGHUP.

    The interpreter would find it at its exit, and end with 120 whatever became of the command.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            discard(stream)


def _leave_behind_what_hangs(code: int) -> None:
    """Exit where foreign code does not come to its end."""
    foreign = sys.modules.get("reconciler.platforms.jetraw.foreign")
    if foreign is not None:
        foreign.leave_behind(code)


def entry_point() -> None:
    """Be the installed command: run `sys.argv` and exit."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows lacks the last
        number = getattr(signal, name, None)
        # What a parent process ignores (nohup) stays ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    # Hardly anything here is garbage in circles: to look for it after every 700 new objects would
    # take some hundredths of `validate` and `apply` in tests/benchmarks/run.py.
    gc.set_threshold(100_000)
    code = main()
    _let_go()
    _leave_behind_what_hangs(code)
    # On its way out the interpreter would walk all that was imported, only to free it: a good
    # part of what a small plan takes.
    gc.freeze()
    sys.exit(code)
