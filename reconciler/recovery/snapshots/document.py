"""A snapshot as a value, and the `snapshot.json` in which it is kept.

`schemas/snapshot.schema.json` describes the file; docs/reference/snapshot.md says what is in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from msgspec import Struct

from reconciler.location import Location, location
from reconciler.recovery.matching import Sign
from reconciler.recovery.seal import require_sound, sealed, unsealed
from reconciler.recovery.values import CloudReport, Counts, Root, Unproved

FORMAT_VERSION = 1
#: The file in which a snapshot's storages stand as a manifest.
MANIFEST = "storages.yaml"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Inventory(Struct, frozen=True):
    """What the platform knew of a storage's files: a part of the repository."""

    #: Of the part, in hex.
    sha256: str
    #: Bytes of the part.
    size: int
    rows: int
    #: When reading it ended; RFC 3339, UTC.
    read_at: str


class Contents(Struct, frozen=True):
    """What lay on a storage when it was scanned: a part of the repository, and its scan."""

    sha256: str
    #: Bytes of the part.
    size: int
    scan: str
    started_at: str
    ended_at: str
    #: Whether all of it was listed and read; `unproved` says what was not.
    complete: bool
    unproved: tuple[Unproved, ...]
    #: Globs of what was left out.
    excluded: tuple[str, ...]
    counts: Counts
    root: Root
    tool_version: str
    host: str
    #: When the list was begun by which it was listed; empty: the server was asked.
    listed_at: str = ""
    #: The reports of the cloud that attest hashes of it.
    reports: tuple[CloudReport, ...] = ()


class SnapshotStorage(Struct, frozen=True):
    """One storage of the platform, as the snapshot has it."""

    id: str
    name: str
    label: str
    type: str
    #: Secrets in the address of an unmanaged storage are masked.
    default_url: str
    #: The location in its one form, by which scans and findings are kept; empty if unmanaged.
    place: str
    created_at: str
    #: The spaces that use it; None where the platform can't tell.
    spaces: tuple[str, ...] | None
    #: Why no manifest can express it, so that `storages.yaml` lacks it; empty if one can.
    unmanaged: str
    #: None if it could not be read.
    inventory: Inventory | None
    #: None if it was never scanned.
    contents: Contents | None

    def sign(self) -> Sign:
        """Return by what it is known, on whatever platform (`matching.pairs`)."""
        where = None
        if self.place:
            where = Location(self.place, location(self.type, self.default_url).region)
        return Sign(self.id, self.name, where)


class Lacking(Struct, frozen=True):
    """Something that a snapshot should hold and does not: why it is incomplete."""

    #: The storage, by name; empty for the whole.
    storage: str
    #: `list`, `storage`, `spaces`, `inventory`, `contents`.
    what: str
    message: str


class PlatformTold(Struct, frozen=True):
    """The platform that was read."""

    #: Without secrets.
    address: str
    id: str
    account: str | None
    #: Whether the list of storages was complete; None where the platform can't know.
    complete_list: bool | None


class Made(Struct, frozen=True):
    """By whom, and with what, a snapshot was made."""

    tool_version: str
    host: str
    actor: str
    run: str
    commit: str
    job_url: str


class Snapshot(Struct, frozen=True):
    """All of one `snapshot.json`."""

    format_version: int
    #: Sorted by when it was made.
    id: str
    created_at: str
    #: The same for all snapshots of one platform in a repository; `serial` counts them from 1.
    lineage: str
    serial: int
    #: The digest of the one before, of this lineage or, for its first, of any; empty: none.
    previous: str
    complete: bool
    lacking: tuple[Lacking, ...]
    platform: PlatformTold
    made: Made
    #: SHA-256, in hex, of `storages.yaml`.
    manifest_sha256: str
    #: Sorted by name.
    storages: tuple[SnapshotStorage, ...]
    #: SHA-256, in hex, of this document while this field is empty: shows what was damaged by
    #: chance. Against tampering only the digest helps, kept elsewhere.
    seal: str = ""

    def parts(self) -> Iterator[tuple[str, Inventory | Contents]]:
        """Yield each part that it names, with the name of its storage; one may come twice."""
        for storage in self.storages:
            for part in (storage.inventory, storage.contents):
                if part is not None:
                    yield storage.name, part


class Kept(Struct, frozen=True):
    """A snapshot of a repository, and the digest in which all of it hangs."""

    snapshot: Snapshot
    #: `sha256:…` of its `snapshot.json`.
    digest: str


def encode(snapshot: Snapshot) -> bytes:
    """Return the file for a snapshot: canonical JSON, sealed."""
    return sealed(snapshot)


def decode(data: bytes) -> Snapshot:
    """Read such a file; raises `SnapshotError` unless every byte is as it was written."""
    snapshot = unsealed(data, Snapshot, newest=FORMAT_VERSION)
    parts = [part for _, part in snapshot.parts()]
    require_sound([snapshot.manifest_sha256, *(each.sha256 for each in parts)], _moments(snapshot))
    return snapshot


def _moments(snapshot: Snapshot) -> Iterator[str]:
    yield snapshot.created_at
    for _, part in snapshot.parts():
        if isinstance(part, Inventory):
            yield part.read_at
        else:
            yield from (part.started_at, part.ended_at)


def digest_of(data: bytes) -> str:
    """Return the digest of a snapshot by the bytes of its `snapshot.json`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_digest(text: str) -> bool:
    """Return whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def plain(text: str) -> str:
    """Return a text that JSON can hold: lone surrogates, of what no manifest expresses, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
