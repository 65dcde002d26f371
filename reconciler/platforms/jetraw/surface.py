"""What is known of the SDK's surface. What its members give is checked, so here it is `object`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Handle(Protocol):
    """A `jetraw.storages.Storage`."""

    id: object
    #: Its URL on this machine.
    url: object
    created_at: object

    def checksums(self) -> Iterable[object]:
        """Return its files."""

    def remove(self) -> object:
        """Remove it."""


class Space(Protocol):
    """A `jetraw.spaces.Space`."""

    name: object
    #: Those that it is tied to.
    storages: Iterable[Handle]


class Client(Protocol):
    """A `jetraw.Client`."""

    #: The state server that it talks to.
    host: object
    #: A secret.
    access_token: object

    def is_compatible(self) -> object:
        """Return whether SDK and state server understand each other."""
