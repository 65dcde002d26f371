"""A watch that notifies nobody: what every watch does, and those with destinations do more of."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.watching.memory import Memory
from reconciler.watching.status import Status


class Nobody:
    """Hears what a watch hears, and tells nobody."""

    #: What comes of it that a watch can't remember what it told.
    without_memory = "what lasts is told once more"

    def __enter__(self) -> Nobody:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End, in a while."""

    def recalled(self, memory: Memory) -> Memory:
        """Return what a watch goes on from, of what it remembers itself."""
        return memory

    def take(self, memory: Memory) -> None:
        """Hear what lasts, each time that it is another."""

    def follow(self, status: Callable[[], Status], is_to_end: Callable[[], bool]) -> None:
        """Know from now on how things stand, and whether a signal asked for an end."""

    def added(self, status: Status) -> Status:
        """Return how things stand, also with those who are notified; from any thread."""
        return status

    def looked(self) -> None:
        """Know that what stands was looked at."""

    def tell(self) -> None:
        """Tell of those who can't be notified."""
