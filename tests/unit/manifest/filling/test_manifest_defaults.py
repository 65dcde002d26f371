"""`defaults:` go into the entries that may have the key, and into no other."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.manifest.filling.defaults import Defaults

ALL = {
    "type": "S3",
    "label": "L",
    "default_url": "https://h/b",
    "region": "eu-central-2",
    "bucket": "bbb",
    "protect": True,
}
BOTH = {"label": "L", "protect": True}
PLACE = {"region": "eu-central-2", "bucket": "bbb"}


@pytest.mark.parametrize(
    ("entry", "added"),
    [
        ({"name": "n"}, {"type": "S3", "default_url": "https://h/b", **BOTH}),
        ({"type": "S3"}, {"default_url": "https://h/b", **BOTH}),
        ({"type": "local"}, {"default_url": "https://h/b", **BOTH}),
        ({"type": "local", "default_url": "/d"}, BOTH),
        ({"default_url": "https://own/b"}, {"type": "S3", **BOTH}),
        ({"bucket": "own"}, {"type": "S3", "region": "eu-central-2", **BOTH}),
        ({"region": "us-east-1"}, {"type": "S3", "bucket": "bbb", **BOTH}),
        ({"label": "", "protect": False}, {"type": "S3", "default_url": "https://h/b"}),
    ],
)
def test_what_is_filled_in(entry: dict[str, Any], added: dict[str, Any]) -> None:
    assert Defaults(ALL).into(entry) == {**entry, **added}


def test_without_a_default_url_region_and_bucket_are_filled_in() -> None:
    defaults = Defaults({"type": "S3", **PLACE})
    assert defaults.into({"name": "n"}) == {"name": "n", "type": "S3", **PLACE}
    assert defaults.into({"type": "local"}) == {"type": "local"}


def test_a_default_type_of_local_gives_no_region() -> None:
    defaults = Defaults({**ALL, "type": "local"})
    assert "region" not in defaults.into({"name": "n"})
    assert defaults.into({"type": "S3", "region": "r"})["bucket"] == "bbb"


def test_no_type_anywhere() -> None:
    assert Defaults({"label": "L"}).into({"name": "n"}) == {"name": "n", "label": "L"}


def test_entries_are_not_changed_in_place() -> None:
    tree = {"version": 1, "defaults": {"label": "L"}, "storages": [{"name": "n"}], "removed": []}
    filled = Defaults(tree["defaults"]).document(tree)
    assert filled == {"version": 1, "storages": [{"name": "n", "label": "L"}], "removed": []}
    assert tree["storages"] == [{"name": "n"}]


def test_a_document_without_storages() -> None:
    assert Defaults({}).document({"version": 1, "defaults": {}}) == {"version": 1}
