"""What a watch knows across restarts: small files, each whole or not there; and what it told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.disk import drafts
from reconciler.disk.durable import sync_folder
from reconciler.environment.timestamps import is_moment, timestamp
from reconciler.errors import ERROR
from reconciler.model import NEW_PLATFORM, UNKNOWN_PLATFORM
from reconciler.printable import quoted
from reconciler.watching.conditions import OF_ANOTHER, UNREAD, Condition, Lasting, dropped, seen
from reconciler.watching.deeds import Clock, Looked, Teller
from reconciler.watching.files import Due
from reconciler.watching.schedule import Failing, Terms, pause

FORMAT_VERSION = 1
NAME = "watch.json"
#: What of a memory says what told of it, and which of these lie where.
WHOSE = ("manifest", "platform", "platform_id", "repository", "scans_in")
PLACES = ("platforms", "repositories")
#: Of how many addresses it is known what lies there.
_MOST = 100
_BEGINS, _ENDS = ".watch-", ".tmp"
_STAYS = (
    "nothing is applied, and what was told before lasts until that one is back; if this is meant, "
    "give the watch a new folder with --state, or remove the one that it has"
)
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
    #: When which proofs are too old, as the repository of scans knew.
    dues: tuple[Due, ...] = ()
    #: What told of it, without secrets: whoever else tells says nothing of what lasts. The manifest
    #: and what narrows it; the platform's address and id; the repository of scans, its id and its
    #: address. Each is empty if there was none yet.
    manifest: str = ""
    platform: str = ""
    platform_id: str = ""
    repository: str = ""
    scans_in: str = ""
    #: Each address that was given until now, the one last that was looked at last, and the id of
    #: the platform, or repository, that lay there. (Earlier versions kept only the pairs above.)
    platforms: dict[str, str] = {}
    repositories: dict[str, str] = {}

    @property
    def whose(self) -> dict[str, str]:
        """What told of it, as far as that is known."""
        return {name: told for name in WHOSE if (told := getattr(self, name))}

    @property
    def places(self) -> dict[str, dict[str, str]]:
        """What lies where, as far as that is known."""
        return {name: known for name in PLACES if (known := getattr(self, name))}

    def platform_at(self, address: str) -> str:
        """Return the id of the platform that is known at an address; empty if none is."""
        return _with(self.platforms, self.platform, self.platform_id).get(address, "")

    def repository_at(self, address: str) -> str:
        """Return the id of the repository that is known at an address; empty if none is."""
        return _with(self.repositories, self.scans_in, self.repository).get(address, "")

    def of_platform(self, address: str, id: str) -> dict[str, object]:
        """Return what is to be remembered of a platform that was looked at."""
        known = _with(self.platforms, self.platform, self.platform_id)
        return {"platform": address, "platform_id": id, "platforms": _with(known, address, id)}

    def of_repository(self, address: str, id: str) -> dict[str, object]:
        """Return what is to be remembered of a repository in which was looked up what it knows."""
        known = _with(self.repositories, self.scans_in, self.repository)
        return {"scans_in": address, "repository": id, "repositories": _with(known, address, id)}

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


def failing_of(memory: Memory, terms: Terms, clock: Clock) -> tuple[Failing, ...]:
    """Return the plans that failed, and until when they are left alone by the clock of today."""
    return tuple(
        Failing(one.digest, one.failures, clock.until(one.until, pause(terms, one.failures)))
        for one in memory.failing
    )


def paused(failing: Iterable[Failing], clock: Clock) -> tuple[Paused, ...]:
    """Return the plans that failed, as they are remembered."""
    return tuple(Paused(one.digest, one.failures, clock.since_1970(one.until)) for one in failing)


def _with(known: Mapping[str, str], address: str, id: str) -> dict[str, str]:
    """Return what lies where, with one more that says which it is; the oldest are forgotten."""
    if not address or id in ("", NEW_PLATFORM, UNKNOWN_PLATFORM):
        return dict(known)
    others = [(one, what) for one, what in known.items() if one != address]
    return dict([*others, (address, id)][-_MOST:])


def is_another(memory: Memory, address: str, id: str) -> bool:
    """Return whether a platform is another one than the one that was known, or none any more.

    Where no id was known whatever is found is what there is. Another address is what a person
    wants, but for one at which there is no platform: it may be mistyped. One that was given before
    is no other one: what lay there is known.
    """
    if id == NEW_PLATFORM:
        return memory.platform_id not in ("", NEW_PLATFORM)
    return memory.platform_at(address) not in ("", id)


def checked(memory: Memory, looked: Looked) -> Looked:
    """Return a look, or why it counts for nothing: there is another platform than before, or none.

    That is so until it is back, or a person says that it is meant: the manifest by another address,
    who starts the watch by another folder of state.
    """
    if looked.problem or not is_another(memory, looked.platform, looked.platform_id):
        return looked
    said = f"{quoted(looked.platform)} {_why(memory, looked)}"
    return Looked(ERROR, problem=Condition(UNREAD, "", OF_ANOTHER, said))


def _why(memory: Memory, looked: Looked) -> str:
    before = memory.platform_at(looked.platform)
    known, found = quoted(before or memory.platform_id), quoted(looked.platform_id)
    if not before and memory.platform != looked.platform:
        return (
            "does not exist: `reconciler apply` makes it, if the address is right; a watch that "
            f"knows another platform ({quoted(memory.platform)}) makes none"
        )
    if looked.platform_id == NEW_PLATFORM:
        return f"does not exist any more (the platform that was there has the id {known}): {_STAYS}"
    if looked.platform_id == UNKNOWN_PLATFORM:
        return f"does not say any more which platform it is (its id was {known}): {_STAYS}"
    return f"is another platform than before (its id is {found}, and was {known}): {_STAYS}"


class Told:
    """What a watch remembers; only it writes that."""

    def __init__(
        self, memory: Memory, teller: Teller, clock: Clock, keep: Callable[[Memory], bool | None]
    ) -> None:
        """Go on from what `memory` knows; `keep` is to outlast this process, and raises nothing.

        It returns whether it is to be asked again.
        """
        self.memory, self._teller, self._clock, self._keep = memory, teller, clock, keep
        self._is_unkept = False
        #: What lasts, also while it is being told: whoever hears of it may ask.
        self.lasting: tuple[Lasting, ...] = memory.lasting

    def see(self, kinds: frozenset[str], conditions: Iterable[Condition]) -> None:
        """Tell what began and ended among some kinds of conditions, and keep that it was told."""
        now = timestamp(self._clock.now(), "seconds")
        self.lasting, news = seen(self.memory.lasting, kinds, conditions, now)
        if news:
            self._teller.news(news)
        self.remember(lasting=self.lasting)

    def drop(self, kinds: frozenset[str], names: frozenset[str] | None = None) -> None:
        """Say once of what lasts that this watch does not look at it, and forget it.

        `names`: of some storages alone.
        """
        lasting = dropped(self.memory.lasting, kinds, names)
        self.remember(lasting=lasting)
        stays = () if names is None else [one for one in lasting if one.condition.name not in names]
        self.see(kinds, [one.condition for one in stays if one.condition.kind in kinds])

    def remember(self, **changes: object) -> None:
        """Keep what is known now, if it is something else than before, or could not be kept."""
        memory = replace(self.memory, **changes)
        if memory != self.memory:
            self.memory = replace(memory, serial=memory.serial + 1)
        elif not self._is_unkept:
            return
        self._is_unkept = bool(self._keep(self.memory))


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
