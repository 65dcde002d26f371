"""What holds in the database itself, whichever program writes to it."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest

from reconciler.server.store.store import Store
from support.server.storing import create, record

VALUES: dict[str, Any] = {
    "id": "i",
    "name": "n",
    "label": "l",
    "type": "S3",
    "default_url": "u",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "revision": 1,
    "files": 0,
}
AUDIT = "INSERT INTO audit VALUES (?, 't', '', '', '', '', '', ?, '', '', NULL, NULL, NULL, NULL)"
KEY = (
    "INSERT INTO audit VALUES (?, 't', ?, '', '', '', '', 'create', '', '', NULL, NULL, NULL, 'k')"
)
TOKEN = "INSERT INTO tokens VALUES (?, ?, ?, ?, 't', NULL, NULL)"


def insert(sql, **changes: object) -> None:
    values = {**VALUES, **changes}
    marks = ", ".join("?" * len(values))
    sql(f"INSERT INTO storages ({', '.join(values)}) VALUES ({marks})", *values.values())


def refused(sql, statement: str, *values: object) -> None:
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        sql(statement, *values)


def test_a_storage_that_makes_sense_is_taken(store: Store, sql) -> None:
    insert(sql)
    assert store.get("i").storage.name == "n"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"name": ""},
        {"name": None},
        {"label": None},
        {"type": "local "},
        {"type": ""},
        {"default_url": ""},
        {"created_at": "yesterday"},
        {"revision": 0},
        {"files": -1},
    ],
    ids=str,
)
def test_a_storage_that_makes_none_is_not(sql, wrong: dict[str, object]) -> None:
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        insert(sql, **wrong)


def test_names_and_ids_are_unique(sql) -> None:
    insert(sql)
    insert(sql, id="I", name="N")
    for same in ({"id": "i", "name": "other"}, {"id": "other", "name": "n"}):
        with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
            insert(sql, **same)


def test_there_is_one_platform_and_one_lease(store: Store, sql) -> None:
    refused(sql, "INSERT INTO platform VALUES (2, 'x', 0)")
    refused(sql, "INSERT INTO platform VALUES (1, 'x', 0)")
    refused(sql, "INSERT INTO lease SELECT 2, 0, '', '', '', '', '', '', '', 1, ''")
    refused(sql, "UPDATE platform SET revision = -1")
    refused(sql, "UPDATE platform SET id = ''")
    refused(sql, "UPDATE lease SET ended = 2")
    refused(sql, "UPDATE lease SET fence = -1")


def test_files_belong_to_a_storage_that_stays(store: Store, sql) -> None:
    id = create(store).storage.id
    record(store, id, [("u", "c", "d")])
    refused(sql, "DELETE FROM storages")
    refused(sql, "UPDATE storages SET id = 'other'")
    refused(sql, "INSERT INTO inventory VALUES ('nothing', 'u', 'c', 'd')")
    refused(sql, "INSERT INTO inventory VALUES (?, 'u', 'c', 'd')", id)
    refused(sql, "INSERT INTO inventory VALUES (?, ?, 'c', 'd')", id, "é" * 1001)


def test_the_audit_has_one_line_for_a_revision(sql) -> None:
    sql(AUDIT, 1, "create")
    refused(sql, AUDIT, 1, "remove")
    refused(sql, AUDIT, 2, "whatever")


def test_an_account_has_a_key_once(sql) -> None:
    sql(KEY, 1, "ann")
    sql(KEY, 2, "bob")
    refused(sql, KEY, 3, "ann")


def test_tokens_make_sense(sql) -> None:
    good: tuple[object, ...] = ("i", "n", "reader", b"d" * 32)
    sql(TOKEN, *good)
    for place, wrong in ((0, "i"), (0, ""), (1, ""), (1, "n" * 201), (2, "root"), (3, b"d")):
        values = ["other", *good[1:]]
        values[place] = wrong
        refused(sql, TOKEN, *values)
