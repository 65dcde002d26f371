"""What is told of a scan: before it begins, while it runs, and when it ends. Plain values."""

from __future__ import annotations

from msgspec import Struct, field

from reconciler.errors import RepositoryError
from reconciler.recovery.rows import Content
from reconciler.recovery.scanning.shard import Shard
from reconciler.recovery.values import FileFinding, Scan

#: Everything was listed and read; it was, but for what `scan.unproved` says; the run ended before
#: it was, and the next one goes on; the root could not be proved; it was not begun at all.
COMPLETE, INCOMPLETE, UNFINISHED = "complete", "incomplete", "unfinished"
NOT_REACHABLE, NOT_BEGUN = "not_reachable", "not_begun"
#: All that one shard is to read was read; others are not through.
SHARD_DONE = "shard_done"

#: All of these, in the order in which they are counted; and those that leave nothing to do for the
#: run that ended so.
STATUSES = (COMPLETE, SHARD_DONE, INCOMPLETE, UNFINISHED, NOT_REACHABLE, NOT_BEGUN)
DONE = (COMPLETE, SHARD_DONE)


class Wish(Struct, frozen=True):
    """How storages are to be scanned."""

    #: Globs of what is left out.
    excluded: tuple[str, ...] = ()
    #: Whether everything is read, also what shows no change.
    full: bool = False
    #: How many tasks are read at once.
    workers: int = 1
    #: Bytes a second that the pace will allow.
    limit_rate: float | None = None
    #: Names of storages that were moved on purpose: nothing is held against their roots.
    accept_roots: tuple[str, ...] = ()
    #: Seconds in which all is to be read once: what was proved longest ago is read, and a limit
    #: ends the reading, not the scan. None: only what is new or shows a change.
    every: int | None = None
    #: Names of storages that go on though what an earlier scan knew is lost.
    accept_loss: tuple[str, ...] = ()
    #: The share of each storage that is read; None: all of it.
    shard: Shard | None = None


class Estimate(Struct, frozen=True):
    """How much there is to do, as far as it is known before."""

    #: Regular files, or objects, and their bytes.
    files: int
    bytes: int
    #: From when the last scan is that says so; empty: the storage was listed for it.
    since: str = ""
    #: Whether all of that is read; otherwise, only what has changed since.
    all_read: bool = True
    #: Requests to a bucket, if all is read that may be; None: it is a folder.
    requests: int | None = None
    #: Seconds; and bytes a second, which are assumed where no earlier scan says how many.
    seconds: float = 0
    rate: float = 0
    rate_is_assumed: bool = True
    #: Whether what is due is read, too.
    due: bool = False
    #: In how many shares it is read, of which one is this run's; `seconds` are those of one.
    shards: int = 1
    #: Files that need no reading, as reports of the cloud attest their bytes.
    attested: int = 0


class Scanned(Struct):
    """How the scan of one storage ended."""

    storage: str
    #: One of `STATUSES`.
    status: str = COMPLETE
    #: Why it is not complete, in a sentence; empty if it is.
    reason: str = ""
    #: The record, where one was kept.
    scan: Scan | None = None
    estimate: Estimate | None = None
    #: The first run of this scan, if this one went on: when it began.
    went_on_from: str = ""
    #: The address of the repository, fit to be printed.
    repository: str = ""
    #: Files and bytes that were read by this run; files whose earlier hash was kept.
    files_read: int = 0
    bytes_read: int = 0
    files_kept: int = 0
    #: Of those, files that an earlier run of this very scan has read.
    taken_over: int = 0
    #: Files that a limit left no room for: new or changed ones; those with a hash that are due.
    unread: int = 0
    due_left: int = 0
    #: Files that have the size and time that they had, but other bytes; the first of them.
    altered: int = 0
    altered_first: list[bytes] = field(default_factory=list)
    #: The location; and of those files that no record of this scan tells of, as it was not kept,
    #: how they should be, and are.
    place: str = ""
    rotten: list[tuple[Content, Content]] = field(default_factory=list)
    #: What the repository failed with before all was kept, where something was found until then;
    #: and of that what stands in no record of findings either.
    failure: RepositoryError | None = None
    unkept: list[FileFinding] = field(default_factory=list)
    #: Files that are gone, and were there; objects that are under a delete marker; the first of
    #: them. What a person has accepted is not counted.
    missing: int = 0
    missing_first: list[bytes] = field(default_factory=list)
    deleted: int = 0
    deleted_first: list[bytes] = field(default_factory=list)
    #: Files that were found so before, and that this scan could not see; the first of them. What
    #: they are now is not known.
    unseen: int = 0
    unseen_first: list[bytes] = field(default_factory=list)
    #: Files that are gone from where they were, and may be one that was not read yet, at another
    #: path and with their size and time; the first of them.
    awaited: int = 0
    awaited_first: list[bytes] = field(default_factory=list)
    #: Files that are not what the last scan had, though they had settled then; the first of them.
    changed: int = 0
    changed_first: list[bytes] = field(default_factory=list)
    #: Pairs of paths that differ in case or Unicode form only; the first of them.
    alike: int = 0
    alike_first: list[tuple[bytes, bytes]] = field(default_factory=list)
    #: Files that are there and that the listing of a bucket left out.
    unlisted: int = 0
    #: Whether something that earlier scans, or runs, knew can't be read: a note says what.
    forgotten: bool = False
    #: Files that a report of the cloud has otherwise than they were recorded: each was to be read.
    doubted: int = 0
    #: What else is worth knowing, in sentences.
    notes: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many files are not as they should be, as far as is known."""
        return self.altered + self.missing + self.deleted + self.unseen


class Tally(Struct):
    """How far a scan has come, for whoever shows it: only ever read there, from any thread."""

    storage: str = ""
    #: How many files there are, and bytes, as was estimated; 0: nobody knows yet.
    files: int = 0
    bytes: int = 0
    #: Those that need not be read; and what other processes have read, of which no pace knows.
    settled_files: int = 0
    settled_bytes: int = 0
    #: What the pace had counted when the storage was begun.
    files_before: int = 0
    bytes_before: int = 0

    def begin(self, storage: str, files_before: int, bytes_before: int) -> None:
        """Begin anew, with another storage."""
        self.storage, self.files_before, self.bytes_before = storage, files_before, bytes_before
        self.files = self.bytes = 0
        self.settled_files = self.settled_bytes = 0
