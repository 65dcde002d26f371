"""What was live at earlier moments: for lists that lag, and for backups that are put back."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from reconciler.model import Storage


class Kept(Struct, frozen=True):
    """A storage as it was, with the mark of its revision."""

    storage: Storage
    files: int
    spaces: tuple[str, ...]
    revision: int


class Past(Struct, frozen=True):
    """A whole platform as it was."""

    time: float
    moment: int
    kept: tuple[Kept, ...]
    keys: Mapping[str, Storage]
    fence: int
    holder: str
    #: How many marks had been given by then.
    counted: int
