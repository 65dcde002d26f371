"""Text for PostgreSQL: nothing is lost, and nothing changes places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.server.store.postgresql.text import restored, restored_rows, stored

TEXT = st.text(st.sampled_from("\0\1\2\3a\uffff\U00010000")) | st.text()


@given(text=TEXT)
def test_what_is_stored_comes_back(text: str) -> None:
    assert "\0" not in stored(text)
    assert restored(stored(text)) == text


@given(one=TEXT, other=TEXT)
def test_order_and_difference_stay(one: str, other: str) -> None:
    assert (one < other) == (stored(one) < stored(other))
    assert (one == other) == (stored(one) == stored(other))


def test_rows_come_back_whatever_else_is_in_them() -> None:
    rows = [(1, None, stored("a\0"), b"\1\1", True), (2, "x", stored("\1"), b"", False)]
    assert restored_rows(rows) == [(1, None, "a\0", b"\1\1", True), (2, "x", "\1", b"", False)]
    plain = [(1, "x", None)]
    assert restored_rows(plain) is plain
