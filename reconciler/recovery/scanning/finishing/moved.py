"""Which of the files that have gone lie at another path now: those are not missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.scanning.known.earlier import contents_of
from reconciler.recovery.scanning.known.keeping import has_bytes

#: So many files that have gone are looked for.
MOST = 200_000


def found(gone: Mapping[bytes, bytes], contents: Path, before: Path) -> frozenset[bytes]:
    """Return which paths of `gone`, each with its hash, lie elsewhere in `contents`.

    That is at a path that `before`, the contents of the last scan, does not have; each new file
    stands for one. Raises `SnapshotError`.
    """
    wanted = pa.array(sorted(set(gone.values())), pa.binary(32))
    known, came = contents_of(before), Counter[bytes]()
    for now in read.batches(contents, CONTENTS):
        then = known.beside(now["path"])
        new = pc.and_(pc.is_null(then["path"]), has_bytes(now))
        new = pc.and_(new, pc.is_in(now["sha256"], value_set=wanted))
        came.update(values(now["sha256"].filter(new)))
    elsewhere = []
    for path, sha256 in sorted(gone.items()):
        if came[sha256]:
            came[sha256] -= 1
            elsewhere.append(path)
    return frozenset(elsewhere)
