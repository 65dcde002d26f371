"""`--notify-urls`: who is notified of what a watch tells. Its libraries are in an extra."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.options.extras import imported
from reconciler.cli.watching.nobody import Nobody
from reconciler.cli.watching.telling import Keeping, Telling
from reconciler.environment.secret_values import Secret
from reconciler.environment.timestamps import utc_now
from reconciler.errors import ERROR, SUCCESS, UsageError
from reconciler.notifying.addresses import (
    MOST_RECIPIENTS,
    called,
    exposed,
    has_one_recipient,
    read_addresses,
)
from reconciler.notifying.book import BLANK, NAME, Book
from reconciler.notifying.digests import Rhythm
from reconciler.notifying.lazily import Lazily
from reconciler.notifying.message import Outcome, Service
from reconciler.notifying.post import NO_ANSWER, PATIENCE, Means, Post
from reconciler.printable import quoted
from reconciler.report.watching import notifications
from reconciler.retry.limits import TimeLimit
from reconciler.watching.memory import Memory, read, write
from reconciler.watching.status import Status

#: Seconds that those have at the end who are being sent to; with `--once` all of them.
_GRACE, _ONCE = 2.0, 40.0


class Notifying(Nobody):
    """Has those notified who want to know what begins and ends."""

    without_memory = "it goes on from what was notified"

    def __init__(
        self, context: Context, options: WatchOptions, folder: Path, ring: Callable[[], None]
    ) -> None:
        """Begin to send; `ring` is called when there is something to `tell`.

        Raises `UsageError` for an address, a time or a zone that is none.
        """
        doors, rhythm = _doors(context, options), rhythm_of(options)
        if not options.once:
            _warn_of_readers(context, options)
            for door in doors.values():
                door.check()
        book, problem = read(folder / NAME, BLANK)
        if problem:
            context.streams.note(f"Warning: {problem}: notifications of what lasts are sent anew")
        self._note, self._once = context.streams.note, options.once
        self._notes: deque[str] = deque()
        self._status: Callable[[], Status] | None = None
        self._is_to_end: Callable[[], bool] = bool

        def later(note: str) -> None:
            self._notes.append(note)
            ring()

        keep = Keeping[Book]("who was notified", lambda book: write(folder / NAME, book), later)
        means = Means(
            notifications.news, notifications.digest, _place(context), utc_now, keep, ring, rhythm
        )
        self._post = Post(book, doors, means, has_looked=False)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End what is being sent; what is not taken is kept for the next start.

        A signal ends the wait for that, and then comes as it would have come without one.
        """
        waits = self._once and kind is not KeyboardInterrupt and not self._is_to_end()
        stop = Stop(TimeLimit(None))

        def hurries() -> bool:
            return stop.hurry_at < math.inf

        with stop:
            stop.settle()
            self._post.close(_ONCE if waits else _GRACE, tried=waits, hurries=hurries)
        self.tell()
        if hurries():
            raise KeyboardInterrupt

    def recalled(self, memory: Memory) -> Memory:
        """Return what a watch goes on from: what was notified, where it remembers less."""
        return self._post.recalled(memory)

    def take(self, memory: Memory) -> None:
        """Hear what lasts, each time that it is another."""
        self._post.take(memory, self._status().platform if self._status else "")

    def follow(self, status: Callable[[], Status], is_to_end: Callable[[], bool]) -> None:
        """Know from now on how things stand, and whether a signal asked for an end."""
        self._status, self._is_to_end = status, is_to_end

    def added(self, status: Status) -> Status:
        """Return how things stand, also with those who are notified; from any thread."""
        return replace(status, destinations=self._post.status())

    def looked(self) -> None:
        """Know that what stands was looked at."""
        self._post.looked()

    def tell(self) -> None:
        """Tell of those who can't be notified."""
        while self._notes:
            self._note(self._notes.popleft())
        for trouble in self._post.troubles():
            self._note(trouble)


def test(context: Context, options: WatchOptions, teller: Telling) -> int:
    """Send a message to each destination, and tell whether it was taken; return the exit code."""
    message = notifications.test(_place(context))
    doors = _doors(context, options)
    _warn_of_readers(context, options)
    for door in doors.values():
        door.check()
    found: dict[str, Outcome] = {}
    hanging = Outcome(NO_ANSWER)

    def send(name: str) -> None:
        found[name] = doors[name].send(message)

    threads = {
        name: threading.Thread(target=send, args=(name,), name="notify", daemon=True)
        for name in doors
    }
    for thread in threads.values():
        thread.start()
    until = time.monotonic() + PATIENCE
    for name, thread in threads.items():
        thread.join(max(0.0, until - time.monotonic()))
        teller.notified(name, doors[name].service, found.get(name, hanging))
    return ERROR if any(found.get(name, hanging).problem for name in doors) else SUCCESS


def _warn_of_readers(context: Context, options: WatchOptions) -> None:
    """Say who else can read the secrets; not at each run of cron, which would mail it."""
    if options.notify_urls is not None and (warning := exposed(options.notify_urls)):
        context.streams.note(warning)


def rhythm_of(options: WatchOptions) -> Rhythm | None:
    """Return when digests are sent; raises `UsageError` for a time or a zone that is none."""
    if options.digest is None:
        if options.digest_at is not None:
            raise UsageError("--digest-at says when --digest is sent: give both")
        return None
    at, _, zone = (options.digest_at or "08:00").partition(" ")
    try:
        moment = datetime.strptime(at, "%H:%M").time()
    except ValueError:
        raise UsageError(f"--digest-at {quoted(at)} is no time of day, such as 08:00") from None
    try:
        return Rhythm(options.digest, moment, ZoneInfo(zone.strip() or "UTC"))
    except (ValueError, OSError, KeyError):
        raise UsageError(
            f"--digest-at: this machine knows no zone {quoted(zone)}, such as Europe/Zurich"
        ) from None


def _doors(context: Context, options: WatchOptions) -> dict[str, Lazily]:
    """Return one for each recipient: who has taken a message is not sent it again for another."""
    addresses = read_addresses(context.environ, options.notify_urls)
    doors = {
        called(name, number): Lazily(name, url, partial(_service, recipient=number), whom)
        for name, url in addresses.items()
        for number, whom in enumerate(_recipients(name, url))
    }
    if len(doors) > MOST_RECIPIENTS:
        raise UsageError(
            f"{len(doors)} recipients stand in the list of addresses; {MOST_RECIPIENTS} can be "
            "notified"
        )
    return doors


def _recipients(name: str, url: Secret) -> list[str]:
    if has_one_recipient(url):  # to import apprise takes a second
        return [""]
    try:
        each: list[str] = _services().recipients(url)
    except UsageError as error:
        raise UsageError(f"the address of {quoted(name)}: {error}") from None
    return each


def _service(url: Secret, recipient: int) -> Service:
    """Make the service for a recipient at an address; raises `UsageError` if that is none."""
    service: Service = _services().Service(url, recipient)
    return service


def _services() -> Any:  # noqa: ANN401 - a module
    return imported("--notify-urls", "notify", "reconciler.notifying.services", "apprise")


def _place(context: Context) -> str:
    """Say what is watched, as long as no platform was read."""
    return ", ".join(context.settings.files) or str(Path.cwd())
