"""The parts of a scan that has read everything, and the record that names them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.recovery.parts import merge, read
from reconciler.recovery.parts.schema import CONTENTS
from reconciler.recovery.parts.write import Written
from reconciler.recovery.repository import layout, sound
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.rows import ARCHIVED, CHANGING, FILE, PROVEN, UNLISTED, UNREADABLE, Rows
from reconciler.recovery.scanning import reasons
from reconciler.recovery.scanning.finishing import knowing, names, remembering
from reconciler.recovery.scanning.finishing.hiding import hidden_by, listed
from reconciler.recovery.scanning.finishing.pair import Like, PartPair, gathered
from reconciler.recovery.scanning.known import believed_root, pieces, record
from reconciler.recovery.scanning.known.last_rows import Last
from reconciler.recovery.scanning.known.own import Own
from reconciler.recovery.scanning.means import Means
from reconciler.recovery.scanning.outcome import Scanned
from reconciler.recovery.scanning.reading.crew import TOLD
from reconciler.recovery.values import Counts, LeftOut, Root, Scan, Target, Unproved
from reconciler.version import __version__

#: What is there, and nobody has read.
_UNREAD = (UNREADABLE, CHANGING, ARCHIVED)


class Found(NamedTuple):
    """What a scan has found, and how it began."""

    id: str
    target: Target
    begun: pieces.Begun
    root: Root
    pair: PartPair
    #: Contents and stamps.
    parts: tuple[Written, Written]
    left_out: tuple[LeftOut, ...]
    #: When all of it was found.
    ended: datetime


def like(last: Last | None) -> Like | None:
    """Return the parts of the last scan, which are those of the next one if nothing has changed."""
    if last is None or last.stamps is None:
        return None
    scan, contents, stamps = last.scan, last.contents, last.stamps
    rows = scan.counts.rows
    return Like(
        Written(contents, scan.contents, rows, contents.stat().st_size),
        Written(stamps, scan.stamps, rows, stamps.stat().st_size),
        functools.partial(read.scanned, contents, stamps),
    )


def merged(
    pair: PartPair,
    found: pieces.Pieces,
    folder: Path,
    opened: ExitStack,
    *,
    gone: Rows,
    ending: Callable[[], bool],
) -> PartPair | None:
    """Return the parts with what was read put between what was kept; None if it was `ending`.

    What was listed and is `gone` is left out.
    """
    if not (len(found) or len(gone)):
        return pair
    without = pa.array(gone.path, pa.binary())
    contents, stamps = pair.finish()
    kept = read.scanned(contents.path, stamps.path)
    whole = opened.enter_context(PartPair(folder))
    for batch in merge.joined([kept, *found.series()]):
        if ending():
            return None
        if len(without):
            batch = batch.filter(pc.invert(pc.is_in(batch["path"], value_set=without)))  # noqa: PLW2901
        whole.write(batch)
    return whole


def has_all(counts: Counts, last: Last, met: int) -> bool:
    """Return whether a scan has bytes of all files of which the last one has them.

    And whether there were no others. `met` of those were listed.
    """
    proofs, kinds = last.scan.counts.proofs, last.scan.counts.kinds
    unread = any(each.get(kind) for each in (counts.kinds, kinds) for kind in _UNREAD)
    return met == sum(proofs.get(proof, 0) for proof in PROVEN) == kinds.get(FILE, 0) and not unread


def remembered(
    found: Found,
    last: Last | None,
    own: Own,
    folder: Path,
    means: Means,
    result: Scanned,
    met: int,
) -> Written | None:
    """Write what files should be that are otherwise, as a part; None where there are none.

    Nothing is read where all is as it was: `met` files were listed of which the `last` scan knows
    the bytes, and `result` tells of nothing else. Raises `UnreachableError` if so much is gone of
    what its `own` earlier runs have read that it is another storage.
    """
    as_it_was = last and not (last.remembered or result.altered or result.went_on_from)
    if last and as_it_was and has_all(found.pair.counts, last, met):
        return None
    contents, _ = found.parts
    hidden = hidden_by(means.wish.excluded, gathered(found.pair.unproved), listed(contents.path))
    # Whoever says that the root is another says so of what earlier runs have read, too.
    accepted = found.target.name in means.wish.accept_roots
    part = None if accepted else own.part(last, folder)
    if part and not believed_root.believe_own(
        found.target, part, contents.path, found.root, hidden, is_known=last is not None
    ):
        part = None
    known = knowing.known(last, part, folder)
    if known is None:
        return None
    known = known._replace(is_side_by_side=own.are_shards)
    return remembering.remember(known, contents.path, folder, found.ended, hidden)


def keep(repository: Repository, parts: Iterable[Written | None], last: Last | None) -> None:
    """Keep the parts of a scan; those of the last one were read, and are not read again."""
    for part in filter(None, parts):
        if last and part.sha256 in last.sound:
            repository.add(layout.part(part.sha256), part.path)
        else:
            sound.keep(repository, part.sha256, part.path)


def record_of(found: Found, means: Means, remembered: Written | None, *, unlisted: int = 0) -> Scan:
    """Return the record of a scan that ends now; its listing left out what was `unlisted`."""
    target, begun = found.target, found.begun
    unproved = tuple(gathered(found.pair.unproved))
    if unlisted:
        unproved = (Unproved(b"", UNLISTED, reasons.UNLISTED), *unproved)
    contents, stamps = found.parts
    return Scan(
        format_version=record.FORMAT_VERSION,
        id=found.id,
        place=target.place,
        storage_id=target.id,
        name=target.name,
        root=found.root,
        started_at=begun.started_at,
        ended_at=timestamp(found.ended, "milliseconds"),
        excluded=means.wish.excluded,
        complete=not unproved,
        unproved=unproved,
        counts=replace(found.pair.counts, left_out=found.left_out),
        contents=contents.sha256,
        stamps=stamps.sha256,
        tool_version=__version__,
        host=means.here.host,
        clock_ns=begun.clock_ns,
        remembered=remembered.sha256 if remembered else "",
        copy_of=target.copy_of,
        reports=means.reports_of(target),
        listed_at=by.listed_at if (by := means.list_of(target)) else "",
    )


def look_at_names(contents: Written, result: Scanned) -> None:
    """Tell the paths that some file systems take for one."""
    batches = read.batches(contents.path, CONTENTS, columns=["path"])
    for pair in names.alike(path for batch in batches for path in batch["path"].to_pylist()):
        result.alike += 1
        if result.alike <= TOLD:
            result.alike_first.append(pair)
