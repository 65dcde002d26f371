"""Which records that are gone a new one names as contained in it, so that none is missed.

The last scan of a storage names the newest record that there was. A thousand runs may have replaced
it since: then it must still be known that what it told is contained in what there is.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec import Struct

from reconciler.recovery.repository import layout
from reconciler.recovery.repository.contract import Repository

#: So many are named, the newest ones: shards and machines that go by an older list find theirs.
_MOST = 300
#: And of so many scans, the newest ones, the record that each names: where the record of the last
#: scan is damaged, the one before it counts.
_SCANS = 3


class _Scan(Struct):
    """As much of the record of a scan as is needed."""

    findings: str = ""


def kept_of(repository: Repository, place: str, contained: Collection[str]) -> list[str]:
    """Return the names that a new record keeps of those that are `contained`.

    Raises `RepositoryError`.
    """
    newest = sorted(contained)[-_MOST:]
    if len(newest) == len(contained):
        return newest
    return sorted({*newest, *_named(repository, place).intersection(contained)})


def _named(repository: Repository, place: str) -> set[str]:
    """Return the records that the last scans of a place name."""
    named = set()
    for scan in sorted(repository.names(layout.scans(place)), reverse=True)[:_SCANS]:
        try:
            named.add(msgspec.json.decode(repository.read(scan) or b"{}", type=_Scan).findings)
        except msgspec.MsgspecError:  # whoever reads that scan says so
            continue
    return named
