"""Whether what was found is believed to be the storage that the last scan, or an earlier run, read.

Its root may prove little: a folder that is read elsewhere than then and has no marker, a bucket
that may have been deleted and made again under its name, several file systems shown as one of
which one is away. Then the files of the last scan must be there: few of them is another storage
rather than a storage of which nearly all is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from reconciler.recovery.rows import DELETED, UNREADABLE, Rows, part_of, together
from reconciler.recovery.scanning.known.comparing import pairs
from reconciler.recovery.scanning.known.earlier import Earlier, contents_of, rows_of
from reconciler.recovery.scanning.known.own import Own
from reconciler.recovery.scanning.known.pieces import Run, Unfinished
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
_SECOND = 1_000_000_000
_ON_PURPOSE = "if it is the right one, scan it once with --accept-root"


def compare(
    repository: Repository,
    source: Source,
    target: Target,
    ending: Callable[[], bool],
    last: Scan,
    known: Root,
    root: Root,
) -> None:
    """List a storage, and look whether the last scan's files are there.

    Nothing is listed where the `root` was read at the address of the `known` one, or its marker
    proves it. Raises `UnreachableError` if the files are not there, or if nobody can say. What is
    `ending` concludes nothing.
    """
    # Nothing but its files tells such a root from another that is named by mistake.
    if known.url == root.url or known.marker:
        return
    try:
        with ExitStack() as opened:
            rows = Earlier(rows_of(repository, last, opened), clock=0, agreeing=())
            found = _alike(source.listing(), [rows], ending)
    except SnapshotError as error:
        raise _doubted(
            target,
            "has no marker, and there is nothing else to prove that it is the storage of the last "
            f"scan ({error}): {_ON_PURPOSE}",
        ) from error
    for there in found:
        _compared(target, _Found("the last scan", last.counts.rows, there, 0), last.root.url)


def compare_own(
    repository: Repository,
    source: Source,
    target: Target,
    ending: Callable[[], bool],
    unfinished: Unfinished,
    root: Root,
) -> None:
    """List a storage, and look whether what earlier runs of the scan have read elsewhere is there.

    Nothing is listed where its marker proves the `root`, or all have read it at its address. Raises
    `UnreachableError` if what was read at one of the other addresses is not there, and
    `RepositoryError`. What is `ending` concludes nothing.
    """
    others: dict[str, list[Run]] = {}
    for run in unfinished.runs:
        known = run.begun.root
        is_proved = known.url == root.url or (known.marker and _has_marker_of(known, root))
        if run.pieces and not run.doubted and not is_proved:
            others.setdefault(known.url, []).append(run)
    if not others:
        return
    with repository.workspace() as folder:
        each = [Unfinished(unfinished.id, tuple(runs)) for runs in others.values()]
        parts = [Own(repository, runs, None, folder).part(None, folder) for runs in each]
        read_there = [(url, part) for url, part in zip(others, parts, strict=True) if part]
        found = _alike(source.listing(), [contents_of(part) for _, part in read_there], ending)
        for there, (url, part) in zip(found, read_there, strict=False):
            number = read.count(part, CONTENTS)
            _compared(target, _Found("an earlier run of this scan", number, there, 0), url)


def believe(target: Target, last: Scan, there: int, survived: int, root: Root) -> None:
    """Raise `UnreachableError` if so few paths of the last scan are `there` that it is doubted.

    A bucket is proved by a single object that `survived`: as its server says, nobody wrote it
    since.
    """
    _believe(target, _Found("the last scan", last.counts.rows, there, survived), root)


def believe_list(target: Target, source: Source, same: Rows, root: Root) -> None:
    """Raise `UnreachableError` if the bucket is not that of the files that a list has as before.

    A list is late, and proves no bucket that was made again: some files that it has the `same` as
    the last scan are asked for, until one `survived`.
    """
    number = there = 0
    for i in range(0 if root.marker else len(same)):
        known = part_of(same, i, i + 1)
        now = source.unlisted(known)
        number, there = number + 1, there + len(now)
        if len(now) and _is_the_same(now, known):
            return
    if _are_few(there, number):
        raise _doubted(
            target,
            f"has {there:,} of {number:,} files of the last scan that were asked for as the list "
            "has them, and none that was not written since: it may have been deleted, and made "
            f"again by this name; {_ON_PURPOSE}",
        )


def _is_the_same(now: Rows, known: Rows) -> bool:
    """Return whether one object is the one that is known, or may be; times have whole seconds."""
    if now.kind[0] in (DELETED, UNREADABLE):  # its version is there, or nobody can tell
        return True
    one, other = now.mtime_ns[0], known.mtime_ns[0]
    same = one is not None and other is not None and one // _SECOND == other // _SECOND
    return same and now.size == known.size


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
        survived += pc.sum(pairs.alike(now, was)).as_py() or 0
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


def _alike(
    listing: Iterable[Rows], known: Sequence[Earlier], ending: Callable[[], bool]
) -> list[int]:
    """Return how many files are as each knows them, by path and size; nothing if it was to end."""
    there = [0] * len(known)
    for listed in together(listing, _TOGETHER):
        if ending():
            return []
        batch = scanned(listed)
        for at, rows in enumerate(known):
            was = rows.beside(batch["path"])
            same = (pc.equal(batch[name], was[name]) for name in ("kind", "size"))
            there[at] += pc.sum(pc.and_(*same)).as_py() or 0
    return there


def _has_marker_of(known: Root, root: Root) -> bool:
    return (known.marker, known.marker_sha256) == (root.marker, root.marker_sha256)


def _compared(target: Target, found: _Found, url: str) -> None:
    """Raise `UnreachableError` if few of the files that were found at another address are there."""
    who, number, there, _ = found
    if _are_few(there, number):
        raise _doubted(
            target,
            f"has {there:,} of the {number:,} files that {who} found at {quoted_url(url)}, and no "
            "marker to prove that it is the same storage: look whether --relocate names the right "
            f"place; {_ON_PURPOSE}",
        )


def _are_few(there: int, number: int) -> bool:
    return bool(number) and there * _FEW < number


def _doubted(target: Target, why: str) -> UnreachableError:
    return UnreachableError(f"{quoted_url(target.url)} {why}", reason="other files")
