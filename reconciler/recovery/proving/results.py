"""What is known of the proofs of storages, as plain values: what reports and exit codes are of."""

from __future__ import annotations

from msgspec import Struct

from reconciler.model import Objective
from reconciler.recovery.values import LeftOut
from reconciler.recovery.verifying.results import Elsewhere

#: The verdicts: every byte was proved within its cycle; something is wrong; not every byte was, or
#: nobody knows.
PROVED, WRONG, UNPROVED = "proved", "wrong", "not_proved"


class Much(Struct, frozen=True):
    """An amount of files."""

    files: int = 0
    bytes: int = 0


class Coverage(Struct, frozen=True):
    """How many files of a storage were proved when; what needs no proof is not among them."""

    #: Within the cycle; longer ago; never. Sizes of what can't be read may not be known.
    proved: Much = Much()
    late: Much = Much()
    never: Much = Much()
    #: Of what was never proved: files for which a limit left no room.
    unread: int = 0
    #: Folders that could not be listed: nobody knows what is in them.
    closed: int = 0
    #: Seconds since 1970: the oldest proof, within the cycle or not.
    oldest: int | None = None
    #: By readings of a time that has not come yet, as a clock was wrong: those prove nothing; the
    #: latest of all readings, in seconds since 1970.
    ahead: Much = Much()
    latest: int | None = None
    #: Of what was proved within the cycle: what the cloud computed at rest, as its reports say.
    attested: Much = Much()
    #: How many more paths the scan has that the objective leaves out.
    exempt: int = 0

    @property
    def files(self) -> int:
        """How many files there are."""
        return self.proved.files + self.late.files + self.never.files + self.ahead.files


class StorageProved(Struct, frozen=True):
    """One storage, held against its objective."""

    storage: str
    #: Its location, by which scans are kept.
    place: str
    objective: Objective
    #: None where nothing is known: it was never scanned, or what is known is damaged.
    coverage: Coverage | None = None
    #: When its last scan ended, and the scan's id; empty: there was none.
    scanned_at: str = ""
    scan: str = ""
    #: When the list was begun by which that scan listed it; empty: the server was asked.
    listed_at: str = ""
    #: Since when its root can't be proved, and why; empty: the last scan had it.
    not_reachable_since: str = ""
    not_reachable: str = ""
    #: What the scan was told to leave out, and the objective does not.
    left_out: tuple[LeftOut, ...] = ()
    #: What it left out, and the objective as well.
    exempt: tuple[LeftOut, ...] = ()
    #: How many findings last that need proof and that nobody has accepted, by class.
    wrong: dict[str, int] = {}
    #: Why what is known of it can't be used, in a sentence.
    problem: str = ""

    @property
    def is_hollow(self) -> bool:
        """Whether nothing is left to prove, as all that lies there is left out."""
        one = self.coverage
        return one is not None and not one.files and bool(one.exempt or self.exempt)

    @property
    def is_proved(self) -> bool:
        """Whether every byte was proved within the cycle."""
        one = self.coverage
        if one is None or self.left_out or self.is_hollow:
            return False
        return not (one.late.files or one.never.files or one.ahead.files or one.closed)

    @property
    def verdict(self) -> str:
        """`PROVED`, `WRONG` or `UNPROVED`."""
        if self.wrong:
            return WRONG
        return PROVED if self.is_proved and not self.problem else UNPROVED


class Proved(Struct, frozen=True):
    """All storages that have an objective."""

    repository: str
    #: When this was looked up: seconds since 1970.
    at: int
    storages: tuple[StorageProved, ...]
    #: What else is worth knowing, in sentences.
    notes: tuple[str, ...] = ()
    #: Other storages with which something is known to be wrong.
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no file in any of them, as far as that is known."""
        return not any(one.coverage is None or one.coverage.files for one in self.storages)

    @property
    def is_known_empty(self) -> bool:
        """Whether there is surely no file in any of them: each was there, and could be listed."""
        unseen = (
            one.not_reachable_since or one.problem or (one.coverage and one.coverage.closed)
            for one in self.storages
        )
        return self.is_empty and not any(unseen)

    @property
    def oldest(self) -> int | None:
        """The oldest proof of all: seconds since 1970; None where there is none."""
        each = (one.coverage.oldest for one in self.storages if one.coverage)
        return min((oldest for oldest in each if oldest is not None), default=None)

    @property
    def verdict(self) -> str:
        """Whether every byte was proved; where there is no storage, or file, nobody knows."""
        each = {one.verdict for one in self.storages}
        each |= {WRONG if one.lasts else UNPROVED for one in self.elsewhere}
        if self.is_empty and WRONG not in each:
            return UNPROVED
        if WRONG in each:
            return WRONG
        return PROVED if each == {PROVED} else UNPROVED
