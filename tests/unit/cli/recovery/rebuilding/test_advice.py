"""Nothing is advised that a rebuild does not heed: pins, earlier names, `removed:`."""

from __future__ import annotations

import re

import pytest

from reconciler.diff.temporary_names import temporary
from reconciler.manifest import Manifest
from reconciler.model import Desired, Policy
from support.recovery.rebuilding import Rebuild, empty
from support.values.building import entry, storage
from support.values.memory_platform import MemoryPlatform

#: What only somebody can do who writes the manifest that is planned.
NOT_HEEDED = re.compile(
    "renamed_from|`id: |pin its|removed:|absolute path|Declare|is declared|--target"
)


def told(rebuild: Rebuild, new: MemoryPlatform, *arguments: str, **more: object) -> dict[str, str]:
    plan = rebuild(new, *arguments, "--dry-run", **more).report
    notices = [*plan["blocked_by"], *plan["warnings"]]
    for each in notices:
        assert not NOT_HEEDED.search(each["message"]), each
    return {each["code"]: each["message"] for each in notices}


def test_a_create_where_others_lie(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("x", place="a"))
    new.put(storage("y", place="a"))
    found = told(rebuild, new)["likely_rename"]
    assert "'a' would be created where 'x', 'y' lies" in found
    assert "give the live one the name 'a' and run this again" in found


def test_another_place_has_the_name(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("a", place="elsewhere"))
    found = told(rebuild, new)["location_change"]
    assert "'a' lay at 'file:///data/a', and what has its name now lies at" in found
    assert "--relocate" in found


def test_a_move_that_was_cut_off(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage(temporary("x", "id-x"), id="id-x", place="x"))
    assert "run that apply again" in told(rebuild, new)["interrupted_move"]


@pytest.mark.parametrize(
    ("scope", "codes"), [((), {"relative_path", "same_location"}), (("c",), set())]
)
def test_what_the_snapshots_own_manifest_is_warned_of(
    rebuild: Rebuild, was: MemoryPlatform, scope: tuple[str, ...], codes: set[str]
) -> None:
    was.put(storage("d", url="data"))
    was.put(storage("e", place="a"))
    found = told(rebuild, empty(), scope=scope)
    assert set(found) == codes
    if codes:
        assert "--relocate FROM=TO gives it an absolute one" in found["relative_path"]


def test_globs_of_the_own_manifest_that_mean_nothing_here(rebuild: Rebuild) -> None:
    desired = Desired((entry("kept", protect=True),), policy=Policy(protect=("x*",)))
    own = Manifest(desired, None, None, None, (), {}, ())
    assert "idle_glob" not in told(rebuild, empty(), own=own)


def test_what_is_moved_onto_another_storage_is_said(rebuild: Rebuild) -> None:
    new = empty()
    new.put(storage("z", url="file:///mnt/a"))
    found = told(rebuild, new, "--relocate", "/data=/mnt")
    assert "though its name is 'z'" in found["relocated_onto"]
    new = empty()
    new.put(storage("z", place="a"))
    assert "relocated_onto" not in told(rebuild, new)
