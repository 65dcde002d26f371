"""A storage of which there is nothing to compare: that is told, and never looks like success."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.recovery import values
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing.sides import Lost, Side
from reconciler.recovery.verifying.comparing.spool import Spooled
from reconciler.recovery.verifying.recorded import Recorded
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.telling.concluding import Concluded
from reconciler.recovery.verifying.telling.means import Means, Present


def not_reachable(
    was: Recorded, storage: str, place: str, reason: str, means: Means
) -> StorageVerified:
    """Tell, and keep, that the root at a place could not be proved; raises `RepositoryError`."""
    moment = timestamp(means.clock(), "milliseconds")
    present = Present(moment, Side(0, Lost([b""])), _nothing)
    so_far = _nothing_compared(was, storage, values.NOT_REACHABLE)
    return told(so_far, place, reason, means, present)


def not_verified(
    was: Recorded | None,
    storage: str,
    place: str,
    reason: str,
    means: Means,
    damaged: Sequence[FileFinding] = (),
) -> StorageVerified:
    """Tell that there is nothing to compare a storage with, or that it was not read.

    Until then files were found `damaged`, of which no finding is kept.
    """
    so_far = _nothing_compared(was, storage, values.NOT_VERIFIED)
    if damaged:
        so_far = replace(so_far, found={**so_far.found, values.DAMAGED: len(damaged)})
    return told(so_far, place, reason, means, None, damaged=damaged)


def not_read(was: Recorded, storage: str, place: str, reason: str) -> StorageVerified:
    """Tell that a storage was not read, as the repository failed: it is not asked for more."""
    finding = FileFinding(values.NOT_VERIFIED, storage, place, note=reason, files=was.files)
    so_far = _nothing_compared(was, storage, values.NOT_VERIFIED)
    return replace(so_far, findings=(finding,), forgotten=True)


def told(
    so_far: StorageVerified,
    place: str,
    reason: str,
    means: Means,
    present: Present | None,
    about: str = "",
    damaged: Sequence[FileFinding] = (),
) -> StorageVerified:
    """Return what is told of a storage with which one thing is the matter, as a whole.

    It is kept if it is about what is `present`.
    """
    finding = FileFinding(
        next(iter(so_far.found)),
        so_far.storage,
        place,
        note=reason,
        files=so_far.of or 0,
        about=present.about if present else about,
    )
    concluded = Concluded(place, means, present, about=about)
    return concluded.conclude(so_far, lambda: [Spooled(each, True) for each in (*damaged, finding)])


def _nothing_compared(was: Recorded | None, storage: str, what: str) -> StorageVerified:
    return StorageVerified(
        storage,
        was.files if was else None,
        0,
        was.files if was else 0,
        {what: 1},
        was=was.taken() if was else None,
    )


def _nothing(_paths: Collection[bytes]) -> dict[bytes, Content]:
    return {}
