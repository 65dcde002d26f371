"""`/v1/storages` and `/v1/storages/{id}`."""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from reconciler.model import Values
from reconciler.server.calls import headers
from reconciler.server.calls.conditions import is_known, tag_of, terms_of
from reconciler.server.calls.problems import Problem, malformed
from reconciler.server.calls.request import Answer, Request, json_answer, not_modified
from reconciler.server.store.store import Store
from reconciler.server.store.values import Listed, StoredStorage

_LONGEST_CURSOR = 512
#: Unicode's category Cc: line ends, escape sequences of terminals, U+0000.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOLDS_FILES = {"true": True, "false": False}


class _Page(Struct):
    storages: list[Listed]
    next: str | None
    revision: int


class _New(Struct, forbid_unknown_fields=True):
    name: str
    label: str
    type: str
    default_url: str


class _Patch(Struct, forbid_unknown_fields=True):
    name: str | msgspec.UnsetType = msgspec.UNSET
    label: str | msgspec.UnsetType = msgspec.UNSET


_NEW = msgspec.json.Decoder(_New)
_PATCH = msgspec.json.Decoder(_Patch)


class StoragesResource:
    """The storages of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._platform_id = store.platform_id()

    def list(self, request: Request) -> Answer:
        """Return a page of the list, by id."""
        query = request.query("limit", "cursor", "name")
        limit = headers.page_size(query)
        after = _after(query["cursor"]) if "cursor" in query else ""
        if "If-None-Match" in request.headers:
            tag = self._page_tag(query, self._store.revision())
            if is_known(request, tag):
                return not_modified(tag)
        part = self._store.listing(after=after, limit=limit, name=query.get("name"))
        last = part.storages[-1].id if part.more else None
        page = _Page(part.storages, _cursor(last), part.revision)
        return json_answer(page, ETag=f'"{self._page_tag(query, part.revision)}"')

    def get(self, request: Request) -> Answer:
        """Return one storage."""
        request.query()
        row = self._store.get(request.id())
        tag = tag_of(row)
        return not_modified(tag) if is_known(request, tag) else _storage_answer(row)

    def create(self, request: Request) -> Answer:
        """Create a storage."""
        request.query()
        new = request.decode(_NEW)
        _check_name(new.name)
        key = headers.idempotency_key(request.headers)
        values = Values(new.name, new.label, new.type, new.default_url)
        created = self._store.create(values, terms_of(request, self._store), key=key)
        more = {"Idempotent_Replayed": "true"} if created.repeated else {}
        # Relative to the request, for there may be a path before ours.
        location = f"storages/{created.row.storage.id}"
        return _storage_answer(created.row, 201, Location=location, **more)

    def update(self, request: Request) -> Answer:
        """Change name, label or both."""
        request.query()
        id, patch = request.id(), request.decode(_PATCH)
        if patch.name is msgspec.UNSET and patch.label is msgspec.UNSET:
            raise malformed("give a name, a label or both")
        name = _given(patch.name)
        _check_name(name or "")
        terms = terms_of(request, self._store, id)
        return _storage_answer(self._store.update(id, terms, name=name, label=_given(patch.label)))

    def remove(self, request: Request) -> Answer:
        """Remove the record of a storage."""
        holds_files = request.query("holds_files").get("holds_files", "false")
        if holds_files not in _HOLDS_FILES:
            raise malformed("holds_files must be true or false")
        id = request.id()
        terms = terms_of(request, self._store, id)
        self._store.remove(id, terms, holds_files=_HOLDS_FILES[holds_files])
        return Answer(204)

    def _page_tag(self, query: Mapping[str, str], revision: int) -> str:
        """Return the entity tag of a page: it changes with whatever the page could depend on."""
        told = msgspec.json.encode([self._platform_id, revision, sorted(query.items())])
        return hashlib.sha256(told).hexdigest()[:32]


def listed(row: StoredStorage) -> Listed:
    """Show a storage as clients see it."""
    s = row.storage
    return Listed(s.id, s.name, s.label, s.type, s.default_url, s.created_at, row.files)


def _check_name(name: str) -> None:
    """Raise `Problem` for a name that breaks the lines and terminals that names are shown on.

    What has such a name already, in a database of old, keeps it until it gets another one.
    """
    if found := _CONTROLS.search(name):
        raise Problem(
            "invalid-value",
            f"the name holds the control character U+{ord(found[0]):04X}: give one without",
        )


def _storage_answer(row: StoredStorage, status: int = 200, **more: str) -> Answer:
    return json_answer(listed(row), status, ETag=f'"{tag_of(row)}"', **more)


def _cursor(id: str | None) -> str | None:
    """Return the cursor of the page that begins after an id."""
    return None if id is None else urlsafe_b64encode(id.encode("latin-1")).decode().rstrip("=")


def _after(cursor: str) -> str:
    """Return the id that a cursor stands for."""
    try:
        id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        id = ""
    # Decoding is lenient; what is written otherwise than we write it is not ours.
    if not id or len(cursor) > _LONGEST_CURSOR or _cursor(id) != cursor:
        raise malformed("the cursor is not one that this server gave: start from the first page")
    return id


def _given(value: str | msgspec.UnsetType) -> str | None:
    return None if isinstance(value, msgspec.UnsetType) else value
