"""What the SDK answers, checked and turned into our values; in doubt, nothing is concluded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from reconciler.environment.timestamps import timestamp
from reconciler.errors import PlatformError
from reconciler.model import Storage
from reconciler.platform import InventoryRow
from reconciler.platforms.jetraw.sdk import Sdk
from reconciler.platforms.jetraw.surface import Handle, Space
from reconciler.printable import quoted

_FILES = "reading the files of a storage"
#: How many of them are taken from the SDK at a time.
_AT_ONCE = 1000
_END = object()
_TEXTS = ("id", "name", "label", "type", "default_url")


class Found(NamedTuple):
    """A storage as a value, and the SDK's own object for it."""

    storage: Storage
    handle: Handle


def all_storages(sdk: Sdk) -> list[Found]:
    """List the storages; raises `PlatformError` for anything but a list of storages.

    One that can't be read is in it, with its `flaw`.
    """
    return sdk.ask("listing the storages", lambda: _listed(sdk))


def _listed(sdk: Sdk) -> list[Found]:
    handles = sdk.storages.list_storages(**sdk.keywords())
    if not isinstance(handles, list | tuple):
        raise sdk.error(f"its list of storages is not a list but {_kind(handles)}")
    found = [Found(_as_it_is(sdk, handle, at), handle) for at, handle in enumerate(handles)]
    # One odd storage is left alone; if nothing at all can be read, nothing is known to be absent.
    if found and all(item.storage.flaw and not item.storage.name for item in found):
        raise sdk.error(f"none of its storages can be read: {found[0].storage.flaw}")
    for field in ("id", "name"):
        seen: set[str] = set()
        for item in found:
            value = getattr(item.storage, field)
            if item.storage.flaw and not value:
                continue
            if value in seen:
                raise sdk.error(f"it lists two storages with the {field} {quoted(value)}")
            seen.add(value)
    return found


def named_or_all(sdk: Sdk, name: str) -> Storage | list[Found]:
    """Get one storage by its name; all storages if the platform says that there is none."""
    for handle in sdk.ask(f"looking for {quoted(name)}", lambda: _got(sdk, name)):
        found = _as_it_is(sdk, handle, 0)
        if found.flaw and not found.name:
            raise sdk.error(f"asked for {quoted(name)}, it gives what can't be read: {found.flaw}")
        if found.name != name:
            raise sdk.error(f"asked for {quoted(name)}, it gives {quoted(found.name)}")
        return found
    # A KeyError is the documented "no", but also what a fault in reading an answer looks like.
    listed = all_storages(sdk)
    if any(item.storage.name == name for item in listed):
        raise sdk.error(f"it lists {quoted(name)}, but does not find it by name")
    return listed


def _got(sdk: Sdk, name: str) -> list[Handle]:
    try:
        return [sdk.storages.get_storage(name, **sdk.keywords())]
    except KeyError:
        return []


def storage(sdk: Sdk, handle: Handle) -> Storage:
    """Read every property of the SDK's storage once."""
    id, name, label, type, default_url = (_text(sdk, handle, field) for field in _TEXTS)
    if not id:
        raise sdk.error("it lists a storage without an id")
    url = sdk.ask("reading the url of a storage", lambda: handle.url)
    if url is not None and not isinstance(url, str):
        raise sdk.error(f"the url of a storage is not a text but {_kind(url)}")
    made = sdk.ask("reading the created_at of a storage", lambda: _moment(handle.created_at))
    if made is None:
        raise sdk.error("the created_at of a storage is not a time")
    here = None if url is None else str.__str__(url)
    return Storage(id, name, label, type, default_url, here, made)


def _as_it_is(sdk: Sdk, handle: Handle, at: int) -> Storage:
    """Read a storage; of one that is not as documented whatever can be read, and its flaw."""
    try:
        return storage(sdk, handle)
    except PlatformError as error:
        flaw = str(error).partition(": ")[2]
    known = {}
    for field in _TEXTS:
        with suppress(PlatformError):
            known[field] = _text(sdk, handle, field)
    # It still has a name that others can't take. An id of its own, where it tells none, keeps it
    # apart from others; nothing is ever asked for by it.
    empty = dict.fromkeys(_TEXTS, "")
    return Storage(**{**empty, **known, "id": known.get("id") or f"?{at + 1}"}, flaw=flaw)


def _text(sdk: Sdk, handle: Handle, field: str) -> str:
    value = sdk.ask(f"reading the {field} of a storage", lambda: getattr(handle, field))
    if not isinstance(value, str):
        raise sdk.error(f"the {field} of a storage is not a text but {_kind(value)}")
    return str.__str__(value)  # plain text also where the SDK gives a member of an enum


def _moment(value: object) -> str | None:
    """Return a time as RFC 3339 in UTC; one that names no time zone is taken to be in UTC."""
    if not isinstance(value, datetime):
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return timestamp(aware, "microseconds")


def inventory(sdk: Sdk, handle: Handle) -> Iterator[InventoryRow]:
    """Yield the files of a storage, lazily."""
    rows = sdk.ask(_FILES, lambda: iter(handle.checksums()))
    size = 1  # the first one alone says that there are any
    while True:
        taken, flaw = sdk.ask(_FILES, partial(_take, sdk, rows, size))
        yield from taken
        if flaw is not None:
            raise flaw
        if len(taken) < size:
            return
        size = _AT_ONCE


def _take(
    sdk: Sdk, rows: Iterator[object], most: int
) -> tuple[list[InventoryRow], PlatformError | None]:
    """Take some files; also those before one that can't be read."""
    taken: list[InventoryRow] = []
    try:
        for _ in range(most):
            row = sdk.ask(_FILES, lambda: next(rows, _END))
            if row is _END:
                break
            taken.append(_row(sdk, row))
    except PlatformError as flaw:
        return taken, flaw
    return taken, None


def _row(sdk: Sdk, row: object) -> InventoryRow:
    if isinstance(row, tuple | list) and len(row) == 3:
        upload_id, checksum, on_disk = row
        if isinstance(upload_id, str) and isinstance(checksum, str) and isinstance(on_disk, str):
            return upload_id, checksum, on_disk
    raise sdk.error("a file of a storage is not told as three texts")


def spaces(sdk: Sdk) -> dict[str, tuple[str, ...]]:
    """Name the spaces that are tied to each storage, sorted, by the storage's id."""
    if sdk.spaces is None:
        return {}
    listing = sdk.spaces.list_spaces
    listed = sdk.ask("listing the spaces", lambda: list(listing(**sdk.keywords())))
    using = defaultdict[str, set[str]](set)
    for name, ids in (_tied(sdk, space) for space in listed):
        for id in ids:
            using[id].add(name)
    return {id: tuple(sorted(names)) for id, names in using.items()}


def _tied(sdk: Sdk, space: Space) -> tuple[str, list[str]]:
    name = sdk.ask("reading the name of a space", lambda: space.name)
    handles = sdk.ask("reading the storages of a space", lambda: list(space.storages))
    if not isinstance(name, str):
        raise sdk.error(f"the name of a space is not a text but {_kind(name)}")
    return name, [_text(sdk, handle, "id") for handle in handles]


def _kind(value: object) -> str:
    return f"of the type {type(value).__name__}"
