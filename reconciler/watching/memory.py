"""What a watch knows across restarts: small files, each whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from reconciler.disk import drafts
from reconciler.disk.durable import sync_folder
from reconciler.environment.timestamps import is_moment
from reconciler.printable import quoted
from reconciler.watching.conditions import Lasting
from reconciler.watching.overdue import Due

FORMAT_VERSION = 1
NAME = "watch.json"
_BEGINS, _ENDS = ".watch-", ".tmp"
#: Bytes; a file that is larger is none of ours.
_LONGEST = 64 * 1024 * 1024


class Paused(Struct, frozen=True):
    """A plan that failed, and until when it is left alone, in seconds since 1970."""

    digest: str
    failures: int
    until: float


class Memory(Struct, frozen=True, omit_defaults=True):
    """All that has to outlast the process."""

    format_version: int
    #: What was told to have begun, and not to have ended.
    lasting: tuple[Lasting, ...] = ()
    failing: tuple[Paused, ...] = ()
    #: When manifest and live were read last: RFC 3339; empty if never.
    looked_at: str = ""
    #: The run of an apply that has begun, and not come to its end.
    applying: str = ""
    #: When the next scan is due, in seconds since 1970; 0 while one runs, and before the first.
    scan_due: float = 0.0
    #: How often it was written: of two, the larger one is the newer one.
    serial: int = 0
    #: When which proofs are too old, as the last scan knew.
    dues: tuple[Due, ...] = ()

    @property
    def moments(self) -> Iterable[str]:
        """All times in it, of which some may be empty."""
        return (self.looked_at, *(one.since for one in self.lasting), *(d.at for d in self.dues))


NOTHING = Memory(FORMAT_VERSION)


def recall(folder: Path) -> tuple[Memory, str]:
    """Read what an earlier process knew, and what is wrong with it, in words; empty if nothing is.

    What can't be understood is as if nothing was known: all that lasts is told once more.
    """
    return read(folder / NAME, NOTHING)


def keep(folder: Path, memory: Memory) -> None:
    """Write what is to be known after a restart; raises `OSError`, and leaves what was there."""
    write(folder / NAME, memory)


class _Versioned(Protocol):
    @property
    def format_version(self) -> int: ...
    @property
    def moments(self) -> Iterable[str]: ...


_Known = TypeVar("_Known", bound=_Versioned)


def read(path: Path, nothing: _Known) -> tuple[_Known, str]:
    """Read what was written of the type of `nothing`; that, and what is wrong, if it can't be."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return nothing, ""
    except OSError as error:
        return nothing, f"{quoted(str(path))} can't be read ({error.strerror})"
    try:
        known = msgspec.json.decode(data, type=type(nothing))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return nothing, f"{quoted(str(path))} is damaged"
    if known.format_version != nothing.format_version:
        return nothing, f"{quoted(str(path))} was written by another version"
    if not all(is_moment(moment) for moment in known.moments if moment):
        return nothing, f"{quoted(str(path))} is damaged"
    return known, ""


def write(path: Path, known: Struct) -> None:
    """Write what is known, whole or not at all; raises `OSError`, and leaves what was there."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    drafts.clear(folder, _BEGINS, _ENDS)
    draft = drafts.draft(folder, _BEGINS, _ENDS)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(draft, flags, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            file.write(msgspec.json.encode(known))
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
        sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
