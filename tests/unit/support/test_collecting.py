"""Coverage follows each test but those that Hypothesis runs again and again."""

from __future__ import annotations

import gc
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from support.collecting import leave_untraced, no_garbage


def test_only_what_hypothesis_runs_is_untraced() -> None:
    def plain() -> None: ...

    marked: list[object] = []
    for function in (plain, given(st.none())(lambda _: None), None):
        item = SimpleNamespace(obj=function, add_marker=lambda mark, of=function: marked.append(of))
        leave_untraced([item])  # type: ignore[list-item]
    assert [function is not plain and function is not None for function in marked] == [True]


def test_garbage_is_searched_for_again_afterwards() -> None:
    with no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
