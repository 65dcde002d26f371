"""The story of one file, as plain values: what is told by `verify --explain`."""

from __future__ import annotations

from msgspec import Struct

from reconciler.environment.timestamps import moment_of
from reconciler.recovery.findings.episodes import is_settled
from reconciler.recovery.findings.history import has_come_since_accepted
from reconciler.recovery.rows import ATTESTED, Content
from reconciler.recovery.values import Accepted, FileFinding
from reconciler.recovery.verifying.results import UNPROVED

#: What a scan says of the file: it has the bytes that it had; it is seen for the first time; a
#: class of findings; or nothing at all.
SAME, FIRST, UNSEEN, NOTHING = "same", "first", "unseen", "nothing"

#: What is said of a file of which a report of the cloud has other bytes than the last scan.
DOUBTED = "a report of the cloud has other bytes, and nobody has read it since"
DISPUTED = "reports of the cloud of one moment have two sums of it, and nobody has read it since"


class Chapter(Struct, frozen=True):
    """What one scan says of the file."""

    #: RFC 3339, UTC: when the scan began.
    at: str
    #: Empty: it is a report of the cloud that says it.
    scan: str
    #: `SAME`, `FIRST`, `UNSEEN` (it was not there yet), `NOTHING` (the scan can't tell), or a class
    #: of `values`.
    what: str
    content: Content | None = None
    #: Why it can't be told.
    note: str = ""
    #: Snapshots that have this scan, by id.
    snapshots: tuple[str, ...] = ()
    #: SHA-256 in hex of the manifest of the report that attests its bytes; of none, or of several
    #: that were made in one second.
    reports: tuple[str, ...] = ()
    #: Where it may lie instead: nobody has read what has its size and time there.
    maybe: bytes = b""


class Copy(Struct, frozen=True):
    """Where the good bytes were found last."""

    storage: str
    path: bytes
    #: When the scan began that has it, and when and how its bytes were proved.
    at: str
    content: Content


class Folder(Struct, frozen=True):
    """What is known of all that lies below a folder."""

    #: RFC 3339, UTC: when the last scan began; empty where none can be read.
    at: str
    #: How many files lay there, by that scan, and of how many it does not know the bytes.
    files: int
    unknown: int
    #: How many findings of files there last, by class; and how many were accepted.
    found: dict[str, int]
    accepted: int


class Story(Struct, frozen=True):
    """All that is known of one file."""

    storage: str
    path: bytes
    chapters: tuple[Chapter, ...]
    #: What it should be: as it was before it was wrong; None if it was never seen with a hash.
    good: Content | None
    #: When its bytes were read and right, for the last time, here or by the cloud; empty: never.
    last_right: str = ""
    #: The first scan that found it wrong, and still is; empty: it is not wrong.
    wrong_since: str = ""
    copies: tuple[Copy, ...] = ()
    #: Copies beyond those.
    more_copies: int = 0
    #: What `verify` found of it, earlier and now.
    findings: tuple[FileFinding, ...] = ()
    redacted: bool = False
    #: Another path, which was probably meant, where no scan has seen this one.
    meant: bytes = b""
    #: What a repository once knew and can't read any more, in sentences: it may be of this file.
    lost: tuple[str, ...] = ()
    #: The scan before which somebody wrote it last, as its time tells; empty: nobody has.
    written: str = ""
    #: Whether it had settled when it was written, so that nobody knows whether that was meant.
    #: `good` is then what it was before.
    overwritten: bool = False
    #: Where the path is a folder: then nothing but the findings below it is told beside.
    folder: Folder | None = None

    @property
    def is_attested(self) -> bool:
        """Whether it was the cloud that had its bytes right last, and nobody here."""
        each = (self.good, *(chapter.content for chapter in self.chapters))
        return bool(self.last_right) and any(
            row.proof == ATTESTED and moment_of(row.proved_at) == self.last_right
            for row in each
            if row is not None and row.proved_at is not None
        )

    @property
    def is_wrong(self) -> bool:
        """Whether the last scan that could tell found it wrong, and nobody has accepted that.

        Of a folder: whether that is so of any file below it.
        """
        if self.folder is not None:
            return bool(self.folder.found.keys() - UNPROVED)
        return bool(self.wrong_since) and self.accepted is None

    @property
    def accepted(self) -> Accepted | None:
        """What a person has said of it as it is; None if nobody has."""
        lasting = (finding for finding in self.findings if not finding.resolved)
        seen = [chapter.content for chapter in self.chapters]
        for finding in lasting:
            if is_settled(finding) and not any(
                has_come_since_accepted(finding, each) for each in seen
            ):
                return finding.accepted
        return None

    @property
    def is_known(self) -> bool:
        """Whether the last scan could tell, and its bytes were ever read; of a folder, of all."""
        if self.folder is not None:
            return bool(self.folder.at) and not (self.folder.found or self.folder.unknown)
        return bool(self.chapters) and self.good is not None and self.chapters[-1].what != NOTHING
