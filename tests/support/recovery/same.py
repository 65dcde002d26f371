"""Whether two scans, or snapshots, have kept the same, byte for byte, but for when it was read."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS, STAMPS
from reconciler.recovery.parts.write import PartWriter
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record

#: What a snapshot says of when, where and as which run it and its scan were made.
_OF_THE_RUN = {"scan", "sha256", "started_at", "ended_at", "host", "size"}


def snapshot_anew(place: str, repository: Path, folder: Path) -> list[object]:
    """Give what the only snapshot of a folder holds of a place, as `written_anew` does of scans."""
    (snapshot,) = (repository / "snapshots").iterdir()
    document = json.loads((snapshot / "snapshot.json").read_bytes())
    (one,) = [each for each in document["storages"] if each["place"] == place]
    contents, inventory = one.pop("contents"), one.pop("inventory")
    del contents["counts"]["oldest_proof"]
    told = {key: value for key, value in contents.items() if key not in _OF_THE_RUN}
    scan = record.latest(open_repository(str(repository)), place)
    assert scan is not None
    assert contents["sha256"] == scan.contents
    return [
        told,
        one,
        inventory["sha256"],
        (snapshot / "storages.yaml").read_bytes(),
        *written_anew(place, str(repository), folder),
    ]


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
