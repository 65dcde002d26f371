"""A platform that scripts work on, and the one that they work on when they name none."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from reconciler.environment.secret_values import secret
from reconciler.errors import AddressError, ConflictError, PlatformError, UsageError
from reconciler.model import NEW_PLATFORM, Storage
from reconciler.platform import InventoryRow, Platform, Reader, Writer
from reconciler.platforms import PLATFORM_VARIABLE, conflicts, open_platform

_T = TypeVar("_T")
#: How many seconds a write waits for those of other processes, as `apply` does by default.
WAIT = 120.0


class Client:
    """A platform, opened when it is first needed. Threads may share one.

    `platform` is an address, as in a manifest, or one that is open already; without it, the
    variable RECONCILER_PLATFORM has the address. `token` is the credential for a state server, or
    the API key for an organisation; without it, the environment's is used (RECONCILER_TOKEN,
    JETRAW_REFRESH_TOKEN). Raises `UsageError` (`AddressError`) if they make no sense.
    """

    def __init__(self, platform: str | Platform | None = None, *, token: str | None = None) -> None:
        if platform is None:
            platform = _from_environment(os.environ)
        if by_address := isinstance(platform, str):
            wrapped = None if token is None else secret(token, "the token")
            platform = open_platform(platform, base=None, token=wrapped)
        elif token is not None:
            raise UsageError("the platform is open already, so it takes no token")
        self._platform = platform
        #: Whether it is a file by its address: one that is mistyped looks like an empty platform.
        self._may_be_mistyped = by_address and platform.address.startswith("sqlite:")
        self._opening = threading.Lock()
        self._reader: Reader | None = None
        self._writer: Writer | None = None
        #: Held during a call; admits as many at once as the platform takes. None: not known yet.
        self._turn: AbstractContextManager[object] | None = None
        self._closed = False

    @property
    def address(self) -> str:
        """The full address of the platform; no secret in it."""
        return self._platform.address

    def __repr__(self) -> str:
        """Name the platform, and nothing secret."""
        return f"Client({self.address!r})"

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Lend what reads, to one caller at a time where the platform takes one call at a time."""
        with self._opening:
            self._check_open()
            if self._reader is None:
                self._reader = self._opened()
            reader, turn = self._reader, self._turn_at(self._reader)
        with turn:
            yield reader

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Lend what writes, likewise."""
        with self._opening:
            self._check_open()
            if self._writer is None:
                self._tell_if_new()
                self._writer = self._platform.writer(wait=WAIT)
            writer, turn = self._writer, self._turn_at(self._writer)
        with turn:
            yield writer

    def change(self, known: Storage, write: Callable[[Writer, Storage], _T]) -> _T:
        """Write to a storage as it is live now; again if another changed it at that very moment.

        Raises `ConflictError` if it is gone, and what `write` raises.
        """
        with self.writing() as writer:
            while True:
                live = _live(writer, known)
                try:
                    return write(writer, live)
                except ConflictError:
                    if conflicts.same(live, _live(writer, known)):
                        raise

    def inventory(self, known: Storage) -> Iterator[InventoryRow]:
        """Yield the files of a storage, lazily; other calls may be made meanwhile.

        Raises `ConflictError` if the storage is gone.
        """
        with self._opening:
            self._check_open()
            reader = self._opened()
            turn = self._turn_at(reader)
        try:
            with turn:
                rows = reader.inventory(_live(reader, known).id)
            while True:
                with turn:
                    row = next(rows, None)
                if row is None:
                    return
                yield row
        finally:
            reader.close()

    def close(self) -> None:
        """Let go of connections. The client can't be used after; closing twice does no harm."""
        with self._opening:
            self._closed = True
            for opened in (self._reader, self._writer):
                if opened is not None:
                    opened.close()
            self._reader = self._writer = None

    def __enter__(self) -> Client:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _opened(self) -> Reader:
        """Open what reads; raises `PlatformError` if a file that an address names does not exist.

        Taken for a new and empty platform, it would hide that the address is mistyped.
        """
        reader = self._platform.reader()
        if self._is_missing(reader):
            reader.close()
            raise PlatformError(
                f"there is no platform at {self.address}: check the address. A new one is made by "
                "`reconciler apply`, or by the first storage that is created"
            )
        return reader

    def _tell_if_new(self) -> None:
        """Warn that the first write makes a new platform, should its address be mistyped."""
        if not self._may_be_mistyped:
            return
        reader = self._platform.reader()
        if self._is_missing(reader):
            logging.getLogger(__name__).warning(
                "there is no platform at %s yet: a new, empty one is made", self.address
            )
        reader.close()

    def _is_missing(self, reader: Reader) -> bool:
        return self._may_be_mistyped and reader.identity() == NEW_PLATFORM

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"{self!r} is closed: make a new one")

    def _turn_at(self, opened: Reader) -> AbstractContextManager[object]:
        if self._turn is None:
            most = opened.abilities.parallelism
            self._turn = threading.BoundedSemaphore(most) if most else nullcontext()
        return self._turn


def _live(reader: Reader, known: Storage) -> Storage:
    for found in reader.find(id=known.id):
        return found
    raise conflicts.changed(known, None)


def _from_environment(environ: Mapping[str, str]) -> str:
    address = environ.get(PLATFORM_VARIABLE)
    if address is None:
        raise AddressError(
            f"which platform? Set {PLATFORM_VARIABLE} to its address, such as "
            "sqlite:///platform.db, or give one to reconciler.Client"
        )
    if not address.strip():
        raise AddressError(f"{PLATFORM_VARIABLE} is set but empty: give it an address")
    return address


_choosing = threading.Lock()
_default: Client | None = None


def set_default_client(client: Client | None) -> None:
    """Let calls that name no client use this one; None: the environment's, at the next call."""
    global _default  # noqa: PLW0603 - the documented surface has one default for the process
    with _choosing:
        _default = client


def get_default_client() -> Client:
    """Return the client of calls that name none; made when it is first asked for.

    Raises `AddressError` if RECONCILER_PLATFORM does not say which platform to open.
    """
    global _default  # noqa: PLW0603
    with _choosing:
        if _default is None:
            _default = Client()
            atexit.register(_default.close)
        return _default
