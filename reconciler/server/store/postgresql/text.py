r"""Text with U+0000 in a database that can't hold it.

PostgreSQL's text holds every character but U+0000. So it is kept as U+0001 U+0001, and U+0001
as U+0001 U+0002; everything else stays as it is. Nothing is lost, different texts stay
different, and their order by code point stays the same.

>>> stored("a\0b\1"), restored(stored("a\0b\1")) == "a\0b\1"
('a\x01\x01b\x01\x02', True)
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.server.store.session import SqlRow

MARK = "\1"


def stored(text: str) -> str:
    """Return a text as the database keeps it."""
    if "\0" in text or MARK in text:
        return text.replace(MARK, "\1\2").replace("\0", "\1\1")
    return text


def stored_row(row: Iterable[object]) -> list[object]:
    """Return values as the database keeps them."""
    return [stored(value) if isinstance(value, str) else value for value in row]


def restored(text: str) -> str:
    """Return a text that was kept as it was given."""
    if MARK in text:
        return text.replace("\1\1", "\0").replace("\1\2", MARK)
    return text


def restored_rows(rows: list[SqlRow]) -> list[SqlRow]:
    """Return rows as they were given; quick where nothing in them had to be escaped."""
    if MARK not in "".join([value for row in rows for value in row if value.__class__ is str]):
        return rows
    return [tuple(restored(v) if isinstance(v, str) else v for v in row) for row in rows]
