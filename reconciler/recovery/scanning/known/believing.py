"""Whether what was found is believed to be the storage that the last scan read.

Its root may prove little: a folder that is read elsewhere than then and has no marker, a bucket
that may have been deleted and made again under its name, several file systems shown as one of
which one is away. Then the files of the last scan must be there: few of them is another storage
rather than a storage of which nearly all is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from reconciler.errors import SnapshotError, UnreachableError
from reconciler.masking import quoted_url
from reconciler.recovery.parts import read
from reconciler.recovery.parts.convert import scanned, values
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import DELETED, Rows, together
from reconciler.recovery.scanning.known import keeping
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of, rows_of
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
    if there is not None and _are_few(there, last.counts.rows):
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
    _believe(target, _Found("the last scan", last.counts.rows, there, survived), root)


def believe_own(
    target: Target,
    own: Path,
    contents: Path,
    root: Root,
    hidden: Callable[[bytes], bool],
    *,
    is_known: bool,
) -> bool:
    """Return whether what earlier runs of the scan have read, as `own` has it, was the storage.

    `contents` has what is there now, but for what is `hidden`. Where the last scan proves a bucket
    that `is_known`, it was another that they have read. Raises `UnreachableError` if so few of
    their files are there that it is doubted whether this is the storage.
    """
    number = there = survived = 0
    seen = contents_of(contents)
    for was in read.batches(own, CONTENTS):
        now = seen.beside(was["path"])
        gone = pc.or_(pc.is_null(now["path"]), pc.fill_null(pc.equal(now["kind"], DELETED), False))
        away = values(was["path"].filter(gone))
        number += was.num_rows - sum(map(hidden, away))
        there += was.num_rows - len(away)
        survived += pc.sum(keeping.alike(now, was)).as_py() or 0
    found = _Found("an earlier run of this scan", number, there, survived)
    if is_known and _is_another(found, root):
        return False
    _believe(target, found, root)
    return True


class _Found(NamedTuple):
    """Who found how many files, how many of them are there, and nobody wrote them since."""

    who: str
    number: int
    there: int
    survived: int


def _is_another(found: _Found, root: Root) -> bool:
    is_proved = root.kind != "bucket" or root.marker or found.survived
    return not is_proved and _are_few(found.there, found.number)


def _believe(target: Target, found: _Found, root: Root) -> None:
    who, number, there, _ = found
    missing = number - there
    if _is_another(found, root):
        raise _doubted(
            target,
            f"has {there:,} of the {number:,} files that {who} found, and none that was not "
            f"written since: it may have been deleted, and made again by this name; {_ON_PURPOSE}",
        )
    if root.file_system in UNIONS and missing >= _LEAST and missing * _SHARE > number:
        raise _doubted(
            target,
            f"lacks {missing:,} of the {number:,} files of {who}, and shows several file systems "
            f"as one ({root.file_system}): look whether all of them are mounted; if the files were "
            "removed on purpose, scan it once with --accept-root",
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


def _are_few(there: int, number: int) -> bool:
    return bool(number) and there * _FEW < number


def _doubted(target: Target, why: str) -> UnreachableError:
    return UnreachableError(f"{quoted_url(target.url)} {why}", reason="other files")
