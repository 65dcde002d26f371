"""The one thread in which foreign code runs: whoever asks can stop waiting for it.

Nothing says that the SDK may be used by several threads, that it ever answers, or that Ctrl-C
reaches it. So all of it, from the import on, runs in a thread of its own, one call after the
other; the thread is a daemon, and a call that does not answer keeps nobody.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from reconciler.errors import PlatformError
from reconciler.platform import Left, forever

_T = TypeVar("_T")
#: A question, and what comes of it: who asks can cancel that, or the thread begins with it.
_Call = tuple[Future[Any], Callable[[], object]]
#: Seconds that one call may take; and what it gets when the time of the whole command is over:
#: one look at live says what became of a write.
LIMIT, GRACE = 120.0, 5.0
#: Seconds for what it does at the exit of the interpreter.
_LAST_WORDS = 5.0
#: What the thread is called while it waits, and while it makes a call.
IDLE, BUSY = "foreign code", "foreign code, busy"


def is_busy() -> bool:
    """Return whether a call is under way, also one that nobody waits for any more."""
    return any(thread.name == BUSY for thread in threading.enumerate())


def leave_behind(code: int) -> None:
    """Exit with this code if foreign code does not come to its end: others may wait for us.

    At once where a call of it never ended; else it has a while for what it does at the exit.
    """
    if is_busy():
        os._exit(code)
    end = threading.Timer(_LAST_WORDS, os._exit, (code,))
    end.daemon = True
    end.start()


class SilentError(PlatformError):
    """A call has not answered. It may have begun, and may still have its effect."""


class Foreign:
    """Runs questions in the one thread, and waits for their answers."""

    def __init__(self, left: Left = forever) -> None:
        """Wait no longer than there is time left, but for `GRACE` seconds at least."""
        self._left = left
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        #: The call that somebody has stopped waiting for.
        self._silent: Future[Any] | None = None

    def call(self, question: Callable[[], _T], *, writes: bool = False) -> _T:
        """Return the answer to a question; raises what it raises.

        A write is not cut off because the time of the command is over: whoever runs it sees to
        that. Raises `SilentError` if the call has begun and not answered in time, and
        `PlatformError` if it was not even made, as an earlier one does not answer.
        """
        if threading.current_thread() is self._thread:
            return question()
        self._start()
        call: Future[_T] = Future()
        self._calls.put((call, question))
        try:
            self._wait(call, None if writes else self._left())
        except BaseException:
            if not call.cancel() and not call.done():
                self._silent = call
            raise
        return call.result()

    def _wait(self, call: Future[_T], left: float | None) -> None:
        seconds = LIMIT if left is None else min(LIMIT, max(left, GRACE))
        until = time.monotonic() + seconds
        while wait([call], 0.1).not_done:
            silent = self._silent
            if silent is not None and not silent.done() and call.cancel():
                raise PlatformError(
                    "an earlier call has not answered yet, so this one was not made"
                )
            if time.monotonic() >= until:
                raise SilentError(f"no answer within {seconds:.0f} s")

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_work, args=(self._calls,), name=IDLE, daemon=True
                )
                self._thread.start()


def _work(calls: queue.SimpleQueue[_Call]) -> None:
    me = threading.current_thread()
    while True:
        call, question = calls.get()
        if call.set_running_or_notify_cancel():
            me.name = BUSY
            try:
                call.set_result(question())
            except BaseException as error:
                call.set_exception(error)
            me.name = IDLE
        del call, question  # whatever they hold is not kept until the next ones come
