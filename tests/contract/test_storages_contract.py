"""`reconciler.storages` on every platform: the members of the vendor's reference, and errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from reconciler import storages
from reconciler.client import Client
from reconciler.errors import ConflictError, PlatformError
from reconciler.storages import Storage
from support.platforms.homes import Plant
from support.values.contract_storages import LOCAL, S3, live, told
from support.values.sdk_reference import members

# Every member


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Note the name of every member that is called, read or set."""
    names: set[str] = set()

    def noting(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def noted(*arguments: object, **keywords: object) -> object:
            names.add(name)
            return function(*arguments, **keywords)

        return noted

    for name, function in inspect.getmembers(storages, inspect.isfunction):
        monkeypatch.setattr(storages, name, noting(name, function))
    for name, member in list(vars(Storage).items()):
        if isinstance(member, property):
            change = member.fset and noting(f"set {name}", member.fset)
            monkeypatch.setattr(Storage, name, property(noting(name, member.fget), change))
        elif callable(member):
            known_as = "Storage" if name == "__init__" else name
            monkeypatch.setattr(Storage, name, noting(known_as, member))
    return names


def test_every_member_of_the_reference(client: Client, plant: Plant, used: set[str]) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    raw = storages.create_aws_s3_storage("raw", "Raw", "eu-central-2", "lab", client=client)
    assert [s.name for s in storages.list_storages(client=client)] == ["nas", "raw"]
    assert told(storages.get_storage("nas", client=client)) == told(nas) == LOCAL
    assert nas.id
    assert nas.id != raw.id
    assert raw.type == "S3"
    assert raw.default_url == "https://s3.eu-central-2.amazonaws.com/lab"
    assert nas.url is None or isinstance(nas.url, str)
    assert nas.created_at < datetime.now(UTC) + timedelta(minutes=5)
    nas.name, nas.label = "old nas", "To be emptied"
    assert (nas.name, nas.label) == ("old nas", "To be emptied")
    plant(nas.id, [("u1", "a", "b"), ("u2", "c", "d")])
    assert sorted(nas.checksums()) == [("u1", "a", "b"), ("u2", "c", "d")]
    raw.remove()
    assert live(client) == {("old nas", "local", "To be emptied", "file:///data/nas")}
    assert storages.sanitize_local_url("/data/nas") == "file:///data/nas"
    named = {member.name for member in members()} | {"set name", "set label"}
    assert named <= used


# Create


@pytest.mark.parametrize("values", [LOCAL, S3], ids=["local", "s3"])
def test_a_created_storage_is_live_as_wanted(client: Client, values: tuple[str, ...]) -> None:
    made = storages.create_storage(*values, client=client)
    assert told(made) == values
    assert live(client) == {values}
    assert made.created_at.utcoffset() == timedelta(0)


def test_names_may_be_given_by_keyword(client: Client) -> None:
    storages.create_storage(
        name="nas", type="local", label="", default_url="/data/nas", client=client
    )
    storages.create_aws_s3_storage(
        name="raw", label="", region="cn-north-1", bucket="lab", client=client
    )
    assert {name for name, *_ in live(client)} == {"nas", "raw"}


def test_a_taken_name_is_an_invalid_parameter(client: Client) -> None:
    storages.create_storage(*LOCAL, client=client)
    with pytest.raises(ValueError, match="'nas' is taken") as caught:
        storages.create_storage("nas", *S3[1:], client=client)
    assert isinstance(caught.value.__cause__, ConflictError)
    with pytest.raises(ValueError, match="'nas' is taken"):
        storages.create_aws_s3_storage("nas", "Raw", "eu-central-2", "lab", client=client)
    assert live(client) == {LOCAL}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((0, name) for name in ("", "a\ud800b", None, 7)),
        *((1, type) for type in ("tape", "s3", "", None, ["S3"])),
        *((2, label) for label in ("a\ud800b", None)),
        *((3, url) for url in ("", "file:///\udfff", None, "https://foo/bar", "s3://bucket")),
    ],
)
def test_invalid_parameters(client: Client, place: int, value: object) -> None:
    given = [*LOCAL[:place], value, *LOCAL[place + 1 :]]
    with pytest.raises(ValueError, match=r"."):
        storages.create_storage(*given, client=client)
    assert live(client) == set()


@pytest.mark.parametrize("url", ["garbage", "/data/x", "https://", "https://user:hunter2@host/b"])
def test_what_is_no_place_for_objects(client: Client, url: str) -> None:
    with pytest.raises(ValueError, match="is no place for a storage of type S3") as caught:
        storages.create_storage("minio", "S3", "", url, client=client)
    assert "hunter2" not in str(caught.value)
    assert live(client) == set()


@pytest.mark.parametrize(
    ("region", "bucket"),
    [("", "lab"), ("eu", "lab"), ("EU-central-2", "lab"), ("eu-central-2", ""), (None, "lab")]
    + [("eu-central-2", bucket) for bucket in ("lab/raw", "lab?", "lab#", None, "l\ud800")]
    + [("eu-central-2", bucket) for bucket in ("..", " lab ", "la", "l" * 256)]
    + [("eu-central-2.evil.example/", "lab"), ("eu-central-2", "lab/")],
)
def test_what_is_no_region_or_no_bucket(client: Client, region: str, bucket: str) -> None:
    with pytest.raises(ValueError, match=r"region|bucket"):
        storages.create_aws_s3_storage("raw", "Raw", region, bucket, client=client)
    assert live(client) == set()


@pytest.mark.parametrize("field", [0, 2], ids=["name", "label"])
def test_a_text_of_any_length_is_taken_or_refused(client: Client, field: int) -> None:
    long = "x" * 100_000
    given = [*LOCAL[:field], long, *LOCAL[field + 1 :]]
    try:
        made = storages.create_storage(*given, client=client)
    except ValueError:
        assert live(client) == set()
    else:
        assert live(client) == {told(made)} == {tuple(given)}


# Get and list


def test_what_is_not_there_is_a_key_error(client: Client) -> None:
    storages.create_storage(*LOCAL, client=client)
    for name in ("minio", "NAS", "nas ", ""):
        with pytest.raises(KeyError) as caught:
            storages.get_storage(name, client=client)
        assert caught.value.args == (name,)


def test_a_list_is_by_name(client: Client) -> None:
    for name in ("b", "a", "C"):
        storages.create_storage(name, *LOCAL[1:], client=client)
    found = storages.list_storages(client=client)
    assert isinstance(found, list)
    assert [storage.name for storage in found] == ["C", "a", "b"]


def test_nothing_is_known_of_a_time_that_the_platform_does_not_tell(client: Client) -> None:
    record = SimpleNamespace(name="nas", created_at="")
    with pytest.raises(PlatformError, match="'nas' was created"):
        _ = Storage(record, client).created_at


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/data/nas", "file:///data/nas"),
        ("file:///data/nas/", "file:///data/nas/"),
        (r"C:\data", r"file://C:\data"),
        ("FILE:///data", "FILE:///data"),
    ],
)
def test_a_local_url_is_kept_as_it_is_sanitized(client: Client, given: str, kept: str) -> None:
    assert storages.sanitize_local_url(given) == kept
    made = storages.create_storage("nas", "local", "NAS", given, client=client)
    (listed,) = storages.list_storages(client=client)
    for seen in (made, listed, storages.get_storage("nas", client=client)):
        assert seen.default_url == kept
        assert seen.url in (None, kept)


def test_a_property_that_is_mistyped_raises(client: Client) -> None:
    nas = storages.create_storage(*LOCAL, client=client)
    with pytest.raises(AttributeError, match=r"no 'lable': did you mean 'label'\?"):
        nas.lable = "new"
    with pytest.raises(AttributeError, match=r"no 'something'$"):
        nas.something = 1
    for name in ("id", "type", "default_url", "url", "created_at"):
        with pytest.raises(AttributeError):
            setattr(nas, name, "new")
    assert live(client) == {LOCAL}
