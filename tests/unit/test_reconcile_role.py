"""An account that may not write is told so before anything is opened for writing."""

from __future__ import annotations

import pytest

from reconciler.errors import PlatformError
from reconciler.platform import About
from reconciler.reconcile import apply_plan
from reconciler.retry.limits import Limits
from support.values.building import desired, entry, plan_for
from support.values.memory_platform import MemoryPlatform, MemoryReader


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


def say(monkeypatch: pytest.MonkeyPatch, about: About) -> None:
    monkeypatch.setattr(MemoryReader, "about", lambda _: about)


@pytest.mark.parametrize(
    ("role", "told"), [("reader", "with the role 'reader'"), (None, "with this account")]
)
def test_nothing_is_written_by_an_account_that_may_not(platform, monkeypatch, role, told):
    plan = plan_for(platform, desired(entry("a")))
    say(monkeypatch, About(role=role, may_write=False))
    monkeypatch.setattr(MemoryPlatform, "writer", None)
    with pytest.raises(PlatformError, match=f"{told}: nothing was written"):
        apply_plan(plan, platform, Limits(), lambda _: None)
    assert platform.writes == []


@pytest.mark.parametrize("may_write", [True, None])
def test_an_account_that_may_write_or_can_not_tell_goes_on(platform, monkeypatch, may_write):
    plan = plan_for(platform, desired(entry("a")))
    say(monkeypatch, About(role="operator", may_write=may_write))
    assert apply_plan(plan, platform, Limits(), lambda _: None).holds
