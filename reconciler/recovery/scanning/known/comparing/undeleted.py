"""Which version of a deleted object a row tells of: the one that is the file, as it should be."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import SCANNED
from reconciler.recovery.rows import ARCHIVED, DELETED, FILE
from reconciler.recovery.versions import Version, fitting, heard

_COLUMNS = ("kind", "sha256", "version", "size", "mtime_ns")


def chosen(batch: pa.RecordBatch, known: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return rows of a listing in which those of deleted objects tell of one version each.

    Of what is `known`, row by row, the first that knows the file has its way; where none does, or
    the version is not there any more, it is the newest.
    """
    asked = pc.and_(pc.equal(batch["kind"], DELETED), pc.is_valid(batch["detail"]))
    if not pc.any(asked).as_py():
        return batch
    which = [i for i, wanted in enumerate(asked.to_pylist()) if wanted]
    columns = {name: values(batch[name]) for name in ("version", "size", "detail")}
    for i in which:
        good = next(filter(None, (_known(rows, i) for rows in known)), None)
        found = fitting(heard(columns["detail"][i]), good)
        columns["detail"][i] = None
        if found is not None:
            columns["version"][i], columns["size"][i] = found.id, found.size
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else batch[field.name]
        for field in SCANNED
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCANNED)


def _known(rows: pa.RecordBatch, i: int) -> Version | None:
    """Return what a row says of the version that should be; None if it does not."""
    row = rows.slice(i, 1)
    kind, sha256, version, size, mtime = (values(row[name])[0] for name in _COLUMNS)
    if kind == DELETED and version:  # which was chosen when it was known what should be
        return Version(version, size, None)
    is_known = kind == ARCHIVED or (kind == FILE and sha256 is not None)
    return Version(version or "", size, mtime) if is_known else None
