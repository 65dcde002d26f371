"""A storage in memory, to be scanned: for faults that no real folder has on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from reconciler.errors import UnreachableError
from reconciler.recovery.rows import ARCHIVED, FILE, READ, UNREADABLE, Rows
from reconciler.recovery.source import Pace, SpentError
from reconciler.recovery.values import LeftOut, Root, Target
from reconciler.recovery.walking.exclusions import Exclusions

#: When files were made: long before any scan. In nanoseconds.
LONG_AGO = 1_700_000_000_000_000_000
TARGET = Target("id", "nas", "local", "local:file:///nas", "file:///nas")
ROOT = Root("folder", "file:///nas", file_system="ext4")
_inodes = count(1000)


@dataclass
class File:
    data: bytes = b""
    kind: str = FILE
    mtime_ns: int = LONG_AGO
    ctime_ns: int | None = LONG_AGO
    inode: int | None = field(default_factory=_inodes.__next__)
    tag: bytes | None = None
    version: str | None = None
    detail: bytes | None = None


@dataclass
class Storage:
    """Its files, what was asked of it, and what goes wrong."""

    files: dict[bytes, File] = field(default_factory=dict)
    root: Root = field(default_factory=lambda: ROOT)
    batch: int = 3
    #: Paths in the order in which they were read; how often the root was proved.
    read: list[bytes] = field(default_factory=list)
    proved: int = 0
    closed: int = 0
    #: Called before each file is read, each batch is listed, each proof.
    on_read: Callable[[bytes], None] = lambda path: None
    on_batch: Callable[[int], None] = lambda number: None
    on_prove: Callable[[int], None] = lambda number: None
    known: list[Root | None] = field(default_factory=list)
    errors: dict[bytes, bytes] = field(default_factory=dict)
    vanished: set[bytes] = field(default_factory=set)
    #: What is listed as any other object, and refused when it is to be read.
    archived: set[bytes] = field(default_factory=set)
    #: What the listing leaves out, and whoever asks for it gets.
    unlisted: set[bytes] = field(default_factory=set)
    now: int = 1_800_000_000

    def put(self, path: str | bytes, data: bytes = b"x", **more) -> File:
        path = path.encode() if isinstance(path, str) else path
        self.files[path] = File(data, **more)
        return self.files[path]

    def open(self, target: Target, excluded: Sequence[str]) -> MemorySource:
        return MemorySource(self, excluded)

    def lose(self) -> None:
        raise UnreachableError("file:///nas is not mounted")


class MemorySource:
    def __init__(self, storage: Storage, excluded: Sequence[str] = ()) -> None:
        self.storage = storage
        self.excluded = Exclusions(excluded)

    def prove(self, known: Root | None) -> Root:
        self.storage.known.append(known)
        self.storage.proved += 1
        self.storage.on_prove(self.storage.proved)
        return self.storage.root

    def listing(self) -> Iterator[Rows]:
        covered = self.excluded.covers
        left_out = self.storage.unlisted
        paths = sorted(p for p in self.storage.files if not (covered(p) or p in left_out))
        for number, start in enumerate(range(0, len(paths), self.storage.batch), 1):
            self.storage.on_batch(number)
            rows = Rows()
            for path in paths[start : start + self.storage.batch]:
                if path in self.storage.files:
                    _add(rows, path, self.storage.files[path])
            yield rows

    left_out: tuple[LeftOut, ...] = ()

    def read(self, files: Rows, pace: Pace) -> Rows:
        rows = Rows()
        for path in files.path:
            self.storage.on_read(path)
            file = self.storage.files.get(path)
            if file is None or path in self.storage.vanished:
                continue
            try:
                pace(len(file.data))
            except SpentError:
                break
            self.storage.read.append(path)
            _add(rows, path, file)
            if path in self.storage.errors:
                rows.kind[-1], rows.detail[-1] = UNREADABLE, self.storage.errors[path]
            elif path in self.storage.archived:
                rows.kind[-1], rows.detail[-1] = ARCHIVED, b"INTELLIGENT_TIERING"
            else:
                rows.sha256[-1] = hashlib.sha256(file.data).digest()
                rows.proof[-1], rows.proved_at[-1] = READ, self.storage.now
        return rows

    def unlisted(self, known: Rows) -> Rows:
        rows = Rows()
        for path in self.storage.unlisted.intersection(known.path):
            _add(rows, path, self.storage.files[path])
        return rows

    def close(self) -> None:
        self.storage.closed += 1


def _add(rows: Rows, path: bytes, file: File) -> None:
    size = len(file.data) if file.kind in (FILE, ARCHIVED) else None
    values = (path, file.kind, size, file.mtime_ns, None, "", None, file.version, file.detail)
    values += (file.ctime_ns, file.inode, file.tag)
    for name, value in zip(Rows.__struct_fields__, values, strict=True):
        getattr(rows, name).append(value)


def rows_with(files: dict[bytes, File], **columns) -> Rows:
    """Return rows of files, sorted by path, with further values for all of them."""
    rows = Rows()
    for path in sorted(files):
        _add(rows, path, files[path])
    for name, value in columns.items():
        setattr(rows, name, [value] * len(rows))
    return rows
