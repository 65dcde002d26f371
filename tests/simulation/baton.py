"""Threads that never run at once: at each boundary a seeded choice says who goes on.

A thread that holds the baton runs until it reaches a boundary (a call to the platform, a wait);
there the next holder is drawn from those that could go on. Time is a number, which moves when
nobody can. So a run depends on nothing but its seed, and each can be replayed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random


class Crash(BaseException):
    """The process of a thread is no more."""


class StuckError(Exception):
    """Everybody waits for something that nobody will ever do."""


class Process:
    """What the threads of one simulated process have in common: they die together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False


class _Thread:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.turn = threading.Lock()
        self.turn.acquire()
        self.ready: Callable[[], bool] | None = None
        self.deadline: float | None = None
        self.interrupt: BaseException | None = None


class Baton:
    """Decides who runs."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = 0.0
        self.switches = 0
        self._threads = [_Thread(Process("driver"))]
        self._holder = self._threads[0]
        self._failure: BaseException | None = None

    @property
    def process(self) -> Process:
        """The process whose thread holds the baton."""
        return self._holder.process

    def start(self, process: Process, work: Callable[[], None]) -> None:
        """Add a thread; it runs when it is drawn."""
        thread = _Thread(process)

        def run() -> None:
            thread.turn.acquire()
            try:
                if not process.dead:
                    work()
            except Crash:
                pass
            except BaseException as error:
                self._failure = self._failure or error
            self._threads.remove(thread)
            self._hand_on()

        threading.Thread(target=run, daemon=True).start()
        self._threads.append(thread)

    def boundary(self) -> None:
        """Let anybody go on; come back when it is this thread's turn again."""
        self.wait(None, None)

    def wait(self, ready: Callable[[], bool] | None, seconds: float | None) -> None:
        """Come back when `ready` says so or the time is over; None: at any time."""
        me = self._holder
        me.ready = ready
        me.deadline = None if seconds is None else self.now + seconds
        if self._next() is not me:
            self._holder.turn.release()
            me.turn.acquire()
        if me.process.dead:
            raise Crash
        if me.interrupt is not None:
            error, me.interrupt = me.interrupt, None
            raise error
        if self._failure is not None and me is self._threads[0]:
            error, self._failure = self._failure, None
            raise error

    def join(self, process: Process) -> None:
        """Wait until a process has no thread left."""
        self.wait(lambda: all(t.process is not process for t in self._threads), None)

    def kill(self, process: Process) -> None:
        """End a process at once; the threads of others go on."""
        process.dead = True
        if self._holder.process is process:
            raise Crash

    def interrupt(self, process: Process) -> None:
        """Raise `KeyboardInterrupt` in the first thread of a process, once it goes on."""
        for thread in self._threads:
            if thread.process is process:
                thread.interrupt = KeyboardInterrupt()
                return

    def _hand_on(self) -> None:
        self._next()
        self._holder.turn.release()

    def _next(self) -> _Thread:
        self.switches += 1
        could = [thread for thread in self._threads if self._could(thread)]
        while not could:
            self._move_time()
            could = [thread for thread in self._threads if self._could(thread)]
        self._holder = could[0] if len(could) == 1 else self.rng.choice(could)
        return self._holder

    def _could(self, thread: _Thread) -> bool:
        if thread.ready is None and thread.deadline is None:
            return True
        if thread.process.dead or thread.interrupt is not None:
            return True
        if thread.ready is not None and thread.ready():
            return True
        return thread.deadline is not None and thread.deadline <= self.now

    def _move_time(self) -> None:
        times = [thread.deadline for thread in self._threads if thread.deadline is not None]
        if not times:
            self._failure = StuckError(f"{len(self._threads)} threads wait for ever")
            self._threads[0].ready = None
            return
        self.now = max(self.now, min(times))


class Surroundings:
    """What the executor of one process needs, from the simulation instead of the machine."""

    def __init__(self, baton: Baton, process: Process) -> None:
        self._baton = baton
        self._process = process

    def now(self) -> float:
        return self._baton.now

    def random(self) -> float:
        return self._baton.rng.random()

    def key(self) -> str:
        return f"{self._baton.rng.getrandbits(64):016x}"

    def start(self, work: Callable[[], None]) -> None:
        self._baton.start(self._process, work)

    def wait(self, ready: Callable[[], bool], seconds: float | None = None) -> None:
        if not ready():
            self._baton.wait(ready, seconds)

    def notify(self) -> None:
        """Do nothing: whoever waits is asked whenever the baton is handed on."""
