"""What scans, snapshots and findings are made of, beside the rows."""

from __future__ import annotations

from msgspec import Struct

from reconciler.recovery import rows
from reconciler.recovery.rows import Content


class Target(Struct, frozen=True):
    """A storage that is to be read, and from where."""

    id: str
    name: str
    type: str
    #: Its location in the one form that is compared (`location.location(…).place`).
    place: str
    #: The address under which it is read here; another than the declared one with `--relocate`.
    url: str
    region: str | None = None
    #: What lies at this place is said to be a copy of what lies at another; empty: it is no copy.
    #: As long as it was never scanned itself, its root is held against the last scan of that one.
    copy_of: str = ""


class Root(Struct, frozen=True, omit_defaults=True):
    """What a storage's root was when it was proved to be there.

    The next scan holds it against what it finds: `roots` says what may differ.
    """

    #: `folder` or `bucket`.
    kind: str
    #: The address under which it was read.
    url: str
    #: Facts by which a folder of a file system is known again, as `roots.file_system` has them:
    #: the volume's UUID, server and share, and the like.
    device: str = ""
    #: The file system's type, as the system names it (`ext4`, `nfs4`); empty where nobody can tell.
    #: By it a scan knows whether change times and inodes are worth trusting.
    file_system: str = ""
    #: The marker at the root: its name, and SHA-256 of its content in hex; empty: there was none.
    marker: str = ""
    marker_sha256: str = ""
    #: Whether nothing lay in it, or what lies in a file system that was just made; a marker alone
    #: makes it not empty.
    empty: bool = False
    #: Of a bucket: whether it keeps versions, and the region that it said it is in.
    versioned: bool = False
    region: str = ""
    #: Of a bucket whose address names no server: the one that the environment named, but for AWS,
    #: where a name means one bucket alone.
    server: str = ""


class Unproved(Struct, frozen=True, omit_defaults=True):
    """A part of a storage about which nothing may be concluded, and why."""

    #: A file, a folder (it ends with `/`, and is no object), or empty for all of it.
    path: bytes
    #: `EIO`, `403`, `not mounted`: short, of a kind; `message` says it in a sentence.
    reason: str
    message: str = ""
    #: Whether it is an object whose key ends with `/`, or stands for files below such a path: it
    #: hides nothing.
    is_object: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether nothing may be concluded of what lies below it either."""
        return not self.is_object and (not self.path or self.path.endswith(b"/"))

    @property
    def is_unread(self) -> bool:
        """Whether a limit left no room for it: it was listed, so that it is there."""
        return self.reason == rows.LIMIT.decode()

    @property
    def is_unlisted(self) -> bool:
        """Whether it is the listing itself, which is proved to leave something out.

        What is known to be there was asked for, so that nothing is hidden by it; what is new may
        not be seen.
        """
        return self.reason == rows.UNLISTED


class LeftOut(Struct, frozen=True):
    """What a glob of `--exclude` left out: nothing is known of it."""

    glob: str
    #: Files, or objects; and folders, with what lies in them, which nobody has counted.
    files: int = 0
    folders: int = 0


class Counts(Struct, frozen=True, omit_defaults=True):
    """How much a scan, or a snapshot's contents, came to."""

    rows: int = 0
    #: Rows of each kind.
    kinds: dict[str, int] = {}
    #: Rows of each proof, among those that have a hash.
    proofs: dict[str, int] = {}
    #: Bytes of all files and objects; of those, how many were read in this scan.
    bytes: int = 0
    bytes_read: int = 0
    #: When the oldest of the hashes was proved; whole seconds since 1970, UTC.
    oldest_proof: int | None = None
    #: What each glob left out, in their order; also those that matched nothing.
    left_out: tuple[LeftOut, ...] = ()


class CloudReport(Struct, frozen=True):
    """A report of the cloud whose sums stand in a scan."""

    #: When it was made: whole seconds since 1970, UTC; the `proved_at` of its sums.
    at: int
    #: SHA-256 in hex of its manifest, which has the MD5 of all its lines.
    digest: str


class Scan(Struct, frozen=True):
    """What is kept of one scan of one storage: all but the rows themselves."""

    format_version: int
    #: Unique, and sorted by when the scan began.
    id: str
    place: str
    #: The storage under whose name it was scanned, at that time.
    storage_id: str
    name: str
    root: Root
    #: RFC 3339, UTC.
    started_at: str
    ended_at: str
    #: Globs of what was left out.
    excluded: tuple[str, ...]
    #: Whether all of it was listed and read; `unproved` says what was not.
    complete: bool
    unproved: tuple[Unproved, ...]
    counts: Counts
    #: SHA-256 in hex of the part with the rows, and of the one with what scans keep beside them.
    contents: str
    stamps: str
    tool_version: str
    host: str
    #: A moment that the file system's own clock had surely reached when the scan began, by the
    #: clock of the machine that scanned; nanoseconds since 1970. What was touched less than 2 s
    #: before it may have been touched again without a trace.
    clock_ns: int = 0
    #: The part with the files that should be otherwise than this scan has them, as they should be:
    #: what was gone, left out or unreadable, and what is damaged. Empty if there are none.
    remembered: str = ""
    #: The id of the scan from which it has what it remembers; empty: it was the first.
    after: str = ""
    #: The ids of earlier scans of which not all is known that they knew: a part was lost.
    lost: tuple[str, ...] = ()
    #: The ids of scans that were made apart, in a copy of the repository, of which it has what they
    #: remember, too (`scanning.known.apart`); and what stands for all scans that it has seen.
    beside: tuple[str, ...] = ()
    seen: str = ""
    #: The newest record of findings of the storage when it ended: one that is older, or none, is
    #: all that a copy has which was restored in part. Empty: there was none.
    findings: str = ""
    #: The location of the storage of which a copy was read; empty: it was the storage itself.
    copy_of: str = ""
    #: The reports of the cloud that attest hashes of it, this one's and those of earlier scans.
    reports: tuple[CloudReport, ...] = ()
    #: When the list was begun by which it was listed, RFC 3339, UTC; empty: the server was asked.
    listed_at: str = ""
    #: Of the document in which it is kept; empty anywhere else.
    seal: str = ""

    def parts(self) -> set[str]:
        """Return the SHA-256 of all its parts."""
        return {self.contents, self.stamps, self.remembered} - {""}


MISSING, DAMAGED, CHANGED, EXTRA, MOVED = "missing", "damaged", "changed", "extra", "moved"
UNREADABLE, CHANGING, ARCHIVED = "unreadable", "changing", "archived"
DELETED, RENAMED = "deleted", "renamed"
NOT_REACHABLE, NOT_VERIFIED = "not_reachable", "not_verified"
INVENTORY = "inventory"


class Accepted(Struct, frozen=True):
    """That a person said: it may stay as it is."""

    #: RFC 3339, UTC; who said so, and why, in their own words.
    at: str
    by: str
    why: str = ""
    #: What the file was then; None: it was not there.
    now: Content | None = None
    #: Of one that was not there: which files are given up, all that were missed at that path by
    #: then. Empty in what earlier versions kept: it is what the finding says that it `was`.
    of: tuple[Content, ...] = ()
    #: When it was seen so last by then, RFC 3339, UTC; empty in what earlier versions kept.
    seen: str = ""
    #: When somebody took that back, and who; empty: it holds.
    withdrawn: str = ""
    withdrawn_by: str = ""


class FileFinding(Struct, frozen=True):
    """One thing that `verify` found: about a file, a part of a storage, or a storage."""

    #: `MISSING`, … `NOT_VERIFIED`.
    what: str
    #: The storage, by name; and its location, by which findings are kept.
    storage: str
    place: str
    path: bytes = b""
    was: Content | None = None
    now: Content | None = None
    #: What helps beside: the reason, the version that is still there. No path below the root is
    #: ever in it, but for a marker's, where a root could not be proved.
    note: str = ""
    #: Of a part that was not verified: why, in a code (`comparing.classify`), whatever the note
    #: says; empty where it is said of the whole storage.
    reason: str = ""
    #: Another path: where the same bytes lie now.
    other: bytes = b""
    #: Of a part that was not verified: how many files of the snapshot lie in it.
    files: int = 0
    #: `INVENTORY` if it is about the platform's record of a file, and `path` an upload id; else
    #: empty: it is about the file itself.
    about: str = ""
    #: RFC 3339, UTC; `resolved` is empty while it lasts.
    first_seen: str = ""
    last_seen: str = ""
    resolved: str = ""
    #: It counts no more as long as the file is as it was then (`findings.episodes.is_accepted`).
    accepted: Accepted | None = None
    #: As what else it was found damaged since it was first seen, and nobody has accepted that.
    rotted: tuple[Content, ...] = ()
    #: Which other files are missed: they came to lie at the path since, and went as well.
    missed: tuple[Content, ...] = ()
