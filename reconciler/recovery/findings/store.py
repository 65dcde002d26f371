"""Where findings are kept: a record for each run, in which those before it are contained."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from reconciler.environment.timestamps import timestamp
from reconciler.errors import RepositoryError, SnapshotError
from reconciler.printable import quoted
from reconciler.recovery.findings.episodes import bounded, merged
from reconciler.recovery.findings.record import (
    FORMAT_VERSION,
    Record,
    decode,
    encode,
    findings_of,
    written,
)
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.many import is_listed
from reconciler.recovery.values import FileFinding
from reconciler.version import __version__

#: How often the list is read anew, because another run has replaced what stood in it.
_TRIES = 10


class Known(Struct, frozen=True):
    """What is known of a storage, and from which records."""

    episodes: tuple[FileFinding, ...] = ()
    #: All records that there were, contained in others or not, but for damaged ones.
    records: tuple[str, ...] = ()
    #: Of each record that can't be read a sentence.
    damaged: tuple[str, ...] = ()
    #: Until when scans have told what is gone: RFC 3339, UTC; empty: none has.
    gone_until: str = ""


class _GoneError(Exception):
    """Another run replaced a record after it was listed."""


def read(repository: Repository, place: str) -> Known:
    """Read what is known of the storage at a location; raises `RepositoryError`."""
    for _ in range(_TRIES):
        names = [n for n in repository.names(layout.findings(place)) if n.endswith(".json")]
        with contextlib.suppress(_GoneError):
            return _read(repository, place, names)
    raise RepositoryError(
        f"the findings in {repository.address} are replaced again and again while they are read: "
        "run one verify at a time"
    )


def _read(repository: Repository, place: str, names: Sequence[str]) -> Known:
    """Read the newest records first, and not those that are contained in them."""
    found, damaged, contained, until = [], {}, set[str](), ""
    for name in sorted(names, reverse=True):
        if name in contained:
            continue
        data = repository.read(name)
        if data is None and not is_listed(repository, name):
            raise _GoneError
        try:
            record = decode(data)
            found.append(findings_of(record, place))
            contained.update(record.replaces)
            until = max(until, record.gone_until)
        except SnapshotError as error:
            damaged[name] = _damaged(repository, name, error)
    records = tuple(name for name in names if name not in damaged)
    return Known(tuple(merged(found)), records, tuple(damaged.values()), until)


def _damaged(repository: Repository, name: str, error: SnapshotError) -> str:
    return (
        f"{quoted(name)} in {repository.address} can't be used: {error}. Restore it from another "
        "copy of the repository. If there is none, remove it: what was found earlier, and stands "
        "nowhere else, is then not known any more"
    )


def keep(
    repository: Repository,
    place: str,
    episodes: Sequence[FileFinding],
    known: Known,
    moment: datetime,
    *,
    gone_until: str = "",
) -> int:
    """Write what is known now, instead of the records of `known`; return what had no room.

    `gone_until` says until when all that is gone is among it, or had no room. Nothing is written
    where there is nothing to tell. Raises `RepositoryError`.
    """
    kept, no_room = bounded(episodes)
    if not kept and not known.records:
        return 0
    now = timestamp(moment, "milliseconds")
    record = Record(
        FORMAT_VERSION,
        timestamp(moment, "seconds"),
        __version__,
        known.records,
        no_room,
        tuple(map(written, kept)),
        max(gone_until, known.gone_until if known.gone_until <= now else ""),
    )
    digits = re.sub(r"[^0-9]", "", timestamp(moment, "microseconds"))
    repository.write(f"{layout.findings(place)}{digits}-{os.urandom(4).hex()}.json", encode(record))
    # Under Object Lock they stay; they are contained in the new one, so nothing changes.
    with contextlib.suppress(RepositoryError):
        for name in known.records:
            repository.remove(name)
    return no_room
