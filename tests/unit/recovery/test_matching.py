"""Which storage of a platform, or of another snapshot, is the one that is meant."""

from __future__ import annotations

import pytest

from reconciler.location import Location
from reconciler.recovery.matching import Sign, pairs

PLACE = "/data/nas"


def sign(id: str, name: str, at: str | None, region: str | None = None) -> Sign:
    return Sign(id, name, None if at is None else Location(at, region))


NAS = sign("id-nas", "nas", PLACE)


@pytest.mark.parametrize(
    ("storages", "same", "found"),
    [
        ([("id-nas", "other", PLACE), ("x", "nas", "elsewhere")], True, 0),
        ([("id-nas", "nas", "elsewhere"), ("x", "y", PLACE)], True, 0),
        # One id, and nothing else of it: the platform may have given the number out again.
        ([("id-nas", "other", "elsewhere"), ("x", "nas", PLACE)], True, 1),
        ([("id-nas", "other", "elsewhere")], True, None),
        ([("id-nas", "other", None)], True, 0),
        ([("id-nas", "other", "elsewhere"), ("x", "y", PLACE)], False, 1),
        ([("x", "y", PLACE), ("z", "nas", "elsewhere")], True, 0),
        ([("x", "y", PLACE), ("z", "nas", PLACE)], False, 1),
        ([("x", "y", PLACE), ("z", "w", PLACE)], False, None),
        ([("x", "nas", "elsewhere")], False, 0),
        ([("x", "y", "elsewhere")], True, None),
        ([], True, None),
    ],
)
def test_by_id_on_the_same_platform_else_by_its_only_place_else_by_name(storages, same, found):
    result = pairs([NAS], [sign(*one) for one in storages], same_platform=same)
    assert result.found.get(0) == found


def test_one_without_a_place_is_known_by_its_name():
    others = [sign("x", "a", None), sign("y", "nas", None)]
    result = pairs([sign("i", "nas", None)], others, same_platform=False)
    assert (result.found, result.by_name) == ({0: 1}, {0})


def test_no_storage_is_that_of_two():
    both = [NAS, sign("id-b", "b", PLACE)]
    assert pairs(both, [sign("x", "y", PLACE)], same_platform=False).found == {}
    assert pairs(both, [sign("x", "b", PLACE)], same_platform=False).found == {1: 0}
    assert pairs(both, [NAS], same_platform=True).found == {0: 0}


def test_two_regions_are_two_places():
    one, other = sign("a", "a", "aws:b", "eu-central-2"), sign("x", "y", "aws:b", "us-east-1")
    assert pairs([one], [other], same_platform=False).found == {}
    assert pairs([one], [sign("x", "y", "aws:b")], same_platform=False).found == {0: 0}
