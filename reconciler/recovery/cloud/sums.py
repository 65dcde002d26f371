"""The sums that reports tell, sorted by bucket and key: on disk, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from msgspec import Struct, field

from reconciler.errors import CloudFileError
from reconciler.printable import shown as printable
from reconciler.recovery.cloud import files
from reconciler.recovery.cloud.jobs import Job, job_of
from reconciler.recovery.cloud.lines import Line, lines_of
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.unsorted import sorted_rows
from reconciler.recovery.values import CloudReport

#: Columns of what is sorted; `place` is bucket, NUL, key.
_SUMS = pa.schema(
    [
        pa.field("place", pa.binary(), nullable=False),
        pa.field("version", pa.string()),
        pa.field("tag", pa.binary()),
        pa.field("sha256", pa.binary(32)),
        pa.field("proved_at", pa.int64(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
    ]
)
_BATCH = 2**14
#: So many reasons are told apart.
_REASONS = 20
_OTHERS = "other reasons"


class Sum(NamedTuple):
    """What a report tells of one object: its SHA-256, and when it was computed at the latest."""

    version: str | None
    tag: bytes | None
    #: None: the report has none, and `why` says why not.
    sha256: bytes | None
    #: Whole seconds since 1970, UTC.
    proved_at: int
    why: str = ""


class Unsummed(Struct):
    """Objects of a bucket of which a report has no sum that proves anything, by the reason."""

    counts: Counter[str] = field(default_factory=Counter)
    #: The first of each.
    first: dict[str, bytes] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Count one."""
        known = line.why in self.counts or len(self.counts) < _REASONS
        why = line.why if known else _OTHERS
        self.counts[why] += 1
        self.first.setdefault(why, line.key)


class Sums:
    """What reports tell of all buckets that they name; there as long as its folder is."""

    def __init__(self, jobs: Sequence[Path], folder: Path, now: datetime) -> None:
        """Read the reports whose manifests these are, and sort their sums in `folder`.

        Raises `CloudFileError` for one that can't be believed, whose files are others than its
        manifest names, or that is of a time after `now`; `RepositoryError` if there is no room.
        """
        #: By bucket: how many sums there are, the reports that name it, and what has none.
        self.counts: Counter[str] = Counter()
        self.reports: dict[str, list[CloudReport]] = {}
        self.unsummed: dict[str, Unsummed] = {}
        self._path = folder / "sums"
        with pa.OSFile(str(self._path), "wb") as file, pa.ipc.new_stream(file, _SUMS) as writer:
            for batch in sorted_rows(self._batches(jobs, now), _SUMS, folder):
                writer.write_batch(batch)

    @property
    def buckets(self) -> set[str]:
        """The buckets that are named."""
        return set(self.reports)

    def by_report(self) -> list[set[str]]:
        """Return the buckets that each report names."""
        found: dict[CloudReport, set[str]] = {}
        for bucket, reports in self.reports.items():
            for report in reports:
                found.setdefault(report, set()).add(bucket)
        return list(found.values())

    def below(self, bucket: str, prefix: bytes) -> Iterator[tuple[bytes, list[Sum]]]:
        """Yield what is told of each key that begins with a prefix, in the order of the keys."""
        known, sums = b"", list[Sum]()
        start = bucket.encode("utf-8", "surrogateescape") + b"\0" + prefix
        for place, told in self._rows(start):
            if place != known and sums:
                yield known[len(start) :], sums
                sums = []
            known = place
            sums.append(told)
        if sums:
            yield known[len(start) :], sums

    def _rows(self, start: bytes) -> Iterator[tuple[bytes, Sum]]:
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                last = batch["place"][-1].as_py() if batch.num_rows else b""
                if last < start:
                    continue
                places, *columns = (values(column) for column in batch.columns)
                for place, *told in zip(places, *columns, strict=True):
                    if place.startswith(start):
                        yield place, Sum(*told)
                    elif place > start:
                        return

    def _batches(self, jobs: Sequence[Path], now: datetime) -> Iterator[pa.RecordBatch]:
        # One that is given twice tells nothing twice.
        rows = self._told(
            {(job := job_of(path, now)).manifest.digest: job for path in jobs}.values()
        )
        while some := list(islice(rows, _BATCH)):
            yield pa.RecordBatch.from_arrays(
                [pa.array(c, f.type) for c, f in zip(zip(*some, strict=True), _SUMS, strict=True)],
                schema=_SUMS,
            )

    def _told(self, jobs: Iterable[Job]) -> Iterator[tuple[object, ...]]:
        for job in jobs:
            report = CloudReport(job.at, job.manifest.digest)
            for result in job.results:
                with files.checked(job.manifest, result) as (path, file):
                    for line in lines_of(path, file):
                        self._note(line, report)
                        place = line.bucket.encode("utf-8", "surrogateescape") + b"\0"
                        told = line.version, line.tag, line.sha256, job.at, printable(line.why)
                        yield place + line.key, *told
        if not self.reports:
            raise CloudFileError("the reports name no object: there is nothing to take from them")

    def _note(self, line: Line, report: CloudReport) -> None:
        reports = self.reports.setdefault(line.bucket, [])
        if not reports or report not in reports:
            reports.append(report)
        if line.sha256:
            self.counts[line.bucket] += 1
        else:
            self.unsummed.setdefault(line.bucket, Unsummed()).take(line)
