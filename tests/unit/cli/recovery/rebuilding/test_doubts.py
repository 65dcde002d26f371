"""Storages that somebody may have removed on purpose."""

from __future__ import annotations

from reconciler.cli.recovery.rebuilding.doubts import unwanted
from reconciler.manifest import Manifest
from reconciler.model import Desired, Policy, Removed
from support.values.building import desired, entry, plan_for


def test_what_the_own_manifest_does_not_want_any_more_is_doubted() -> None:
    entries = (entry("a"), entry("z"))
    own = manifest_of(Desired(entries, (Removed("b"),), Policy(scope=("[a-d]",))))
    plan = plan_for((), desired(*(entry(name) for name in ("a", "b", "c", "outside"))))
    found = {each.code: each.message for each in unwanted(plan, own)}
    assert "'b' stands in `removed:`" in found["removed_by_manifest"]
    assert "does not declare 'c', which" in found["not_in_manifest"]
    assert list(unwanted(plan, None)) == []


def manifest_of(desired: Desired) -> Manifest:
    return Manifest(desired, None, None, None, (), {}, ())
