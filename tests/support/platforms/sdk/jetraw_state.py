"""The stand-in's server: records in an SQLite file, and the faults that were asked for.

Every value is kept as JSON, so that also what is no text, or no valid Unicode, can be planted.
Names are unique where a call makes them; rows that are planted may break any rule.
"""

import json
import os
import signal
import sqlite3
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

FIELDS = ("id", "name", "label", "type", "default_url", "url", "created_at")
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE storages (
    place INTEGER PRIMARY KEY, id, name, label, type, default_url, url, created_at
);
CREATE INDEX by_id ON storages (id);
CREATE INDEX by_name ON storages (name);
CREATE TABLE files (
    storage_id, upload_id, checksum, checksum_on_disk, PRIMARY KEY (storage_id, upload_id)
);
CREATE TABLE spaces (name, storage_id);
CREATE TABLE quirks (name PRIMARY KEY, value);
CREATE TABLE faults (place INTEGER PRIMARY KEY, call, moment, kind, subject, times, since);
CREATE TABLE calls (place INTEGER PRIMARY KEY, call, subject);
"""


class StateServerError(Exception):
    """What the SDK may raise wherever its documentation is silent."""


@contextmanager
def database():
    """Open the organisation's file for one transaction that may write."""
    path = os.environ["JETRAW_STAND_IN"]
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


@contextmanager
def call(name, subject=""):
    """Do what a call does, and fail before or after it if a fault says so."""
    with database() as db:
        db.execute("INSERT INTO calls (call, subject) VALUES (?, ?)", (name, json.dumps(subject)))
        before = _fault(db, name, "before", subject)
        if before is None:
            with _undone_if_it_fails(db):
                yield db
            after = _fault(db, name, "after", subject)
    if before is not None:
        _fail(before, subject)  # it may wait too; then others can write meanwhile
        with database() as db:
            yield db
            after = _fault(db, name, "after", subject)
    _fail(after, subject)


@contextmanager
def _undone_if_it_fails(db):
    """Undo what is done here if it fails, and keep that the call was made."""
    db.execute("SAVEPOINT made")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK TO made")
        db.execute("COMMIT")
        db.execute("BEGIN")
        raise


def _fault(db, name, moment, subject):
    row = db.execute(
        "SELECT place, kind FROM faults WHERE call = ? AND moment = ? AND times <> 0 "
        "AND (subject IS NULL OR subject = ?) "
        "AND (since IS NULL OR since IN (SELECT call FROM calls)) ORDER BY place LIMIT 1",
        (name, moment, json.dumps(subject)),
    ).fetchone()
    if row is None:
        return None
    db.execute("UPDATE faults SET times = times - 1 WHERE place = ?", row[:1])
    return row[1]


def _fail(kind, subject):
    if kind in (None, "pass"):
        return
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind.startswith("hang "):
        _hang(Path(kind.removeprefix("hang ")))
        return
    token = os.environ.get("JETRAW_REFRESH_TOKEN", "")
    raise _ERRORS[kind](f"{kind} at {subject!r} with Authorization: Bearer {token}")


def _hang(folder):
    """Say that the call has come this far, and go on when the test says so."""
    (folder / "reached").write_bytes(b"!")
    (folder / "go").read_bytes()  # a named pipe: waits until the test writes


class PanicException(BaseException):
    """No `Exception` at all."""


_ERRORS = {
    error.__name__: error
    for error in (
        AttributeError,
        ConnectionError,
        json.JSONDecodeError,
        KeyError,
        KeyboardInterrupt,
        PanicException,
        PermissionError,
        RuntimeError,
        StateServerError,
        SystemExit,
        TimeoutError,
        ValueError,
    )
} | {"JSONDecodeError": lambda text: json.JSONDecodeError(text, "<html>", 0)}


def quirk(db, name, default=None):
    """Give what the back door says about this peculiarity of the server."""
    row = db.execute("SELECT value FROM quirks WHERE name = ?", (name,)).fetchone()
    return json.loads(row[0]) if row else default


def records(db, **wanted):
    """Give the records whose fields have these values, in the order of their making."""
    where = " AND ".join(f"{field} = ?" for field in wanted) or "1"
    found = db.execute(
        f"SELECT {', '.join(FIELDS)} FROM storages WHERE {where} ORDER BY place",
        tuple(map(json.dumps, wanted.values())),
    )
    return [dict(zip(FIELDS, map(_decoded, row), strict=True)) for row in found]


@lru_cache(maxsize=100_000)
def _decoded(text):
    """Decode a field, each text once: a list of hundreds is read again and again."""
    return json.loads(text)


def insert(db, record):
    """Add a record as it is."""
    db.execute(
        f"INSERT INTO storages ({', '.join(FIELDS)}) VALUES ({', '.join('?' * len(FIELDS))})",
        tuple(json.dumps(record[field]) for field in FIELDS),
    )
