"""Asks for a plan about a few storages, beside as many others as a test likes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from reconciler.model import Entry, Policy, Removed, Storage
from reconciler.plan.document import Plan
from reconciler.platform import Abilities
from support.values.building import desired, entry, messages, plan_for, storage
from support.values.memory_platform import MemoryPlatform

SIZES = pytest.mark.parametrize("size", [1, 3, 1000])
FAIL, IGNORE = Policy(), Policy(undeclared="ignore")
REMOVE = Policy(undeclared="remove", max_removals="100%")
POLICIES = pytest.mark.parametrize("policy", [FAIL, IGNORE, REMOVE], ids=lambda p: p.undeclared)


def others(size: int) -> tuple[list[Storage], list[Entry]]:
    """Give storages that are as declared: all but the one that a test is about."""
    given = [f"other{i}" for i in range(1, size)]
    return [storage(name) for name in given], [entry(name) for name in given]


def asked(
    size: int,
    about: Sequence[Storage],
    *entries: Entry,
    removed: Sequence[Removed] = (),
    policy: Policy = FAIL,
    **more: Any,
) -> Plan:
    live, rest = others(size)
    files = more.pop("files", ())
    spaces = more.pop("spaces", None)
    abilities = Abilities(spaces=spaces is not None)
    platform = MemoryPlatform([*about, *live], files=files, spaces=spaces, abilities=abilities)
    wanted = desired(*entries, *rest, removed=removed, policy=policy)
    # One storage, and a manifest that declares none: what is tested here is another rule.
    return plan_for(platform, wanted, allow_empty=True, **more)


def advice(plan: Plan) -> Removed:
    """Read the entry for `removed:` that a message shows, as YAML."""
    found = re.search(r"\{name: .*\}", messages(plan))
    assert found, messages(plan)
    fields = yaml.safe_load(found[0])
    return Removed(
        **{k: v.replace("$$", "$") if isinstance(v, str) else v for k, v in fields.items()}
    )
