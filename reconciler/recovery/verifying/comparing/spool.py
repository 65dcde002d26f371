"""Findings of one storage, on disk until all are known: there may be millions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Self

import msgspec

from reconciler.recovery.values import FileFinding

#: Up to so many bytes stay in memory; so many findings are written together.
_IN_MEMORY, _TOGETHER = 2**23, 512


class Spooled(NamedTuple):
    """A finding, and whether it is told also if not all is asked for."""

    finding: FileFinding
    listed: bool


class Spool:
    """A list that only grows, and is read from its beginning; to be used in a `with`.

    The file has no name, and nobody else can open it.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by `__exit__`
        self._encoder = msgspec.msgpack.Encoder()
        self._waiting: list[Spooled] = []
        self._written = 0

    def add(self, finding: FileFinding, *, listed: bool) -> int:
        """Append a finding; return at which place it is."""
        if len(self._waiting) == _TOGETHER:
            self._flush()
        self._waiting.append(Spooled(finding, listed))
        return len(self) - 1

    def __len__(self) -> int:
        """Return how many there are."""
        return self._written + len(self._waiting)

    def __iter__(self) -> Iterator[Spooled]:
        """Yield all of them, in order; nothing may be added meanwhile."""
        decoder = msgspec.msgpack.Decoder(list[Spooled])
        self._file.seek(0)
        for _ in range(0, self._written, _TOGETHER):
            size = int.from_bytes(self._file.read(4), "big")
            yield from decoder.decode(self._file.read(size))
        self._file.seek(0, os.SEEK_END)
        yield from self._waiting

    def _flush(self) -> None:
        data = self._encoder.encode(self._waiting)
        self._file.write(len(data).to_bytes(4, "big"))
        self._file.write(data)
        self._written += len(self._waiting)
        self._waiting = []

    def __enter__(self) -> Self:
        """Return the spool."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self._file.close()
