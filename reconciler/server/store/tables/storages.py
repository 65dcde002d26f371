"""What is read and written of storages, in a transaction on either database."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from reconciler.model import Storage, Values
from reconciler.printable import quoted
from reconciler.server.store.refusals import (
    ChangedError,
    HoldsFilesError,
    KeyReusedError,
    NameTakenError,
    NotFoundError,
)
from reconciler.server.store.session import (
    PagedQuery,
    Session,
    SqlRow,
    ViolationError,
    Writing,
    later,
)
from reconciler.server.store.tables.inventory import merge
from reconciler.server.store.tables.leases import check_fence
from reconciler.server.store.values import KEY_LIFE, Created, Listed, Listing, StoredStorage, Terms

_COLUMNS = "id, name, label, type, default_url, created_at, revision, files"
_GET = f"SELECT {_COLUMNS} FROM storages WHERE id = ?"  # noqa: S608 - all SQL here is constant
#: The columns as `Listed` has its fields.
_LIST = "SELECT id, name, label, type, default_url, created_at, files FROM storages WHERE "
_TEXTS = {"name": 1, "label": 2, "default_url": 4}
_ALL = PagedQuery(f"{_LIST} id > ? ORDER BY id LIMIT ?", "id", _TEXTS)
_NAMED = PagedQuery(f"{_LIST} name = ? AND id > ? LIMIT ?", "id", _TEXTS)
_HOW_MANY = "SELECT count(*) FROM storages"
_CREATE = f"INSERT INTO storages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 0)"  # noqa: S608
_UPDATE = "UPDATE storages SET name = ?, label = ?, revision = ? WHERE id = ?"
_COUNT = "UPDATE storages SET files = ?, revision = ? WHERE id = ?"
_FORGET_FILES = "DELETE FROM inventory WHERE storage_id = ?"
_REMOVE = "DELETE FROM storages WHERE id = ?"
_ANSWERED = (
    "SELECT revision, at, after FROM audit "
    "WHERE account = ? AND idempotency_key = ? AND idempotency_key IS NOT NULL"
)
_FORGET_KEY = "UPDATE audit SET idempotency_key = NULL WHERE revision = ?"
_VALUES = ("name", "label", "type", "default_url")
_TAKEN = ("name_is_unique", "storages.name")


def get(session: Session, id: str) -> StoredStorage:
    """Read one storage; raises `NotFoundError`."""
    found = session.rows(_GET, id)
    if not found:
        raise NotFoundError(f"there is no storage with the id {quoted(id)}")
    return _row(found[0])


def count(session: Session) -> int:
    """Count the storages."""
    return int(session.rows(_HOW_MANY)[0][0])


def listing(session: Session, after: str, limit: int, name: str | None) -> Listing:
    """Read a part of the list as it will be encoded."""
    if name is None:
        rows, more, revision = session.moment(_ALL, limit, after)
    else:
        rows, more, revision = session.moment(_NAMED, limit, name, after)
    return Listing([Listed(*row[:7]) for row in rows], more, revision)


def _row(raw: SqlRow) -> StoredStorage:
    id, name, label, type, url, created_at, revision, files = raw[:8]
    return StoredStorage(Storage(id, name, label, type, url, url, created_at), revision, files)


def create(writing: Writing, values: Values, key: str | None) -> Created:
    """Create a storage, or tell the answer that its key already had."""
    if key is not None:
        answer = _answered(writing, values, key)
        if answer is not None:
            return Created(answer, repeated=True)
    check_fence(writing.session, writing.terms.fence)
    url = values.default_url
    storage = Storage(
        secrets.token_hex(16), values.name, values.label, values.type, url, url, writing.at
    )
    row = StoredStorage(storage, writing.revision, 0)
    _named(
        writing, values.name, _CREATE, storage.id, storage.name, storage.label, storage.type,
        url, storage.created_at, writing.revision,
    )  # fmt: skip
    told = _told(storage)
    writing.audit("create", storage_id=storage.id, name=storage.name, after=told, key=key)
    return Created(row, repeated=False)


def _answered(writing: Writing, values: Values, key: str) -> StoredStorage | None:
    found = writing.session.rows(_ANSWERED, writing.terms.author.account, key)
    if not found:
        return None
    revision, at, told = found[0]
    if at <= later(writing.at, -KEY_LIFE):
        writing.session.execute(_FORGET_KEY, revision)
        return None
    made = msgspec.json.decode(told, type=dict[str, str])
    if any(made[field] != getattr(values, field) for field in _VALUES):
        raise KeyReusedError("the idempotency key belongs to a request with other values")
    return StoredStorage(Storage(**made, url=made["default_url"]), revision, 0)


def _named(writing: Writing, name: str, sql: str, *parameters: object) -> None:
    """Write a storage under a name that may be taken."""
    try:
        writing.session.execute(sql, *parameters)
    except ViolationError as error:
        if error.constraint in _TAKEN:
            raise NameTakenError(f"the name {quoted(name)} is taken by another storage") from None
        raise


def update(writing: Writing, id: str, name: str | None, label: str | None) -> StoredStorage:
    """Change name, label or both; nothing is written if they are so already."""
    row = _expected(writing, id)
    was = row.storage
    wanted = {"name": name, "label": label}
    after: dict[str, str | int] = {
        field: text
        for field, text in wanted.items()
        if text is not None and text != getattr(was, field)
    }
    if not after:
        return row
    now = replace(was, **after)
    _named(writing, now.name, _UPDATE, now.name, now.label, writing.revision, id)
    before = {field: getattr(was, field) for field in after}
    writing.audit("update", storage_id=id, name=now.name, before=before, after=after)
    return StoredStorage(now, writing.revision, row.files)


def remove(writing: Writing, id: str, holds_files: bool) -> None:
    """Remove a storage, with the records of its files only if `holds_files`."""
    row = _expected(writing, id)
    if row.files and not holds_files:
        raise HoldsFilesError(
            f"storage {quoted(row.storage.name)} holds {row.files} "
            f"{'file' if row.files == 1 else 'files'}: removing it needs a consent to lose their "
            "records"
        )
    if row.files:
        writing.session.execute(_FORGET_FILES, id)
    writing.session.execute(_REMOVE, id)
    before = {**_told(row.storage), "files": row.files}
    writing.audit("remove", storage_id=id, name=row.storage.name, before=before)


def record(writing: Writing, id: str) -> StoredStorage:
    """Add the files that were taken in before."""
    row = _expected(writing, id)
    added, different = merge(writing.session, id)
    if not added and not different:
        return row
    files = row.files + added
    writing.session.execute(_COUNT, files, writing.revision, id)
    writing.audit(
        "record_inventory",
        storage_id=id,
        name=row.storage.name,
        before={"files": row.files},
        after={"files": files, "recorded": added + different},
    )
    return StoredStorage(row.storage, writing.revision, files)


def _expected(writing: Writing, id: str) -> StoredStorage:
    """Read the storage that is to be written, and check what the write relies on."""
    check_fence(writing.session, writing.terms.fence)
    row = get(writing.session, id)
    check_revision(row, writing.terms)
    return row


def check_revision(row: StoredStorage, terms: Terms) -> None:
    """Raise `ChangedError` unless the storage is still at the revision that a write relies on."""
    if terms.revision not in (None, row.revision):
        raise ChangedError(
            f"storage {quoted(row.storage.name)} was changed: it is at revision {row.revision}, "
            f"no longer at {terms.revision}"
        )


def _told(storage: Storage) -> dict[str, str | int]:
    """Return what the audit keeps of a whole storage."""
    fields: Iterable[str] = ("id", "name", "label", "type", "default_url", "created_at")
    return {field: getattr(storage, field) for field in fields}
