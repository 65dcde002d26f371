"""Parts of a repository in which one path is looked up."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import convert, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Content
from reconciler.recovery.verifying.recorded import Recorded


class Shelf:
    """Looks one path up in parts, and the folders in which it lies; each part once."""

    def __init__(self, repository: Repository, path: bytes) -> None:
        """Look for `path` in the parts of a repository."""
        self._repository = repository
        self._path = path
        above = [path[: at + 1] for at, byte in enumerate(path) if byte == ord("/")]
        self._wanted = pa.array(sorted({path, *above}), pa.binary())
        self._rows: dict[str, dict[bytes, Content]] = {}
        #: By part: why nothing can be looked up in it.
        self._lost: dict[str, str] = {}

    def row(self, side: Recorded) -> Content | None:
        """Return what a scan has of it; raises `RepositoryError`."""
        return self._known(side.contents).get(self._path)

    def remembered(self, side: Recorded) -> Content | None:
        """Return what it should be, as a scan remembers it; raises like `row`."""
        return self._known(side.remembered).get(self._path) if side.remembered else None

    def closed(self, side: Recorded) -> list[bytes]:
        """Return the folders on the way to it that the scan could not list."""
        return [row.path for row in self._known(side.contents).values() if row.is_closed]

    def is_lost(self, side: Recorded) -> bool:
        """Return whether what a scan has can't be read."""
        self._known(side.contents)
        return side.contents in self._lost

    @property
    def lost(self) -> list[str]:
        """What could not be read so far, in sentences."""
        return list(dict.fromkeys(self._lost.values()))

    def _known(self, part: str) -> dict[bytes, Content]:
        if part not in self._rows:
            try:
                self._rows[part] = self._found(part)
            except SnapshotError as error:
                self._rows[part], self._lost[part] = {}, str(error)
        return self._rows[part]

    def _found(self, part: str) -> dict[bytes, Content]:
        found: dict[bytes, Content] = {}
        for batch in batches(self._repository, part):
            these = batch.filter(pc.is_in(batch["path"], value_set=self._wanted))
            found.update((content.path, content) for content in convert.contents(these))
        return found


def batches(repository: Repository, part: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part of contents, once it is proved to be what was written.

    Raises `RepositoryError`, `SnapshotError`.
    """
    with repository.local(layout.part(part)) as path:
        yield from read.batches(path, CONTENTS, sha256=part)
