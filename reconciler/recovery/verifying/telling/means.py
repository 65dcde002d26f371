"""What the storages of a run share, and what a run knows of how things are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cached_property

from msgspec import Struct

from reconciler.errors import SnapshotError
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.verifying.comparing.sides import Side
from reconciler.recovery.verifying.recorded import look, of_scan
from reconciler.recovery.verifying.telling.redaction import Redaction
from reconciler.recovery.verifying.telling.table import Table

Rows = dict[bytes, Content]
#: Looks paths up in what is now.
Look = Callable[[Collection[bytes]], Rows]


class Means(Struct, frozen=True, dict=True):
    """What all storages of a run share."""

    repository: Repository
    clock: Callable[[], datetime]
    #: Whether what is only counted is told as well.
    everything: bool = False
    settled_ns: int = 0
    redaction: Redaction | None = None
    table: Table | None = None
    #: As `settled_ns`, by the location of a storage, where that is said.
    settled_of: Mapping[str, int] = {}

    @cached_property
    def lasts(self) -> LastRecords:
        """What finds the last scan of each storage."""
        return LastRecords(self.repository)

    def last_rows(self, place: str, asked: Collection[bytes], after: str = "") -> Rows | None:
        """Return what the last scan of a place has of a few paths, if it ended `after` a moment.

        None where there is none that can be read. Raises `RepositoryError`.
        """
        try:
            last = self.lasts.of(place) if asked else None
            if last is None or last.ended_at <= after:
                return None
            return look(self.repository, of_scan(last), asked)
        except SnapshotError:
            return None


class Present(Struct, frozen=True):
    """What a run knows of how things are, by which earlier findings are held to be over."""

    #: RFC 3339, UTC, milliseconds.
    moment: str
    side: Side
    look: Look
    #: `values.INVENTORY`, or empty: about files themselves.
    about: str = ""
