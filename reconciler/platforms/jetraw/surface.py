"""What is known of the SDK's surface. What its members give is checked, so here it is `object`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Handle(Protocol):
    """A `jetraw.storages.Storage`."""

    @property
    def id(self) -> object:
        """Its id."""

    @property
    def url(self) -> object:
        """Its URL on this machine."""

    @property
    def created_at(self) -> object:
        """When it was made."""

    def checksums(self) -> Iterable[object]:
        """Its files."""

    def remove(self) -> object:
        """Remove it."""


class Space(Protocol):
    """A `jetraw.spaces.Space`."""

    @property
    def name(self) -> object:
        """Its name."""

    @property
    def storages(self) -> Iterable[Handle]:
        """The storages that it is tied to."""


class Client(Protocol):
    """A `jetraw.Client`."""

    @property
    def host(self) -> object:
        """The state server that it talks to."""

    @property
    def access_token(self) -> object:
        """A secret."""

    def is_compatible(self) -> object:
        """Whether SDK and state server understand each other."""
