"""A bucket as a scan reads it, with the sums of reports beside the objects that they are of.

A sum is taken for what is listed only if it is of that very object: of its version or, where the
report names none, of its entity tag; if no entity tag speaks against it; and if the object was
written before the report was made. All else proves nothing, and is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from reconciler.location import Bucket
from reconciler.printable import shown as printable
from reconciler.recovery.cloud.sums import Sum, Sums
from reconciler.recovery.paths import shown
from reconciler.recovery.rows import (
    ARCHIVED,
    ATTESTED,
    DISPUTED,
    FILE,
    FOLDER,
    MARKER,
    NO_SUM,
    Rows,
)
from reconciler.recovery.source import Pace, Source
from reconciler.recovery.values import LeftOut, Root
from reconciler.recovery.versions import NULL
from reconciler.recovery.walking.exclusions import Exclusions

_SECOND = 1_000_000_000
#: Of so many files it is kept in mind, until they are read, why reports have no sum of them.
_WHYS = 10_000
#: Of so many keys that are not listed it is kept in mind what reports say of them.
_MISSED = 100_000
_OTHER_VERSION = "of a version that is not the current one"
_OTHER_TAG = "of an object with another ETag than the one that is there"
_NO_TAG = "with neither a version nor an ETag, so that nobody knows of which object"
_LATER = "of an object that was written after the report was made"
_TWO_SUMS = "with two sums for one object of one moment"
_NOTHING = "of a key under which nothing lies that could be read"
_NO_FILE = "of a key that the listing does not have"
_EXCLUDED = "of a key that this scan leaves out"


class AttestedSource:
    """A source whose listing has, of what reports have proved, the SHA-256 and since when."""

    def __init__(
        self, source: Source, sums: Sums, bucket: Bucket, excluded: Sequence[str] = ()
    ) -> None:
        """Take a source, the bucket that it is, and the globs of what is left out of it."""
        self._source = source
        self._left_out = Exclusions(excluded).covers
        self._sums = sums
        self._name, self._prefix = bucket.name, bucket.prefix.encode()
        self._counts: Counter[str] = Counter()
        self._first: dict[str, bytes] = {}
        #: By path: what the first report says of an object of which a later one says otherwise.
        self._otherwise: dict[bytes, Sum] = {}
        self._changed = 0
        self._first_changed = b""
        #: By path: why there is no sum of what is not listed as archived; of the first ones.
        self._whys: dict[bytes, bytes] = {}
        #: What is told of keys that were not listed.
        self._missed: dict[bytes, Sequence[Sum]] = {}

    def prove(self, known: Root | None) -> Root:
        """Prove the root."""
        return self._source.prove(known)

    def listing(self) -> Iterator[Rows]:
        """Yield all that lies in it, with what is attested."""
        self._counts, self._first, self._otherwise, self._changed = Counter(), {}, {}, 0
        self._whys, self._missed = {}, {}
        told = self._sums.below(self._name, self._prefix)
        following = next(told, None)
        for rows in self._source.listing():
            at = 0
            while following and len(rows) and following[0] <= rows.path[-1]:
                path, sums = following
                at = bisect_left(rows.path, path, at)
                if at < len(rows) and rows.path[at] == path:
                    self._attest(rows, at, sums)
                else:
                    self._miss(path, sums)
                following = next(told, None)
            yield rows
        while following:
            self._miss(*following)
            following = next(told, None)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What the last listing left out."""
        return self._source.left_out

    def read(self, files: Rows, pace: Pace) -> Rows:
        """Read the bytes."""
        return self._source.read(files, pace)

    def unlisted(self, known: Rows) -> Rows:
        """Ask for what the listing leaves out; what is there meets what is told of it."""
        found = self._source.unlisted(known)
        for at, path in enumerate(found.path):
            if sums := self._missed.pop(path, None):
                self._counts[_NO_FILE] -= _summed(sums)
                self._attest(found, at, sums)
        return found

    def close(self) -> None:
        """Let go of connections."""
        self._source.close()

    def otherwise(self, paths: Iterable[bytes]) -> dict[bytes, Sum]:
        """Return what was told first of those files that were listed with a later, other sum.

        Each is returned once. Nobody wrote the object between: its bytes alone can tell.
        """
        pop = self._otherwise.pop
        return {path: pop(path) for path in paths if path in self._otherwise}

    @property
    def notes(self) -> list[str]:
        """Say in sentences what the reports say of the bucket that proves nothing, and why."""
        told = []
        if unsummed := self._sums.unsummed.get(self._name):
            told += [
                f"The reports have no SHA-256 of {_objects(number)} ({printable(why)}; the first "
                f"is {shown(unsummed.first[why])}): nothing is proved of them by a report"
                for why, number in unsummed.counts.most_common()
            ]
        told += [
            f"The reports have {number:,} {'sum' if number == 1 else 'sums'} {why}; the first is "
            f"of {shown(self._first[why])}: they were not taken"
            for why, number in sorted((+self._counts).items())
        ]
        if self._changed:
            told.append(
                f"Later reports have other sums than earlier ones of {_objects(self._changed)} "
                f"that nobody wrote between (the first is {shown(self._first_changed)}): what can "
                "be read is read, and of the rest the last report's word counts"
            )
        return told

    def explain(self, read: Rows) -> None:
        """Say of what S3 refused to be read, as it lies in an archive, why reports have no sum."""
        for at, kind in enumerate(read.kind if self._whys else ()):
            if kind == ARCHIVED and read.sha256[at] is None and read.path[at] in self._whys:
                read.detail[at] = (read.detail[at] or b"") + self._whys[read.path[at]]

    def _miss(self, path: bytes, sums: Sequence[Sum]) -> None:
        """Take sums of a key that is not listed: it may be there for whoever asks."""
        if self._left_out(path):
            self._note(_EXCLUDED, path, _summed(sums))
            return
        self._note(_NO_FILE, path, _summed(sums))
        if len(self._missed) < _MISSED:
            self._missed[path] = sums

    def _explain(self, rows: Rows, at: int, told: Sequence[Sum]) -> None:
        """Say of an archived object, which nobody else can read, why reports have no sum of it."""
        why = _why(rows, at, told)
        if rows.kind[at] == ARCHIVED:
            rows.detail[at] = (rows.detail[at] or b"") + why or None
        elif why and len(self._whys) < _WHYS:
            self._whys[rows.path[at]] = why

    def _note(self, why: str, path: bytes, number: int = 1) -> None:
        if not number:
            return
        self._counts[why] += number
        self._first.setdefault(why, path)

    def _attest(self, rows: Rows, at: int, sums: Sequence[Sum]) -> None:
        """Set the sum of one row, if one is of what is listed there, and no other contradicts."""
        path = rows.path[at]
        if rows.kind[at] in (FOLDER, MARKER):  # which have no bytes to prove
            return
        if rows.kind[at] not in (FILE, ARCHIVED):
            self._note(_NOTHING, path, _summed(sums))
            return
        fails = [one for one in sums if one.sha256 is None]
        sums = [one for one in sums if one.sha256]
        whys = [_unfit(one, rows, at) for one in sums]
        fitting = [one for one, why in zip(sums, whys, strict=True) if not why]
        for why in whys:
            if why:
                self._note(why, path)
        if not fitting:
            self._explain(rows, at, fails)
            return
        last = max(fitting, key=attrgetter("proved_at"))
        alone = [one for one in fitting if not _is_disputed(one, fitting)]
        if last not in alone:
            self._note(_TWO_SUMS, path)
            rows.proof[at], rows.proved_at[at] = DISPUTED, last.proved_at
            return
        rows.sha256[at], rows.proof[at], rows.proved_at[at] = last.sha256, ATTESTED, last.proved_at
        if len({one.sha256 for one in fitting}) > 1:
            # Of two sums of one moment nobody knows which it should be.
            self._otherwise[path] = min(alone, key=attrgetter("proved_at"))
            self._first_changed = self._first_changed if self._changed else path
            self._changed += 1


def _is_disputed(told: Sum, every: Sequence[Sum]) -> bool:
    return any(o.proved_at == told.proved_at and o.sha256 != told.sha256 for o in every)


def _summed(told: Sequence[Sum]) -> int:
    return sum(one.sha256 is not None for one in told)


def _why(rows: Rows, at: int, told: Sequence[Sum]) -> bytes:
    """Return why reports have no sum of what is listed, as the last one says; empty: none does."""
    each = (one._replace(tag=one.tag or rows.tag[at]) for one in told)
    if not (fails := [one for one in each if not _unfit(one, rows, at)]):
        return b""
    return NO_SUM + max(fails, key=attrgetter("proved_at")).why.encode("utf-8", "replace")


def _unfit(told: Sum, rows: Rows, at: int) -> str:
    """Say why a sum is not of the object that is listed; empty if it is."""
    version, tag, written = rows.version[at], rows.tag[at], rows.mtime_ns[at]
    if told.version and told.version != (version or NULL):
        return _OTHER_VERSION
    if told.tag is not None and told.tag != tag:
        return _OTHER_TAG
    # What has no id of its own is written over: then only the ETag says which it is.
    if told.version in (None, NULL) and (told.tag is None or tag is None):
        return _NO_TAG
    if written is None or written >= told.proved_at * _SECOND:
        return _LATER
    return ""


def _objects(number: int) -> str:
    return "1 object" if number == 1 else f"{number:,} objects"
