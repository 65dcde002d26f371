"""What a rebuild came to, as reports tell it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from reconciler.reconcile import Applied
from reconciler.recovery.snapshots.document import Kept


class Left(Struct, frozen=True):
    """Something of a storage that is not as the snapshot has it, and why."""

    #: The storage, by name; empty for the whole.
    storage: str
    message: str


class Told(Struct, frozen=True):
    """What became of the platform's records of files."""

    #: How many were added, and to how many storages.
    added: int = 0
    storages: int = 0
    #: Of which storages they are not all there.
    left: tuple[Left, ...] = ()


class Rebuilt(Struct, frozen=True):
    """How a rebuild ended. It verifies nothing: `verify` says which commands do."""

    kept: Kept
    #: The address of the platform, fit to be printed.
    platform: str
    applied: Applied
    #: How many storages of the snapshot were asked for.
    wanted: int
    #: How many of them are live, and as the snapshot has them; None if live was not read again.
    live: int | None
    #: Those that are not, and why.
    left: tuple[Left, ...]
    records: Told
    #: By storage: the spaces that used it, and that nobody has tied to it again.
    spaces: Mapping[str, tuple[str, ...]]
    #: By the id in the snapshot: the id here.
    ids: Mapping[str, str]
    #: What was written for the user, and what of it is left to do, in sentences.
    files: tuple[str, ...]
    #: What went wrong beside the apply.
    problems: tuple[str, ...]
    #: Commands that verify.
    verify: tuple[str, ...]
    exit_code: int
