"""Findings as a file of a repository: all that is known of one storage, when one run ended."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from reconciler.errors import SnapshotError
from reconciler.recovery import paths
from reconciler.recovery.repository.many import GHOST
from reconciler.recovery.rows import Content
from reconciler.recovery.seal import sealed, unsealed
from reconciler.recovery.values import Accepted, FileFinding

FORMAT_VERSION = 1
#: What a field was called by the first versions that kept findings.
_EARLIER = {"left_out": "no_room"}


class WrittenContent(Struct, frozen=True, omit_defaults=True):
    """`rows.Content` without its path; bytes are hex, and `detail` as `paths.shown` has it."""

    kind: str
    size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    proof: str = ""
    proved_at: int | None = None
    version: str | None = None
    detail: str | None = None


class WrittenAccepted(Struct, frozen=True, omit_defaults=True):
    """`values.Accepted`."""

    at: str
    by: str
    why: str = ""
    now: WrittenContent | None = None
    withdrawn: str = ""
    withdrawn_by: str = ""
    of: tuple[WrittenContent, ...] = ()
    seen: str = ""


class WrittenFinding(Struct, frozen=True, omit_defaults=True):
    """`values.FileFinding`; paths as `paths.shown` has them. Where it is, the folder says."""

    what: str
    storage: str
    path: str
    first_seen: str
    last_seen: str
    resolved: str = ""
    note: str = ""
    reason: str = ""
    other: str = ""
    files: int = 0
    about: str = ""
    was: WrittenContent | None = None
    now: WrittenContent | None = None
    accepted: WrittenAccepted | None = None
    rotted: tuple[WrittenContent, ...] = ()
    missed: tuple[WrittenContent, ...] = ()


class Record(Struct, frozen=True):
    """The file, `schemas/findings.schema.json`."""

    format_version: int
    #: RFC 3339, UTC.
    written_at: str
    tool_version: str
    #: The files of the folder that are contained in this one: they may be there still, where
    #: nothing can be removed.
    replaces: tuple[str, ...]
    #: How many findings there were no room for.
    no_room: int
    findings: tuple[WrittenFinding, ...]
    #: Until when scans told what is gone, though not all had room: RFC 3339, UTC; empty: all had.
    no_room_until: str = ""
    #: The ids of the last scans of which all that was found is told: of each copy of the repository
    #: that was put together, one. Versions from before have written none: all that had ended then.
    told_scans: tuple[str, ...] | UnsetType = UNSET
    #: Until when they are told, where those are not known: as names of files begin; empty: until
    #: this one was written.
    told_until: str = ""
    #: SHA-256 of this document while this field is empty.
    seal: str = ""


def written_content(content: Content) -> WrittenContent:
    """Return what is known of a file as JSON has it."""
    return WrittenContent(
        content.kind,
        content.size,
        content.mtime_ns,
        None if content.sha256 is None else content.sha256.hex(),
        content.proof,
        content.proved_at,
        content.version,
        None if content.detail is None else paths.shown(content.detail),
    )


def written(finding: FileFinding) -> WrittenFinding:
    """Return a finding as JSON has it."""
    return WrittenFinding(
        finding.what,
        finding.storage,
        paths.shown(finding.path),
        finding.first_seen,
        finding.last_seen,
        finding.resolved,
        finding.note,
        finding.reason,
        paths.shown(finding.other),
        finding.files,
        finding.about,
        _written(finding.was),
        _written(finding.now),
        None if finding.accepted is None else _written_accepted(finding.accepted),
        tuple(map(written_content, finding.rotted)),
        tuple(map(written_content, finding.missed)),
    )


def _written(content: Content | None) -> WrittenContent | None:
    return None if content is None else written_content(content)


def _written_accepted(accepted: Accepted) -> WrittenAccepted:
    return WrittenAccepted(
        accepted.at,
        accepted.by,
        accepted.why,
        _written(accepted.now),
        accepted.withdrawn,
        accepted.withdrawn_by,
        tuple(map(written_content, accepted.of)),
        accepted.seen,
    )


def encode(record: Record) -> bytes:
    """Write a record as JSON, sealed."""
    return sealed(record)


def decode(data: bytes | None) -> Record:
    """Read a record; raises `SnapshotError` if it is damaged, or a newer program wrote it.

    None stands for one that is listed and can't be had.
    """
    if data is None:
        raise SnapshotError(GHOST)
    return unsealed(data, Record, newest=FORMAT_VERSION, earlier=_EARLIER)


def findings_of(record: Record, place: str) -> tuple[FileFinding, ...]:
    """Return the findings of a record that was written of a location.

    Raises `SnapshotError` if a path or a hash in it is none.
    """
    try:
        return tuple(_read(finding, place) for finding in record.findings)
    except ValueError as error:
        raise SnapshotError("it is corrupt") from error


def _read(finding: WrittenFinding, place: str) -> FileFinding:
    path = paths.read(finding.path)
    return FileFinding(
        finding.what,
        finding.storage,
        place,
        path,
        _content(path, finding.was),
        _content(path, finding.now),
        finding.note,
        finding.reason,
        paths.read(finding.other),
        finding.files,
        finding.about,
        finding.first_seen,
        finding.last_seen,
        finding.resolved,
        None if finding.accepted is None else _accepted(path, finding.accepted),
        _contents(path, finding.rotted),
        _contents(path, finding.missed),
    )


def _accepted(path: bytes, accepted: WrittenAccepted) -> Accepted:
    return Accepted(
        accepted.at,
        accepted.by,
        accepted.why,
        _content(path, accepted.now),
        _contents(path, accepted.of),
        accepted.seen,
        accepted.withdrawn,
        accepted.withdrawn_by,
    )


def _contents(path: bytes, contents: tuple[WrittenContent, ...]) -> tuple[Content, ...]:
    return tuple(filter(None, (_content(path, each) for each in contents)))


def _content(path: bytes, content: WrittenContent | None) -> Content | None:
    if content is None:
        return None
    return Content(
        path,
        content.kind,
        content.size,
        content.mtime_ns,
        None if content.sha256 is None else bytes.fromhex(content.sha256),
        content.proof,
        content.proved_at,
        content.version,
        None if content.detail is None else paths.read(content.detail),
    )
