"""The process that starts commands begins as the tests did, whichever test wants it first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from support.commands import starting


def test_what_the_first_test_sets_is_not_set_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each command of all other tests would be started cold, at five times the cost."""
    monkeypatch.setattr(starting, "Waiting", lambda given: SimpleNamespace(given=given, close=dict))
    monkeypatch.setenv("TZ", "Pacific/Apia")
    assert starting._waiting.__wrapped__().given.get("TZ") != "Pacific/Apia"
