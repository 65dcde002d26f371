"""What two rows say of each other's bytes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery.rows import FILE, READ, Content, same_bytes

ROW = Content(b"a/b", FILE, 10, 1, b"g" * 32, READ, 5)
UNREAD = replace(ROW, sha256=None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ROW, ROW, True),
        (ROW, replace(ROW, sha256=b"o" * 32), False),
        (ROW, UNREAD, None),
        (ROW, replace(UNREAD, size=11), False),
        (replace(ROW, size=None), replace(UNREAD, size=11), None),
    ],
)
def test_same_bytes(one, other, same):
    assert same_bytes(one, other) is same
    assert same_bytes(other, one) is same
