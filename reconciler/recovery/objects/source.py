"""A bucket as what a scan reads: its root, its listing, and the bytes of its objects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.buckets import reading_store
from reconciler.recovery.objects import alone, listing
from reconciler.recovery.objects.pages import Listed, full_sum
from reconciler.recovery.objects.reading import ANOTHER, quickly, surely
from reconciler.recovery.roots.asking import LISTING, NO_ANSWER, Refused
from reconciler.recovery.roots.bucket import prove, read_marker
from reconciler.recovery.roots.marker import LARGEST, SUFFIX
from reconciler.recovery.roots.reaching import TIMEOUT, Door, Reached
from reconciler.recovery.rows import (
    ARCHIVED,
    CHANGING,
    DELETED,
    FILE,
    IDENTITY,
    MARKER,
    READ,
    STORED,
    UNREADABLE,
    Rows,
)
from reconciler.recovery.source import BATCH, Pace, SpentError
from reconciler.recovery.values import LeftOut, Root, Target
from reconciler.recovery.versions import Version, fitting, heard
from reconciler.recovery.walking.exclusions import Exclusions
from reconciler.retry.surroundings import Surroundings

if TYPE_CHECKING:
    from obstore.store import S3Store

#: What says that another object is there than the one that was listed, or none.
_NOT_IT = (404, 412)
#: What lists all below a prefix; raises `Refused`.
Everything = Callable[[Reached, bytes], Iterator[Listed]]
#: One row: an object, its hash, where that comes from, and when it was proved.
_Row = tuple[Listed, bytes | None, str, int | None]


class BucketSource:
    """The objects of a bucket, or of what lies below a prefix in it; none is changed."""

    def __init__(
        self, target: Target, excluded: Sequence[str], surroundings: Surroundings | None = None
    ) -> None:
        """Make it, and ask nothing yet. Raises `UsageError` for a glob that means nothing."""
        self._door = Door(target, surroundings)
        self._exclusions = Exclusions(excluded)
        self._mutex = threading.Lock()
        self._store: S3Store | None = None
        self._everything: Everything = listing.everything

    def listed_by(self, everything: Everything) -> None:
        """Take what lies in it from elsewhere than from the server's own listing."""
        self._everything = everything

    def prove(self, known: Root | None) -> Root:
        """Prove that the bucket answers, and is the one that `known` describes."""
        return prove(self._door, known)

    def listing(self) -> Iterator[Rows]:
        """Yield the newest of each key, below the prefix, in the order of keys as bytes."""
        self._exclusions = Exclusions(self._exclusions.globs)  # which counts from nothing again
        reached = self._door.reached()
        prefix = reached.asking.bucket.prefix.encode()
        try:
            found = self._rows(reached, prefix)
            while batch := list(islice(found, BATCH)):
                yield _columns(batch, len(prefix))
        except Refused as refused:
            raise self._door.lost(refused, "listed") from None

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What the last listing left out."""
        return self._exclusions.left_out

    def read(self, files: Rows, pace: Pace) -> Rows:
        """Read objects, and return them with their hashes.

        Raises `UnreachableError` if the bucket is lost on the way.
        """
        reached = self._door.reached()
        prefix = reached.asking.bucket.prefix.encode()
        read: list[_Row | None] = []
        with suppress(SpentError):  # what was read before stays
            read.extend(self._read(reached, wanted, pace) for wanted in _listed(files, prefix))
        return _columns([row for row in read if row is not None], len(prefix))

    def unlisted(self, known: Rows) -> Rows:
        """Ask for objects, each by itself, that the listing leaves out.

        Raises `UnreachableError` if the bucket is lost on the way.
        """
        reached = self._door.reached()
        prefix = reached.asking.bucket.prefix.encode()
        asked = (self._unlisted(reached, each, len(prefix)) for each in _listed(known, prefix))
        return _columns([row for row in asked if row is not None], len(prefix))

    def close(self) -> None:
        """Let go of connections."""
        self._store = None
        self._door.close()

    def _rows(self, reached: Reached, prefix: bytes) -> Iterator[_Row]:
        for found in self._everything(reached, prefix):
            path = found.key[len(prefix) :]
            if self._exclusions.covers(path):
                self._exclusions.note(path)
            elif path or found.size:
                yield self._row(reached, found, path)

    def _row(self, reached: Reached, found: Listed, path: bytes) -> _Row:
        if b"/" not in path and path.endswith(SUFFIX) and _is_small(found):
            return self._marker(reached, found), None, "", None
        if found.kind == ARCHIVED and found.summed:
            stored = _stored(reached, found)
            return found, stored, STORED if stored else "", None
        return found, None, "", None

    def _unlisted(self, reached: Reached, known: Listed, prefix: int) -> _Row | None:
        """Ask for one object; None if it is not there."""
        found = self._alone(reached, known)
        return found and self._row(reached, found, found.key[prefix:])

    def _alone(self, reached: Reached, known: Listed) -> Listed | None:
        """Return what is there now; None if nothing is, `UNREADABLE` where nobody can tell."""
        try:
            try:
                return alone.there(reached, known)
            except Refused as refused:
                self._door.heed(refused)
                self._door.still_there()
                if refused.code != NO_ANSWER:  # else the server was away for a while
                    raise
                return alone.there(reached, known)
        except Refused as refused:
            return known._replace(kind=UNREADABLE, detail=refused.short.encode())

    def _marker(self, reached: Reached, found: Listed) -> Listed:
        try:
            content = read_marker(reached.asking, found.key.decode())
        except Refused as refused:
            self._door.still_there()
            return found._replace(kind=UNREADABLE, detail=refused.short.encode())
        return found._replace(kind=MARKER, detail=content)

    def _read(self, reached: Reached, wanted: Listed, pace: Pace) -> _Row | None:
        """Read one object; None if it is gone."""
        pace(0)
        digest = quickly(self._quick(reached), wanted, pace)
        if digest is not None:
            return _proved(wanted, digest)
        try:
            return _proved(wanted, surely(reached.asking, wanted, pace))
        except Refused as refused:
            if _is_not_it(refused):
                return self._read_again(reached, wanted, refused, pace)
            return self._unread(reached, wanted, refused, pace)

    def _read_again(
        self, reached: Reached, wanted: Listed, refused: Refused, pace: Pace
    ) -> _Row | None:
        """Look what is there now, and read that."""
        self._door.still_there()
        now = self._now(reached, wanted)
        if now is None:
            return None
        if now.kind != FILE:
            return _undeleted(now, wanted), None, "", None
        if _same(now, wanted):  # it is listed, and can't be had
            return _told(wanted, UNREADABLE, refused.short)
        try:
            return _proved(now, surely(reached.asking, now, pace))
        except Refused as again:
            if _is_not_it(again):
                return _told(now, CHANGING, "")
            return self._unread(reached, now, again, pace)

    def _now(self, reached: Reached, wanted: Listed) -> Listed | None:
        """Return what is there now; None if nothing is. Raises `UnreachableError`."""
        try:
            now = listing.one(reached, wanted.key)
        except Refused as unlisted:
            raise self._door.lost(unlisted, "listed") from None
        return now or self._alone(reached, wanted)

    def _unread(self, reached: Reached, wanted: Listed, refused: Refused, pace: Pace) -> _Row:
        """Say why an object was not read, once it is known that the bucket still answers."""
        if refused.code == "InvalidObjectState":
            archived = wanted._replace(kind=ARCHIVED, detail=refused.storage_class.encode())
            stored = _stored(reached, archived)
            return archived, stored, STORED if stored else "", None
        self._door.heed(refused)
        self._door.still_there()
        if refused.code == NO_ANSWER:  # the server was away for a while
            try:
                return _proved(wanted, surely(reached.asking, wanted, pace))
            except Refused as again:
                refused = again
        return _told(wanted, UNREADABLE, refused.short)

    def _quick(self, reached: Reached) -> S3Store:
        with self._mutex:
            if self._store is None:
                meta = reached.asking.client.meta
                name = reached.asking.bucket.name
                self._store = reading_store(name, meta.endpoint_url, meta.region_name, TIMEOUT)
            return self._store


def _is_not_it(refused: Refused) -> bool:
    return refused.status in _NOT_IT or refused.code == ANOTHER


def _is_small(found: Listed) -> bool:
    """Return whether an object of a marker's name is one."""
    return found.kind == FILE and (found.size or 0) <= LARGEST


def _same(one: Listed, other: Listed) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in IDENTITY)


def _undeleted(now: Listed, wanted: Listed) -> Listed:
    """Return what is there now; of a deleted object the version that was wanted, if it is there."""
    if now.kind != DELETED or now.detail is None:
        return now
    good = Version(wanted.version or "", wanted.size, wanted.mtime_ns)
    found = fitting(heard(now.detail), good)
    if found is None:
        return now._replace(detail=None)
    return now._replace(detail=None, version=found.id, size=found.size)


def _proved(wanted: Listed, digest: bytes) -> _Row:
    return wanted, digest, READ, int(time.time())


def _told(wanted: Listed, kind: str, detail: str) -> _Row:
    return wanted._replace(kind=kind, detail=detail.encode() or None), None, "", None


def _stored(reached: Reached, found: Listed) -> bytes | None:
    """Return the SHA-256 of the whole object that the storage keeps; None if it tells none."""
    version = {"VersionId": found.version} if found.version else {}
    try:
        answer = reached.asking.ask(
            "head_object", LISTING, Key=found.key.decode(), ChecksumMode="ENABLED", **version
        )
    except (Refused, UnicodeDecodeError):
        return None
    return full_sum(answer)


def _listed(files: Rows, prefix: bytes) -> Iterable[Listed]:
    columns = (files.path, files.kind, files.size, files.mtime_ns, files.version, files.tag)
    for path, kind, size, mtime, version, tag in zip(*columns, strict=True):
        yield Listed(prefix + path, kind, size, mtime, version, None, tag)


def _columns(rows: Sequence[_Row], prefix: int) -> Rows:
    found = [row[0] for row in rows]
    nothing: list[int | None] = [None] * len(rows)
    return Rows(
        path=[each.key[prefix:] for each in found],
        kind=[each.kind for each in found],
        size=[each.size for each in found],
        mtime_ns=[each.mtime_ns for each in found],
        sha256=[row[1] for row in rows],
        proof=[row[2] for row in rows],
        proved_at=[row[3] for row in rows],
        version=[each.version for each in found],
        detail=[each.detail for each in found],
        ctime_ns=nothing,
        inode=nothing[:],
        tag=[each.tag for each in found],
    )
