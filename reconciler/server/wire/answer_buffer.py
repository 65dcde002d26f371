"""What is being sent: kept between a thread that makes it and a client that takes it.

The thread never waits for the client. What a slow client has not taken goes into a temporary file,
so that neither a thread nor the database waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import IO

from reconciler.server.calls.request import Answer

#: So much waits in memory, in bytes; more goes into the file, from which it is read in pieces.
_IN_MEMORY, _PIECE = 1024 * 1024, 64 * 1024


class ClientGone(Exception):  # noqa: N818 - nothing went wrong on our side
    """The client is no longer there; nobody waits for an answer."""


class AnswerBuffer:
    """One answer: its head, and a queue of chunks; begun, filled and ended by a thread."""

    def __init__(self) -> None:
        self.size = 0
        #: Whether all of it was put in; else what made it has failed.
        self.complete = False
        self._answer: Answer | None = None
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._lock = threading.Lock()
        self._memory: deque[bytes] = deque()
        self._held = 0
        self._file: IO[bytes] | None = None
        self._written = self._taken = 0
        self._ended = self._closed = False

    def begin(self, answer: Answer) -> None:
        """Begin with the head of the answer."""
        self._answer = answer
        self._tell()

    def put(self, chunk: bytes) -> None:
        """Add a chunk; raises `ClientGone` if nobody takes it any more."""
        with self._lock:
            if self._closed:
                raise ClientGone
            self.size += len(chunk)
            if self._written == self._taken and self._held < _IN_MEMORY:
                self._memory.append(chunk)
                self._held += len(chunk)
            else:
                self._write(chunk)
        self._tell()

    def end(self) -> None:
        """End it: nothing more comes, whatever the reason."""
        self._ended = True
        self._tell()

    async def head(self) -> Answer | None:
        """Wait for the head; None if there will be none."""
        while self._answer is None and not self._ended:
            await self._wait()
        return self._answer

    async def whole(self) -> int:
        """Wait until the whole answer was made, and return its size."""
        while not self._ended:
            await self._wait()
        return self.size

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks as they come."""
        while True:
            ended = self._ended
            while chunk := self._take():
                yield chunk
            if ended:
                return
            await self._wait()

    def close(self) -> None:
        """Take nothing more."""
        with self._lock:
            self._closed = True
            self._memory.clear()
            if self._file is not None:
                with contextlib.suppress(OSError):  # no room for what nobody takes
                    self._file.close()

    def _write(self, chunk: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        if self._written == self._taken:  # nothing in it is needed any more
            self._written = self._taken = 0
        self._file.seek(self._written)
        self._file.write(chunk)
        self._file.flush()
        self._written += len(chunk)

    def _take(self) -> bytes:
        with self._lock:
            if self._memory:
                chunk = self._memory.popleft()
                self._held -= len(chunk)
                return chunk
            if self._file is None or self._written == self._taken:
                return b""
            self._file.seek(self._taken)
            chunk = self._file.read(min(_PIECE, self._written - self._taken))
            self._taken += len(chunk)
            return chunk

    async def _wait(self) -> None:
        await self._news.wait()
        self._news.clear()

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody is there to be told
            self._loop.call_soon_threadsafe(self._news.set)
