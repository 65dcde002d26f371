"""A storage of which there is nothing to compare: that is told, and never looks like success."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.environment.timestamps import timestamp
from reconciler.recovery import values
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.judging.sides import Lost, Side
from reconciler.recovery.verifying.judging.spool import Spooled
from reconciler.recovery.verifying.recorded import Recorded
from reconciler.recovery.verifying.results import StorageVerified
from reconciler.recovery.verifying.telling.concluding import Concluded, Means, Present


def not_reachable(
    was: Recorded, storage: str, reason: str, means: Means, *, about: str = ""
) -> StorageVerified:
    """Tell, and keep, that a storage's root could not be proved; raises `RepositoryError`."""
    moment = timestamp(means.clock(), "milliseconds")
    present = Present(moment, Side(0, Lost([b""])), _nothing, about)
    return _told(was, storage, values.NOT_REACHABLE, reason, means, present)


def not_verified(
    was: Recorded | None, storage: str, place: str, reason: str, means: Means
) -> StorageVerified:
    """Tell that there is nothing to compare a storage with, or that it was not read."""
    return _told(was, storage, values.NOT_VERIFIED, reason, means, None, place)


def _told(
    was: Recorded | None,
    storage: str,
    what: str,
    reason: str,
    means: Means,
    present: Present | None,
    place: str = "",
) -> StorageVerified:
    place = was.place if was else place
    files = was.files if was else 0
    about = present.about if present else ""
    finding = FileFinding(what, storage, place, note=reason, files=files, about=about)
    so_far = StorageVerified(
        storage,
        was.files if was else None,
        0,
        files,
        {what: 1},
        was=was.taken() if was else None,
    )
    return Concluded(place, means, present).conclude(so_far, lambda: [Spooled(finding, True)])


def _nothing(_paths: Collection[bytes]) -> dict[bytes, Content]:
    return {}
