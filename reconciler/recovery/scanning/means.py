"""What the scans of all storages share, and where they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import cached_property

from msgspec import Struct

from reconciler.location import bucket_of
from reconciler.recovery.cloud.lists import BucketList
from reconciler.recovery.cloud.sums import Sums
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.known.last_record import LastRecords
from reconciler.recovery.scanning.outcome import Estimate, Tally, Wish
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.scanning.reading.tasks import Opener
from reconciler.recovery.values import CloudReport, Target


class Here(Struct, frozen=True):
    """Where it is scanned, and when it is."""

    host: str
    now: Callable[[], datetime]
    #: Told how much there is to do, and for which storage.
    estimated: Callable[[str, Estimate], None] = lambda _storage, _estimate: None


class Means(Struct, frozen=True, dict=True):
    """What all scans of a run share."""

    repository: Repository
    wish: Wish
    here: Here
    executor: Executor
    pace: Pace
    tally: Tally
    #: Opens a source where the executor reads, if that is in another process.
    open_elsewhere: Opener | None = None
    #: What reports of the cloud attest.
    sums: Sums | None = None
    #: Lists of buckets, by their names, that take the place of the servers' own.
    lists: Mapping[str, BucketList] = {}

    #: Keeps what earlier scans of a place have found that were killed before they could.
    catch_up: Callable[[str], None] = lambda _place: None

    def list_of(self, target: Target) -> BucketList | None:
        """Return the list of a storage's bucket; None: the server is asked."""
        bucket = bucket_of(target.type, target.url) if self.lists else None
        return self.lists.get(bucket.name) if bucket else None

    def reports_of(self, target: Target) -> tuple[CloudReport, ...]:
        """Return the reports that name the bucket of a storage."""
        bucket = bucket_of(target.type, target.url)
        named = self.sums.reports if self.sums and bucket else {}
        return tuple(named.get(bucket.name, ())) if bucket else ()

    @cached_property
    def lasts(self) -> LastRecords:
        """What finds the last scan of each storage."""
        return LastRecords(self.repository)
