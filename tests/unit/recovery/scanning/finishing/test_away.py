"""What is known of a file that went, as the row keeps it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.scanning.finishing.away import Away, away

SINCE = b"2026-11-29T02:00:00.000Z"
NUMBERS = st.integers(-(2**63), 2**63 - 1)
AWAY = st.builds(
    Away,
    st.just(SINCE),
    is_moved=st.booleans(),
    maybe=st.sampled_from([b"", b" ", b"gone", b"a b\n\xff", b"maybe moved"]) | st.binary(),
    written=st.none() | st.tuples(NUMBERS, NUMBERS),
    is_written_lost=st.booleans(),
    is_gone=st.booleans(),
)


@given(AWAY)
def test_it_is_read_as_it_was_written(known):
    # What was moved can't be elsewhere too; and what nobody had written is not lost.
    known = known._replace(maybe=b"" if known.is_moved else known.maybe)
    known = known._replace(is_written_lost=known.is_written_lost and known.written is not None)
    assert away(known.detail) == known


def test_earlier_versions_kept_less():
    assert away(SINCE) == Away(SINCE)
    assert away(SINCE + b" moved") == Away(SINCE, is_moved=True)
    assert away(SINCE + b" maybe gone with it") == Away(SINCE, maybe=b"gone with it")
    assert away(SINCE + b" lost 1 2 maybe q") == Away(SINCE, maybe=b"q")._replace(
        written=(1, 2), is_written_lost=True
    )
