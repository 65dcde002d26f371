from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.recovery import rows, values
from reconciler.recovery.rows import Content
from reconciler.recovery.values import FileFinding
from reconciler.recovery.verifying.comparing import spool as spooling
from reconciler.recovery.verifying.comparing.spool import Spool, Spooled

FOUND = FileFinding(
    values.MISSING, "nas", "local:/nas", b"\xff", Content(b"\xff", rows.FILE, sha256=b"g" * 32)
)


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 5), st.integers(1, 400))
def test_what_is_added_comes_back_in_order_as_often_as_one_likes(listed, together, memory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spooling, "_TOGETHER", together)
        patch.setattr(spooling, "_IN_MEMORY", memory)
        with Spool() as spool:
            expected = []
            for number, tells in enumerate(listed):
                finding = replace(FOUND, path=b"%d" % number)
                assert spool.add(finding, listed=tells) == number
                expected.append(Spooled(finding, tells))
            assert len(spool) == len(listed)
            assert list(spool) == list(spool) == expected
            # It may be read, and go on.
            spool.add(FOUND, listed=True)
            assert list(spool) == [*expected, Spooled(FOUND, listed=True)]
