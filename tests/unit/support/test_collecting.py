"""Garbage is left alone while tests are collected, and no longer."""

from __future__ import annotations

import gc

from support.collecting import no_garbage


def test_garbage_is_searched_for_again_afterwards() -> None:
    with no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
