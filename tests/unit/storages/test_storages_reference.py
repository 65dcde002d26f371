"""`reconciler.storages` is what the vendor's reference says, example by example."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import reconciler
from reconciler import storages
from reconciler.platform import InventoryRow
from reconciler.platforms import open_platform
from support.platforms.organisation import TOKEN, Organisation
from support.values.sdk_reference import Member, members, statement

MEMBERS = members()
EXAMPLES = [member for member in MEMBERS if member.example]


def member(name: str) -> object:
    """Give our own member of this name."""
    return getattr(storages, name, None) or inspect.getattr_static(storages.Storage, name)


def test_the_reference_is_read_whole() -> None:
    assert [(member.kind, member.name) for member in MEMBERS] == [
        ("class", "Storage"),
        ("method", "checksums"),
        *(("property", name) for name in ("created_at", "default_url", "id", "label", "name")),
        ("method", "remove"),
        *(("property", name) for name in ("type", "url")),
        ("function", "create_aws_s3_storage"),
        ("function", "create_storage"),
        ("function", "get_storage"),
        ("function", "list_storages"),
        ("function", "sanitize_local_url"),
    ]
    assert len(EXAMPLES) == 7


def test_the_module_offers_nothing_else() -> None:
    assert set(storages.__all__) == {
        member.name for member in MEMBERS if member.kind in ("function", "class")
    }
    public = {name for name in vars(storages.Storage) if not name.startswith("_")}
    assert public == {member.name for member in MEMBERS if member.kind in ("method", "property")}


@pytest.mark.parametrize("known", MEMBERS, ids=lambda member: member.name)
def test_signatures_are_those_of_the_reference(known: Member) -> None:
    ours = member(known.name)
    if known.kind == "property":
        assert isinstance(ours, property)
        assert inspect.signature(ours.fget).return_annotation == known.signature
        return
    assert plain_signature(ours) == known.signature


def plain_signature(function: Callable[..., object]) -> str:
    """Write a signature as the reference does: without `self`, without types."""
    parameters = inspect.signature(function).parameters.values()
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters if p.name != "self"]
    return str(inspect.Signature(plain))


@pytest.mark.parametrize("name", ["name", "label"])
def test_what_can_be_set(name: str) -> None:
    assert inspect.getattr_static(storages.Storage, name).fset is not None


@pytest.mark.parametrize("name", ["id", "type", "default_url", "url", "created_at"])
def test_what_can_not_be_set(name: str) -> None:
    assert inspect.getattr_static(storages.Storage, name).fset is None


@pytest.mark.parametrize("known", EXAMPLES, ids=lambda member: member.name)
def test_our_docstrings_have_the_examples_of_the_reference(known: Member) -> None:
    lines = map(str.strip, inspect.getdoc(member(known.name)).splitlines())
    assert "".join(filter(None, map(statement, lines))) == known.example


class Place(NamedTuple):
    """Where an example runs: the module that it imports, and a way to plant files."""

    module: ModuleType
    plant: Callable[[str, list[InventoryRow]], None]


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Let calls that name no client work on an embedded platform."""
    monkeypatch.setenv("RECONCILER_PLATFORM", f"sqlite:///{tmp_path}/platform.db")
    client = reconciler.get_default_client()
    writer = open_platform(client.address, base=None).writer(wait=5)
    yield Place(storages, writer.record_inventory)
    writer.close()
    client.close()
    reconciler.set_default_client(None)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Let the stand-in of the vendor's SDK find an earlier login."""
    organisation = Organisation(tmp_path / "organisation.db").install(monkeypatch)
    organisation.quirk("login", {"organization": "my-org", "refresh_token": TOKEN})
    return Place(importlib.import_module("jetraw.storages"), organisation.plant)


MINE = {"my-storage": ("Mine", "local", "file:///data/mine")}
AWS = {"s3-backup": ("S3 Backup", "S3", "https://s3.us-west-2.amazonaws.com/my-bucket")}
#: What is printed, and what is live afterwards.
OUTCOMES = {
    "Storage": (
        "",
        MINE | AWS | {"Updated Backup Storage": ("Primary Backup", "local", "file:///data/backup")},
    ),
    "checksums": ("File upload-1: c1\nFile upload-2: c2\n", MINE),
    "remove": ("", {}),
    "create_aws_s3_storage": ("Created S3 storage: s3-backup\n", MINE | AWS),
    "create_storage": (
        "",
        MINE
        | {"local-backup": ("Backup Storage", "local", "file:///data/backup")}
        | {"s3-backup": ("S3 Backup", "S3", "https://storage-server:PORT/my-bucket")},
    ),
    "get_storage": ("Storage: Mine\n", MINE),
    "list_storages": ("my-storage: local\n", MINE),
}


@pytest.mark.parametrize("place", ["embedded", "vendor"])
@pytest.mark.parametrize("known", EXAMPLES, ids=lambda member: member.name)
def test_the_examples_run_with_one_import_changed(
    known: Member,
    place: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module, plant = request.getfixturevalue(place)
    mine = module.create_storage("my-storage", "local", "Mine", "file:///data/mine")
    if known.name == "checksums":
        plant(mine.id, [("upload-1", "c1", "d1"), ("upload-2", "c2", "d2")])
    exec(f"from {module.__name__} import *\n{known.example}", {})
    live = {s.name: (s.label, s.type, s.default_url) for s in module.list_storages()}
    assert (capsys.readouterr().out, live) == OUTCOMES[known.name]


@pytest.mark.parametrize(
    "known", [m for m in MEMBERS if m.kind == "function"], ids=lambda member: member.name
)
def test_the_stand_in_has_the_vendors_signatures(known: Member, vendor: Place) -> None:
    assert plain_signature(getattr(vendor.module, known.name)) == known.signature


def test_local_urls_are_completed_as_the_vendor_does(embedded: Place, vendor: Place) -> None:
    for url in ("/data/x", "file:///data/x", "C:\\data", ""):
        ours, theirs = (place.module.sanitize_local_url(url) for place in (embedded, vendor))
        assert ours == theirs
