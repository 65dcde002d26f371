"""Conditional requests on one storage, whose entity tag is its revision (RFC 9110, section 13)."""

from __future__ import annotations

from reconciler.server.calls.headers import Tags, fence, tags
from reconciler.server.calls.request import Request
from reconciler.server.store.refusals import ChangedError
from reconciler.server.store.store import Store
from reconciler.server.store.values import StoredStorage, Terms


def tag_of(row: StoredStorage) -> str:
    """Return the entity tag of a storage; it covers the inventory."""
    return str(row.revision)


def is_known(request: Request, tag: str) -> bool:
    """Return whether the client has what has this tag (`If-None-Match`)."""
    known = tags(request.headers, "If-None-Match")
    return known is not None and known.weakly(tag)


def terms_of(request: Request, store: Store, id: str | None = None) -> Terms:
    """Return who writes, and what a write to the storage with this id, if any, relies on.

    Raises `ChangedError` if the storage is at none of the revisions that the client named.
    """
    revision = None if id is None else _wanted_revision(request, store, id)
    return Terms(request.author(), fence(request.headers), revision)


def _wanted_revision(request: Request, store: Store, id: str) -> int | None:
    """Return the revision that a write relies on (`If-Match`); None if it relies on none."""
    wanted = tags(request.headers, "If-Match")
    if wanted is None or wanted.any:
        return None
    only = _revision(wanted)
    if only is not None:
        return only
    row = store.get(id)
    tag = tag_of(row)
    if not wanted.strongly(tag) and wanted.weakly(tag):
        raise ChangedError(
            f'If-Match compares strong tags only (RFC 9110, 13.1.1), so that W/"{tag}" matches '
            f'nothing: send "{tag}"; if an answer had the weak one, a proxy on the way made it weak'
        )
    if not wanted.strongly(tag):
        raise ChangedError(f"the storage is at revision {row.revision} now")
    return row.revision


def _revision(wanted: Tags) -> int | None:
    """Return the revision that the only tag stands for, so that the store can compare it itself."""
    only = wanted.only()
    if only is None or not (only.isascii() and only.isdecimal() and len(only) < 16):
        return None
    return int(only) if only == str(int(only)) else None
