from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.verifying.comparing.sides import Lost

PARTS = st.text("ab/", max_size=5).map(str.encode)


@given(st.lists(PARTS), PARTS)
def test_a_path_is_lost_if_it_is_one_of_them_or_lies_below_a_folder_of_them(parts, path):
    def lies_in(part):
        return part in (b"", path) or (part.endswith(b"/") and path.startswith(part))

    found = Lost(parts).over(path)
    assert (found is not None) == any(map(lies_in, parts))
    assert found is None or lies_in(found)


@given(st.lists(PARTS))
def test_of_parts_in_each_other_only_the_outer_ones_are_kept(parts):
    lost = Lost(parts)
    for part in parts:
        over = lost.over(part)
        assert over is not None
        assert part.startswith(over)
