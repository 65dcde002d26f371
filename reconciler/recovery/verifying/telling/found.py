"""What a scan has found otherwise than it should be, held against what is known of it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pyarrow as pa

from reconciler.recovery.findings.store import Known
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.scanning.finishing.hiding import Hidden, hidden_by, listed
from reconciler.recovery.scanning.known import apart, record, untold
from reconciler.recovery.scanning.known.earlier import fetched
from reconciler.recovery.values import FileFinding, Scan
from reconciler.recovery.verifying.telling.otherwise import otherwise
from reconciler.recovery.verifying.telling.wrong import Wrong


def found(
    repository: Repository,
    scan: Scan,
    known: Sequence[FileFinding],
    hidden: Hidden,
    until: str,
    most: int | None = None,
) -> Wrong:
    """Hold what a scan has otherwise than it should be against what is known.

    What was gone `until` then was told; so `most` are kept of what is new, or as many as have room.
    Raises `RepositoryError`, `SnapshotError`.
    """
    wrong = Wrong.of(known, until, most)
    for each in otherwise(repository, scan, hidden) if scan.remembered else ():
        wrong.take(each)
    return wrong


def hidden_from(repository: Repository, scan: Scan) -> Hidden:
    """Return what says of a path whether a scan could not see it; raises like `found`."""

    def every() -> Iterator[pa.RecordBatch]:
        with ExitStack() as opened:
            yield from listed(fetched(repository, scan.contents, opened))

    return hidden_by(scan.excluded, scan.unproved, every())


def untold_of(repository: Repository, last: Scan, known: Known) -> list[Scan]:
    """Return the scans up to the `last` of which nobody was told, of each copy put together.

    Raises `RepositoryError`, `SnapshotError`.
    """
    beside = apart.untold(repository, last, record.ids(repository, last.place), known)
    before = untold.before(last, known, functools.partial(record.of, repository, last.place))
    return [*beside, *before.scans, *([] if known.tells_of(last) else [last])]


def is_untold(repository: Repository, last: Scan, known: Known) -> bool:
    """Return whether a scan up to the last has found something that is not among what is `known`.

    It was killed before it could keep that, or is about to. Raises `RepositoryError`,
    `SnapshotError`.
    """
    if not (last.remembered or last.findings or known.records):
        return False  # nothing was ever found
    return any(
        found(
            repository, one, known.episodes, hidden_from(repository, one), known.no_room_until
        ).new
        for one in untold_of(repository, last, known)
        if one.remembered
    )
