"""Which calls a write makes, and how certain it is what became of one that failed."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformError,
    RefusedError,
    UnknownOutcomeError,
)
from reconciler.location import aws_url
from reconciler.model import Storage, Values
from reconciler.platform import Platform, Writer
from support.platforms.organisation import ALWAYS, TOKEN, Organisation

NAS = Values("nas", "NAS", "local", "file:///data/nas")
AWS = Values(
    "raw", "Raw", "S3", aws_url("eu-central-2", "lab"), region="eu-central-2", bucket="lab"
)
WRITES = (
    "create_storage",
    "create_aws_s3_storage",
    "set_name",
    "set_label",
    "remove",
)
UNDOCUMENTED = [
    "ConnectionError",
    "JSONDecodeError",
    "KeyError",
    "PanicException",
    "PermissionError",
    "StateServerError",
    "SystemExit",
    "TimeoutError",
]


def written(organisation: Organisation) -> list[tuple[str, str]]:
    return organisation.calls(*WRITES)


@pytest.mark.parametrize(
    ("values", "call"),
    [
        (NAS, "create_storage"),
        (AWS, "create_aws_s3_storage"),
        (replace(AWS, default_url="s3://lab"), "create_storage"),
        (replace(AWS, bucket=None), "create_storage"),
        (replace(AWS, region="us-west-2"), "create_storage"),
    ],
)
def test_a_create_is_one_call(
    organisation: Organisation, writer: Writer, values: Values, call: str
) -> None:
    made = writer.create(values)
    assert written(organisation) == [(call, values.name)]
    assert made.default_url == values.default_url
    assert organisation.records()[values.name]["default_url"] == values.default_url


def test_the_platforms_own_spelling_of_a_new_location_is_given_back(
    organisation: Organisation, writer: Writer
) -> None:
    organisation.quirk("aws_url", "https://{bucket}.s3.{region}.amazonaws.com")
    assert writer.create(AWS).default_url == "https://lab.s3.eu-central-2.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "label", "calls"),
    [
        ("new", None, [("set_name", "nas")]),
        (None, "New", [("set_label", "nas")]),
        ("new", "New", [("set_name", "nas"), ("set_label", "new")]),
        ("nas", "NAS", []),
        (None, None, []),
    ],
)
def test_an_update_sets_only_what_differs(
    organisation: Organisation,
    writer: Writer,
    name: str | None,
    label: str | None,
    calls: list[tuple[str, str]],
) -> None:
    made = writer.create(replace(NAS))
    updated = writer.update(made, name=name, label=label)
    assert written(organisation)[1:] == calls
    assert writer.read().storages == (updated,)


def test_a_url_that_is_overridden_here_is_no_change(
    organisation: Organisation, writer: Writer
) -> None:
    organisation.add("nas", url="file:///mnt/nas")
    (seen,) = writer.read().storages
    colleague = replace(seen, url="file:///Volumes/nas", created_at="")
    assert writer.update(colleague, name="new", label=None).name == "new"


# Before the call


@pytest.mark.parametrize(
    "values",
    [
        replace(NAS, name=""),
        replace(NAS, type="tape"),
        replace(NAS, default_url=""),
    ],
)
def test_what_can_not_be_held_is_not_even_tried(
    organisation: Organisation, writer: Writer, values: Values
) -> None:
    with pytest.raises(RefusedError):
        writer.create(values)
    assert written(organisation) == []


def test_a_taken_name_is_not_even_tried(organisation: Organisation, writer: Writer) -> None:
    organisation.add("nas")
    organisation.add("other")
    other = writer.find(name="other")[0]
    with pytest.raises(ConflictError, match="'nas' is taken"):
        writer.create(NAS)
    with pytest.raises(ConflictError, match="'nas' is taken"):
        writer.update(other, name="nas", label=None)
    assert written(organisation) == []


@pytest.mark.parametrize("call", ["list_storages", "get_storage"])
def test_a_check_that_fails_stops_the_write(
    organisation: Organisation, writer: Writer, call: str
) -> None:
    organisation.add("old")
    old = writer.find(name="old")[0]
    organisation.fail(call, "TimeoutError", times=ALWAYS)
    writes: list[Callable[[], object]] = [lambda: writer.create(NAS)]
    if call == "list_storages":
        writes += [
            lambda: writer.update(old, name="new", label=None),
            lambda: writer.remove(old, holds_files=True),
        ]
    for write in writes:
        with pytest.raises(PlatformError, match="TimeoutError") as caught:
            write()
        assert not isinstance(caught.value, UnknownOutcomeError)
    assert written(organisation) == []


def test_files_that_can_not_be_read_stop_a_removal(
    organisation: Organisation, writer: Writer
) -> None:
    organisation.add("nas")
    organisation.fail("checksums", "TimeoutError")
    with pytest.raises(PlatformError, match="TimeoutError") as caught:
        writer.remove(writer.read().storages[0], holds_files=False)
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert written(organisation) == []


# The call fails


def create(writer: Writer, live: Storage) -> None:
    writer.create(NAS)


def create_aws(writer: Writer, live: Storage) -> None:
    writer.create(AWS)


def rename(writer: Writer, live: Storage) -> None:
    writer.update(live, name="new", label=None)


def relabel(writer: Writer, live: Storage) -> None:
    writer.update(live, name=None, label="New")


def remove(writer: Writer, live: Storage) -> None:
    writer.remove(live, holds_files=False)


CALLS = list(zip(WRITES, (create, create_aws, rename, relabel, remove), strict=True))
DOCUMENTED = [
    ("create_storage", create, "ValueError"),
    ("create_aws_s3_storage", create_aws, "ValueError"),
    ("remove", remove, "RuntimeError"),
]


@pytest.fixture
def live(organisation: Organisation, writer: Writer) -> Storage:
    organisation.add("old")
    return writer.find(name="old")[0]


@pytest.mark.parametrize(("call", "write"), CALLS, ids=WRITES)
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", UNDOCUMENTED)
def test_what_is_not_documented_leaves_the_outcome_unknown(
    organisation: Organisation, writer: Writer, live: Storage, call, write, moment: str, kind: str
) -> None:
    organisation.fail(call, kind, moment=moment)
    with pytest.raises(UnknownOutcomeError, match=kind) as caught:
        write(writer, live)
    assert TOKEN[:8] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(written(organisation)) == 1


@pytest.mark.parametrize(("call", "write", "kind"), DOCUMENTED)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_not_even_a_documented_refusal_proves_that_nothing_was_done(
    organisation: Organisation, writer: Writer, live: Storage, call, write, kind: str, moment: str
) -> None:
    """The connection may have broken after the effect, and lists may show that late."""
    organisation.fail(call, kind, moment=moment)
    with pytest.raises(UnknownOutcomeError, match=kind) as caught:
        write(writer, live)
    assert caught.value.refusal == (kind == "ValueError")


@pytest.mark.parametrize(("call", "write", "kind"), DOCUMENTED)
def test_only_the_documented_error_itself_is_a_refusal(
    organisation: Organisation, writer: Writer, live: Storage, call, write, kind: str
) -> None:
    """An answer that is cut off raises a `ValueError` too: one of a kind of its own."""
    other = {"ValueError": "JSONDecodeError", "RuntimeError": "ValueError"}[kind]
    organisation.fail(call, other)
    with pytest.raises(UnknownOutcomeError) as caught:
        write(writer, live)
    assert not caught.value.refusal


@pytest.mark.parametrize(("call", "write"), CALLS, ids=WRITES)
def test_ctrl_c_passes_through(
    organisation: Organisation, writer: Writer, live: Storage, call, write
) -> None:
    organisation.fail(call, "KeyboardInterrupt", moment="after")
    with pytest.raises(KeyboardInterrupt):
        write(writer, live)


def test_a_failure_between_two_setters_leaves_the_first(
    organisation: Organisation, writer: Writer, live: Storage
) -> None:
    organisation.fail("set_label", "ConnectionError")
    with pytest.raises(UnknownOutcomeError, match="changing the label of 'old'"):
        writer.update(live, name="new", label="New")
    (found,) = writer.read().storages
    assert (found.name, found.label) == ("new", "old")


def test_a_new_storage_that_can_not_be_read_may_still_be_there(
    organisation: Organisation, writer: Writer
) -> None:
    organisation.quirk("url_here", 7)
    with pytest.raises(UnknownOutcomeError, match="the url of a storage is not a text"):
        writer.create(NAS)
    assert set(organisation.records()) == {"nas"}


def test_records_of_files_can_not_be_written(platform: Platform, writer: Writer) -> None:
    assert not writer.abilities.record_inventory
    with pytest.raises(PlatformError, match="can't be written through the SDK"):
        writer.record_inventory("x", [])


def test_nothing_is_written_once_the_lease_is_lost_however_long_the_readings_took(
    platform: Platform, organisation: Organisation
) -> None:
    """Each write is asked for while the lease is held, which then is lost within its readings."""
    organisation.add("old")
    (old,) = platform.reader().find(name="old")

    def lost() -> str | None:
        read = organisation.calls("list_storages", "get_storage")
        return "the lease was lost" if read[asked:] else None

    writer = platform.writer(wait=1, lost=lost)
    for write in (
        lambda: writer.create(NAS),
        lambda: writer.update(old, name="new", label=None),
        lambda: writer.update(old, name=None, label="New"),
        lambda: writer.remove(old, holds_files=False),
    ):
        asked = len(organisation.calls("list_storages", "get_storage"))
        with pytest.raises(LeaseLostError, match=r"^the lease was lost$"):
            write()
    assert written(organisation) == []


# What a write gives back


@pytest.mark.parametrize("field", ["name", "label"])
def test_a_setter_that_ignores_what_it_is_given_is_not_believed(
    organisation: Organisation, writer: Writer, live: Storage, field: str
) -> None:
    organisation.quirk(f"set_{field}", "ignored")
    with pytest.raises(UnknownOutcomeError, match="changed nothing so far"):
        writer.update(live, **{"name": None, "label": None, field: "new"})


@pytest.mark.parametrize("field", ["name", "label"])
def test_what_a_setter_has_made_of_a_text_is_given_back(
    organisation: Organisation, writer: Writer, live: Storage, field: str
) -> None:
    organisation.quirk(f"set_{field}", "upper")
    changed = writer.update(live, **{"name": None, "label": None, field: "new"})
    assert getattr(changed, field) == "NEW"


def test_a_storage_that_was_there_before_was_not_made(
    organisation: Organisation, writer: Writer, live: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storages = importlib.import_module("jetraw.storages")
    monkeypatch.setattr(
        storages, "create_storage", lambda *_, **more: storages.get_storage("old", **more)
    )
    with pytest.raises(UnknownOutcomeError, match=r"was there before \(id 'id-old'\)"):
        writer.create(NAS)


def test_what_only_get_storage_knows_is_not_there(
    organisation: Organisation, writer: Writer, live: Storage
) -> None:
    """A module may remember what it was asked to make."""
    organisation.quirk("omitted", ["old"])
    assert writer.find(name="old") == ()
    with pytest.raises(ConflictError, match="'old' is taken"):
        writer.create(replace(NAS, name="old"))


def test_nothing_is_written_once_the_writer_is_closed(
    organisation: Organisation, writer: Writer
) -> None:
    writer.close()
    with pytest.raises(LeaseLostError, match="the run has ended"):
        writer.create(NAS)
    assert written(organisation) == []
