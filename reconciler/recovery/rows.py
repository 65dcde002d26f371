"""What is known of each file, in columns: a scan of millions of files makes no object for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

#: A regular file, or an object whose bytes can be read.
FILE = "file"
#: A symbolic link: `detail` is its target; it is neither followed nor dropped.
LINK = "link"
PIPE, SOCKET, DEVICE = "pipe", "socket", "device"
#: What can lie where a file lay, and has none of its bytes.
INSTEAD = (LINK, PIPE, SOCKET, DEVICE)
#: What Jetraw keeps at a storage's root, `*.jetraw-storage`: `detail` is its content.
MARKER = "marker"
#: An object of no bytes whose key ends with `/`: how buckets show an empty folder.
FOLDER = "folder"
#: An object that lies in an archive: nothing is restored unasked. `detail` is its storage class.
ARCHIVED = "archived"
#: A key whose newest version is a delete marker: `version` is the one under it that is the file as
#: it should be, else the newest. In a listing `detail` has all of several (`versions.told`).
DELETED = "deleted"
#: A file that changed twice while it was read: it has no hash.
CHANGING = "changing"
#: What could not be read; `detail` is the system's name of the reason (`EIO`) or the status. If
#: `is_closed`, it is a folder: nothing is known of what lies below it.
UNREADABLE = "unreadable"
#: The reason why a file was not read, where a limit of the run left no room for it.
LIMIT = b"limit"
#: Why a bucket is not proved whose listing leaves out what is there.
UNLISTED = "unlisted"
#: What has bytes, whether or not they can be read just now.
WITH_BYTES = (FILE, ARCHIVED, CHANGING, UNREADABLE)

#: The bytes were read, and hashed, in this scan.
READ = "read"
#: An earlier hash, kept because nothing shows that the file was touched since.
KEPT = "kept"
#: A sum of the whole object that the storage keeps: where it comes from, no proof of the bytes.
STORED = "stored"
#: The cloud read the bytes where they lie, at rest, and a report of the job says what their hash
#: was, and of which object; nobody here has read them.
ATTESTED = "attested"
#: In a listing alone: reports of one moment have two sums of one object. Nobody can know which of
#: them is right but by reading it.
DISPUTED = "disputed"
#: What is said of one that nobody may read.
TWO_SUMS = b"two sums in reports of one moment"
#: What follows the storage class of an archived object of which a report has no sum: why not.
NO_SUM = b"; no sum in a report: "
#: What says that somebody has read the bytes once.
PROVEN = (READ, KEPT, ATTESTED)
#: What reports tell of an object that is listed.
_TOLD = (ATTESTED, DISPUTED)

#: What two listings of one object have in common, whatever its storage class.
IDENTITY = ("size", "mtime_ns", "version", "tag")
#: The first and last moments that 64 bits of nanoseconds since 1970 reach, in 1677 and 2262. File
#: systems know earlier and later ones; those are kept as these.
FIRST_NS, LAST_NS = -(2**63), 2**63 - 1

Ints: TypeAlias = list[int | None]
Bytes: TypeAlias = list[bytes | None]


class Rows(Struct):
    """Columns of one length, sorted by `path` as bytes; no path stands in them twice.

    What is not known, or means nothing for a kind, is None.
    """

    #: Below the storage's root, parts joined by `/`; as the system or the bucket has it.
    path: list[bytes] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    #: Bytes.
    size: Ints = field(default_factory=list)
    #: Nanoseconds since 1970, UTC; of an object when it was last modified.
    mtime_ns: Ints = field(default_factory=list)
    #: 32 bytes; None where the bytes are not known.
    sha256: Bytes = field(default_factory=list)
    #: `READ`, `KEPT`, `STORED`, `ATTESTED`, or empty where there is no hash.
    proof: list[str] = field(default_factory=list)
    #: When the bytes were read that `sha256` is of, here or by the cloud: whole seconds since
    #: 1970, UTC.
    proved_at: Ints = field(default_factory=list)
    #: The version of an object, in a bucket that keeps versions.
    version: list[str | None] = field(default_factory=list)
    #: What a kind has beside: see the kinds.
    detail: Bytes = field(default_factory=list)
    #: What shows, with size and mtime, whether a file was touched since: kept by scans alone, and
    #: no part of a snapshot. Of a file its change time and inode, of an object its entity tag.
    ctime_ns: Ints = field(default_factory=list)
    inode: Ints = field(default_factory=list)
    tag: Bytes = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self.path)


class Content(Struct, frozen=True):
    """One row: what is known of one file. The fields are those of `Rows`."""

    path: bytes
    kind: str
    size: int | None = None
    mtime_ns: int | None = None
    sha256: bytes | None = None
    proof: str = ""
    proved_at: int | None = None
    version: str | None = None
    detail: bytes | None = None

    @property
    def is_unread(self) -> bool:
        """Whether a limit left no room for it: it is there, and nothing is known of its bytes."""
        return self.kind == UNREADABLE and self.detail == LIMIT

    @property
    def is_closed(self) -> bool:
        """Whether it is a folder that could not be listed."""
        return is_closed(self.kind, self.path, self.size)


#: The columns of a snapshot, and those that only scans keep beside it, row by row.
CONTENT_COLUMNS = Content.__struct_fields__
STAMP_COLUMNS = tuple(name for name in Rows.__struct_fields__ if name not in CONTENT_COLUMNS)
_COLUMNS = Rows.__struct_fields__


def is_closed(kind: str, path: bytes, size: int | None) -> bool:
    """Return whether a row is a folder that could not be listed.

    Its path ends with `/`, as the key of an object may, which always has a size: below that one
    everything is listed.
    """
    return kind == UNREADABLE and path.endswith(b"/") and size is None


def same_bytes(one: Content, other: Content) -> bool | None:
    """Return whether two rows have the same bytes; None if nobody can say."""
    if one.sha256 is not None and other.sha256 is not None:
        return one.sha256 == other.sha256
    if one.size is not None and other.size is not None and one.size != other.size:
        return False
    return None


def together(batches: Iterable[Rows], most: int) -> Iterator[Rows]:
    """Yield larger batches, of at least `most` rows but for the last: each costs a little anew."""
    rows = Rows()
    for batch in batches:
        extend(rows, batch)
        if len(rows) >= most:
            yield rows
            rows = Rows()
    if len(rows):
        yield rows


def content_of(rows: Rows, i: int) -> Content:
    """Return one row without its stamps."""
    return Content(*(getattr(rows, column)[i] for column in CONTENT_COLUMNS))


def part_of(rows: Rows, start: int, end: int) -> Rows:
    """Return rows that follow each other."""
    return Rows(*(getattr(rows, column)[start:end] for column in _COLUMNS))


def chosen(rows: Rows, which: Sequence[int]) -> Rows:
    """Return some of the rows."""
    columns = (getattr(rows, column) for column in _COLUMNS)
    return Rows(*([column[i] for i in which] for column in columns))


def extend(rows: Rows, more: Rows) -> None:
    """Add rows at the end."""
    for column in _COLUMNS:
        getattr(rows, column).extend(getattr(more, column))


def with_attested(found: Rows, listed: Rows, kinds: Sequence[str]) -> Rows:
    """Give what was found what is attested of it as it was `listed`, and return it.

    Only to what is of one of these `kinds`, and the very object that was listed. Of what is
    disputed nothing is known.
    """
    told = {path: at for at, path in enumerate(listed.path) if listed.proof[at] in _TOLD}
    for i, path in enumerate(found.path if told else ()):
        at = told.get(path)
        if at is None or found.kind[i] not in kinds:
            continue
        if any(getattr(found, name)[i] != getattr(listed, name)[at] for name in IDENTITY):
            continue
        if listed.proof[at] == DISPUTED:
            found.kind[i], found.detail[i] = UNREADABLE, TWO_SUMS
        else:
            found.sha256[i], found.proof[i] = listed.sha256[at], ATTESTED
            found.proved_at[i] = listed.proved_at[at]
    return found
