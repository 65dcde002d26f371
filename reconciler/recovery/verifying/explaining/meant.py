"""Which file was probably meant by a path that no scan has seen."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.values import Scan


def path_in(repository: Repository, last: Scan, path: bytes) -> bytes:
    """Return the longest end of `path` that the scan `last` has seen; empty if there is none.

    So a file is found that was named with the root of its storage, with all of it or the end of
    it, or with `./` before. Raises `RepositoryError`, `SnapshotError`.
    """
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    ends = {b"/".join(parts[at:]) for at in range(len(parts))} - {path}
    if not ends:
        return b""
    wanted = pa.array(sorted(ends), pa.binary())
    with repository.local(layout.part(last.contents)) as part:
        found = [
            end
            for batch in read.batches(part, CONTENTS, columns=["path"], sha256=last.contents)
            for end in batch.filter(pc.is_in(batch["path"], value_set=wanted))["path"].to_pylist()
        ]
    return max(found, key=len, default=b"")
