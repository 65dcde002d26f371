"""Which storage of a platform, or of another snapshot, is the one that is meant."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.recovery.verifying.matching import partner
from support.recovery.snapshots import platform, repository, taken


@pytest.fixture
def was(tmp_path):
    return taken(platform("nas"), repository(tmp_path)).snapshot


def later(was, *storages, same=True):
    """Give a snapshot with storages of these ids, names and places."""
    (first,) = was.storages
    platform_id = was.platform.id if same else "rebuilt"
    each = tuple(replace(first, id=id, name=name, place=at) for id, name, at in storages)
    return replace(was, storages=each, platform=replace(was.platform, id=platform_id))


PLACE = "local:file:///data/nas"


@pytest.mark.parametrize(
    ("storages", "same", "found"),
    [
        ([("id-nas", "other", "elsewhere"), ("x", "nas", PLACE)], True, 0),
        ([("id-nas", "other", "elsewhere"), ("x", "y", PLACE)], False, 1),
        ([("x", "y", PLACE), ("z", "nas", "elsewhere")], True, 0),
        ([("x", "y", PLACE), ("z", "nas", PLACE)], False, 1),
        ([("x", "y", PLACE), ("z", "w", PLACE)], False, None),
        ([("x", "nas", "elsewhere")], False, 0),
        ([("x", "y", "elsewhere")], True, None),
        ([], True, None),
    ],
)
def test_by_id_on_the_same_platform_else_by_its_only_place_else_by_name(was, storages, same, found):
    now = later(was, *storages, same=same)
    expected = None if found is None else now.storages[found]
    assert partner(was.storages[0], was, now) == expected


def test_one_without_a_place_is_known_by_its_name(was):
    (first,) = was.storages
    nowhere = replace(first, place="")
    now = later(was, ("x", "a", ""), ("y", "nas", ""), same=False)
    assert partner(nowhere, was, now) == now.storages[1]
