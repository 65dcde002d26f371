"""Whether two scans have kept the same, byte for byte, but for when it was read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS, STAMPS
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record


def written_anew(place: str, into: str, folder: Path) -> list[object]:
    """Give the parts of the last scan, byte by byte, as if all had been read in one second."""
    repository = open_repository(into)
    scan = record.latest(repository, place)
    assert scan is not None
    found: list[object] = [scan.counts.rows, scan.counts.kinds, scan.counts.bytes, scan.remembered]
    for sha256, schema in ((scan.contents, CONTENTS), (scan.stamps, STAMPS)):
        with (
            repository.local(layout.part(sha256)) as path,
            PartWriter(folder, schema) as writer,
        ):
            for batch in read.batches(path, schema):
                writer.write(_at_once(batch) if schema is CONTENTS else batch)
            found.append(writer.finish().path.read_bytes())
    return found


def _at_once(batch: pa.RecordBatch) -> pa.RecordBatch:
    where = batch.schema.get_field_index("proved_at")
    proved = batch.column(where)
    same = pa.compute.if_else(pa.compute.is_valid(proved), pa.scalar(1, proved.type), proved)
    return batch.set_column(where, batch.schema.field(where), same)
