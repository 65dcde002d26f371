"""Whether what was found is believed to be the storage that the last scan read.

Its root may prove little: a folder that is read elsewhere than then and has no marker, a bucket
that may have been deleted and made again under its name, several file systems shown as one of
which one is away. Then the files of the last scan must be there: few of them is another storage
rather than a storage of which nearly all is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack

import pyarrow.compute as pc

from reconciler.errors import SnapshotError, UnreachableError
from reconciler.masking import quoted_url
from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import Rows, together
from reconciler.recovery.scanning.known.earlier import Earlier, rows_of
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Scan, Target

#: File systems that show several as one: if one of those is lost, its files are gone, and nothing
#: else shows it.
UNIONS = frozenset(
    {
        *("aufs", "fuse.mergerfs", "fuse.mhddfs", "fuse.unionfs", "fuse.unionfs-fuse"),
        *("mergerfs", "mhddfs", "overlay", "overlayfs", "unionfs"),
    }
)
#: Less than one in so many of the last scan's files is few.
_FEW = 10
#: More than one in so many missing at once, and at least so many, is much for one that is shown as
#: several.
_SHARE, _LEAST = 100, 10
_TOGETHER = 8_000
_ON_PURPOSE = "if it is the right one, scan it once with --accept-root"


def is_unproved(known: Root, root: Root) -> bool:
    """Return whether nothing but its files tells a root from another that is named by mistake."""
    return known.url != root.url and not known.marker


def compare(
    repository: Repository,
    source: Source,
    target: Target,
    last: Scan,
    ending: Callable[[], bool],
) -> None:
    """List a storage, and look whether the last scan's files are there.

    Raises `UnreachableError` if not, or if nobody can say. What is `ending` concludes nothing.
    """
    try:
        with ExitStack() as opened:
            rows = Earlier(rows_of(repository, last, opened), clock=0, agreeing=())
            there = _alike(source.listing(), rows, ending)
    except SnapshotError as error:
        raise _doubted(
            target,
            "has no marker, and there is nothing else to prove that it is the storage of the last "
            f"scan ({error}): {_ON_PURPOSE}",
        ) from error
    if there is not None and _are_few(there, last):
        raise _doubted(
            target,
            f"has {there:,} of the {last.counts.rows:,} files that the last scan found at "
            f"{quoted_url(last.root.url)}, and no marker to prove that it is the same storage: "
            f"look whether --relocate names the right place; {_ON_PURPOSE}",
        )


def believe(target: Target, last: Scan, there: int, survived: int, root: Root) -> None:
    """Raise `UnreachableError` if so few paths of the last scan are `there` that it is doubted.

    A bucket is proved by a single object that `survived`: as its server says, nobody wrote it
    since.
    """
    missing = last.counts.rows - there
    if root.kind == "bucket" and not (root.marker or survived) and _are_few(there, last):
        raise _doubted(
            target,
            f"has {there:,} of the {last.counts.rows:,} files that the last scan found, and none "
            "that was not written since: it may have been deleted, and made again by this name; "
            f"{_ON_PURPOSE}",
        )
    if root.file_system in UNIONS and missing >= _LEAST and missing * _SHARE > last.counts.rows:
        raise _doubted(
            target,
            f"lacks {missing:,} of the {last.counts.rows:,} files of the last scan, and shows "
            f"several file systems as one ({root.file_system}): look whether all of them are "
            "mounted; if the files were removed on purpose, scan it once with --accept-root",
        )


def _alike(listing: Iterable[Rows], rows: Earlier, ending: Callable[[], bool]) -> int | None:
    """Return how many files have the path and size that they had; None if it was to end."""
    there = 0
    for listed in together(listing, _TOGETHER):
        if ending():
            return None
        batch = scanned(listed)
        was = rows.beside(batch["path"])
        same = pc.and_(pc.equal(batch["kind"], was["kind"]), pc.equal(batch["size"], was["size"]))
        there += pc.sum(same).as_py() or 0
    return there


def _are_few(there: int, last: Scan) -> bool:
    return bool(last.counts.rows) and there * _FEW < last.counts.rows


def _doubted(target: Target, why: str) -> UnreachableError:
    return UnreachableError(f"{quoted_url(target.url)} {why}", reason="other files")
