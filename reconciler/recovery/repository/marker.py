"""What says that a folder or bucket is a repository, and which one."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError
from reconciler.recovery.repository import MARKER, layout
from reconciler.recovery.repository.contract import Repository

_KIND = "reconciler repository"


class Marker(Struct, frozen=True):
    """The first file of a repository; it is never changed."""

    kind: str
    format_version: int
    #: 32 hex digits, made by chance.
    id: str
    created_at: str


def read(repository: Repository) -> Marker | None:
    """Read the marker; None if there is none, which is no proof that there is no repository.

    Raises `RepositoryError` if it is not ours, or that of a later format.
    """
    data = repository.read(MARKER)
    if data is None:
        return None
    try:
        marker = msgspec.json.decode(data, type=Marker)
    except msgspec.MsgspecError:
        marker = None
    if marker is None or marker.kind != _KIND:
        raise RepositoryError(
            f"{repository.address} is no repository of ours: its {MARKER} can't be understood"
        )
    if marker.format_version > layout.FORMAT_VERSION:
        raise RepositoryError(
            f"the repository {repository.address} has format {marker.format_version}, and this "
            f"program knows up to {layout.FORMAT_VERSION}: use a newer release"
        )
    return marker


def write(repository: Repository) -> bool:
    """Write a new marker; False if somebody was quicker, whose repository it is then."""
    now = timestamp(datetime.now(UTC), "seconds")
    marker = Marker(_KIND, layout.FORMAT_VERSION, os.urandom(16).hex(), now)
    return repository.write(MARKER, msgspec.json.format(msgspec.json.encode(marker)) + b"\n")
