"""What a rebuild came to, as reports tell it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from reconciler.reconcile import Applied
from reconciler.recovery.snapshots.document import Kept

#: Of storages: it is not there; another one has its name; it was left as it is, with other values;
#: no manifest can express it; the snapshot may lack some altogether.
NOT_LIVE, ELSEWHERE, DIFFERS = "not_live", "elsewhere", "differs"
UNMANAGED, NOT_LISTED = "unmanaged", "not_listed"
#: Of records: still missing; the snapshot has none, or they are damaged; the platform takes none;
#: some are missing or differ where what is live is to stay as it is.
MISSING, NO_INVENTORY, DAMAGED = "missing", "no_inventory", "damaged"
NOT_TAKEN, KEPT_LIVE = "not_taken", "kept_live"
#: What the same command does, if it is run again.
_AGAIN = (NOT_LIVE, MISSING)
#: What is no failure: somebody wants it so, or nobody can do anything about it.
_AGREED = (DIFFERS, NOT_TAKEN)


class Left(Struct, frozen=True):
    """Something of a storage that is not as the snapshot has it, and why."""

    #: The storage, by name; empty for the whole.
    storage: str
    #: The kind: one of the words above.
    what: str
    message: str

    @property
    def is_failure(self) -> bool:
        """Whether a rebuild that leaves this is none of the whole."""
        return self.what not in _AGREED

    @property
    def is_for_people(self) -> bool:
        """Whether no run of the same command can mend it."""
        return self.is_failure and self.what not in _AGAIN


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
    #: Whether the same command does more if it is run again.
    again: bool
    exit_code: int
