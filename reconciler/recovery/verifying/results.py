"""What `verify` found out, as plain values: what reports and exit codes are made of."""

from __future__ import annotations

from msgspec import Struct

from reconciler.recovery import values
from reconciler.recovery.values import FileFinding, LeftOut

#: How it was verified: the bytes read again, two snapshots, or what the platform knows of files.
DEEP, AGAINST, LIVE = "deep", "against", "live"
#: The verdicts: all was compared and agrees; something is wrong; nothing is, as far as it could be
#: compared, which is not all.
AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "not_verified"
#: Classes that say that something could not be compared, rather than that it is wrong.
UNPROVED = frozenset(
    {
        values.UNREADABLE,
        values.CHANGING,
        values.ARCHIVED,
        values.NOT_REACHABLE,
        values.NOT_VERIFIED,
    }
)


class Proofs(Struct, frozen=True):
    """How the hashes of one side are known."""

    #: By what was read for this side itself, by earlier reading, by what the storage says.
    read: int = 0
    kept: int = 0
    stored: int = 0
    #: When the oldest of them was read: RFC 3339, UTC; empty where nobody knows.
    oldest: str = ""
    #: By what the cloud computed at rest, as its reports say.
    attested: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return self.read + self.kept + self.stored + self.attested


class Taken(Struct, frozen=True):
    """What one side of a storage rests on."""

    #: When it was scanned, or its inventory was read: RFC 3339, UTC.
    at: str
    #: The id of the scan; empty of an inventory.
    scan: str = ""
    proofs: Proofs = Proofs()
    #: What its scan was told to leave out.
    left_out: tuple[LeftOut, ...] = ()
    #: When the list was begun by which it was listed; empty: the server was asked.
    listed_at: str = ""


class Emptied(Struct, frozen=True):
    """A folder of which no file is left: all that lay below it are findings of one class."""

    #: Its path, which ends with `/`.
    path: bytes
    what: str
    files: int


class StorageVerified(Struct, frozen=True):
    """One storage, compared."""

    storage: str
    #: Files of the snapshot (of an inventory: records); of those, how many were compared, and how
    #: many could not be. None of the three where nobody knows how many files there were.
    of: int | None = None
    compared: int = 0
    not_verified: int = 0
    #: How many findings there are of each class, and how many changes that are only counted.
    found: dict[str, int] = {}
    quiet: dict[str, int] = {}
    was: Taken | None = None
    now: Taken | None = None
    #: The first findings of each class, sorted by class; there may be more, see `found`.
    findings: tuple[FileFinding, ...] = ()
    #: Folders of which no file is left; their files are among `findings`, as far as those go.
    emptied: tuple[Emptied, ...] = ()
    #: With all: the first of what is only counted.
    counted: tuple[FileFinding, ...] = ()
    #: Earlier findings that were proved to be over; the first of them.
    resolved: tuple[FileFinding, ...] = ()
    resolved_count: int = 0
    #: Earlier findings that this run says nothing of; and since when the oldest of them lasts.
    still_open: int = 0
    still_open_since: str = ""
    #: How many of them there are of each class.
    still_open_of: dict[str, int] = {}
    #: Those of them that need proof, by class, and the first of them: the good bytes were not seen
    #: again since, and nobody has accepted that.
    lasts: dict[str, int] = {}
    lasting: tuple[FileFinding, ...] = ()
    #: What a person has accepted, and still is as it was then; the first of it.
    accepted: tuple[FileFinding, ...] = ()
    accepted_count: int = 0
    #: Files that have their good bytes again, of which the snapshot has others, or none.
    restored: int = 0
    #: Whether something else was read than the storage itself.
    is_copy: bool = False
    #: By what a command line names what was read, if not by `storage`: the address of a copy, or
    #: the key under which its findings lie.
    named: str = ""
    #: Whether not all of it was read by this run, as an earlier one that was ended had begun.
    went_on: bool = False
    #: Whether what earlier runs found can't be read: nobody knows what lasts.
    forgotten: bool = False
    #: Whether one side's scan could not list or read all: nobody knows what else was, or is, there.
    incomplete: bool = False
    #: What else is worth knowing, in sentences.
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether it is as it was: `AGREES`, `DIFFERS` or `UNKNOWN`."""
        # A newer snapshot may have the wrong bytes as well: that they agree proves nothing.
        if self.found.keys() - UNPROVED or self.lasts:
            return DIFFERS
        unknown = self.found or self.is_partial or self.forgotten or self.incomplete
        return UNKNOWN if unknown else AGREES

    @property
    def is_partial(self) -> bool:
        """Whether there is something that was not compared."""
        return bool(self.not_verified) or self.of is None or self.compared < self.of


class Elsewhere(Struct, frozen=True):
    """What is known to be wrong with a storage that is none of those that are told of."""

    #: Its last name; and its last address, fit to be printed, or empty: nobody knows.
    storage: str
    address: str
    #: How many findings last that need proof and that nobody has accepted, by class; and these.
    lasts: dict[str, int]
    lasting: tuple[FileFinding, ...] = ()
    #: Why not all can be read that is known of it, in a sentence.
    problem: str = ""
    #: By what it is named on a command line: its address, or the key under which its findings lie.
    named: str = ""


class Side(Struct, frozen=True):
    """A snapshot that was compared."""

    id: str
    created_at: str
    #: Whether it has all that it should.
    complete: bool = True


class Verified(Struct, frozen=True):
    """All of it."""

    #: `DEEP`, `AGAINST` or `LIVE`.
    how: str
    repository: str
    #: The snapshot that says what was; and with `AGAINST` the one that says what is.
    was: Side
    storages: tuple[StorageVerified, ...]
    now: Side | None = None
    notes: tuple[str, ...] = ()
    #: The file with all rows, where one was written.
    rows: str = ""
    redacted: bool = False
    #: The ids of newer snapshots, which are incomplete, and so were not compared.
    passed_over: tuple[str, ...] = ()
    #: With `LIVE`: the address of the platform, fit to be printed.
    platform: str = ""
    #: Other storages with which something is known to be wrong.
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def of(self) -> int:
        """How many files the snapshot has, as far as that is known."""
        return sum(one.of or 0 for one in self.storages)

    @property
    def compared(self) -> int:
        """How many of them were compared."""
        return sum(one.compared for one in self.storages)

    @property
    def not_verified(self) -> int:
        """How many of them could not be."""
        return sum(one.not_verified for one in self.storages)

    @property
    def verdict(self) -> str:
        """Whether all is as it was; where nothing was compared, nobody knows."""
        each = {one.verdict for one in self.storages}
        each |= {DIFFERS if one.lasts else UNKNOWN for one in self.elsewhere}
        if DIFFERS in each:
            return DIFFERS
        return UNKNOWN if UNKNOWN in each or not self.compared else AGREES
