"""What every platform does, by the words of `reconciler/platform.py` and nothing else."""

from __future__ import annotations

import inspect
from datetime import datetime

import pytest
from msgspec.structs import replace

from reconciler import platform as protocol
from reconciler.errors import ConflictError, PlatformError
from reconciler.model import Storage, aws_url
from reconciler.plan.document import Values
from reconciler.platform import Platform, Reader, Writer

NAS = Values("nas", "NAS, building 3", "local", "file:///data/nas")
MINIO = Values("minio", "On-premise", "S3", "https://storage-server:9000/my-bucket")
AWS = Values(
    "raw", "Raw", "S3", aws_url("eu-central-2", "lab"), region="eu-central-2", bucket="lab"
)
ODD_NAMES = [
    "Updated Backup Storage",
    " leading and trailing ",
    " ",
    "🧊 Kühlschrank №5",
    "tab\tnewline\nescape\x1b[31m",
    "\0",
    "nul\0inside",
    "\u202eright to left",
    'it\'s "quoted" `twice`',
    "'); DROP TABLE storages; --",
    "%s %(name)s ?1 :name $name {name}",
    "null",
    "0",
    "*",
    "~move-00000000",
    "x" * 10_000,
    "\U0010ffff",
]


def listed(reader: Reader) -> set[Storage]:
    return set(reader.read().storages)


def names(reader: Reader) -> set[str]:
    return {storage.name for storage in reader.read().storages}


# What it says of itself


def test_the_address_opens_the_same_platform(platform: Platform, writer: Writer) -> None:
    assert platform.address
    reader = platform.reader()
    assert reader.identity() == writer.identity()
    reader.close()


def test_it_has_an_identity_that_a_read_gives_too(reader: Reader, writer: Writer) -> None:
    assert reader.read().platform_id == reader.identity() == writer.read().platform_id
    assert reader.identity() not in ("", "new")


def test_a_new_platform_is_empty(reader: Reader) -> None:
    assert reader.read().storages == ()
    assert reader.find(id="x", name="x") == ()
    assert list(reader.inventory("x")) == []


def test_abilities_are_the_same_for_reader_and_writer(reader: Reader, writer: Writer) -> None:
    assert reader.abilities == writer.abilities
    assert reader.abilities.parallelism is None or reader.abilities.parallelism >= 1


def test_a_reader_has_no_way_to_write(reader: Reader) -> None:
    only_writer = {
        name
        for name, _ in inspect.getmembers(protocol.Writer, inspect.isfunction)
        if not name.startswith("_") and not hasattr(protocol.Reader, name)
    }
    assert only_writer == {"create", "update", "remove", "record_inventory"}
    assert not [name for name in only_writer if hasattr(reader, name)]


def test_no_space_uses_a_new_storage(writer: Writer) -> None:
    assert writer.spaces_using(writer.create(NAS).id) == ()


# Create


@pytest.mark.parametrize("values", [NAS, MINIO, AWS], ids=["local", "s3", "aws"])
def test_a_created_storage_is_as_wanted(writer: Writer, reader: Reader, values: Values) -> None:
    made = writer.create(values)
    assert (made.name, made.label, made.type, made.default_url) == (
        values.name,
        values.label,
        values.type,
        values.default_url,
    )
    assert made.id
    assert listed(reader) == listed(writer) == {made}


def test_the_time_of_creation_is_in_utc(writer: Writer) -> None:
    created_at = writer.create(NAS).created_at
    moment = datetime.fromisoformat(created_at)
    assert created_at.endswith("Z")
    assert moment.utcoffset() is not None


def test_ids_are_never_used_again(writer: Writer) -> None:
    first = writer.create(NAS)
    writer.remove(first, holds_files=False)
    assert writer.create(NAS).id != first.id


def test_a_taken_name_is_a_conflict_and_changes_nothing(writer: Writer, reader: Reader) -> None:
    made = writer.create(NAS)
    with pytest.raises(ConflictError, match="'nas'"):
        writer.create(replace(MINIO, name="nas"))
    assert listed(reader) == {made}


@pytest.mark.parametrize("name", ODD_NAMES, ids=[repr(name)[:20] for name in ODD_NAMES])
def test_odd_names_and_labels_are_kept_to_the_letter(
    writer: Writer, reader: Reader, name: str
) -> None:
    other = writer.create(NAS)
    made = writer.create(replace(MINIO, name=name, label=name))
    assert reader.find(name=name) == (made,)
    renamed = writer.update(made, name=name + "!", label=None)
    assert reader.find(name=name) == ()
    assert reader.find(name=name + "!") == (renamed,)
    assert renamed.label == name
    writer.remove(renamed, holds_files=False)
    assert listed(reader) == {other}


def test_names_are_compared_by_code_point(writer: Writer, reader: Reader) -> None:
    alike = ["café", "cafe\u0301", "CAFÉ", "café ", "cаfé", "café\0"]
    for name in alike:
        writer.create(replace(NAS, name=name))
    assert names(reader) == set(alike)
    for name in alike:
        (found,) = reader.find(name=name)
        assert found.name == name


def test_a_label_may_be_empty(writer: Writer, reader: Reader) -> None:
    made = writer.create(replace(NAS, label=""))
    assert reader.find(id=made.id) == (made,)
    assert made.label == ""


@pytest.mark.parametrize(
    "values",
    [replace(NAS, name=""), replace(NAS, default_url=""), replace(NAS, type="tape")],
    ids=["name", "url", "type"],
)
def test_values_that_it_can_not_hold_are_refused(
    writer: Writer, reader: Reader, values: Values
) -> None:
    with pytest.raises(PlatformError) as caught:
        writer.create(values)
    assert not isinstance(caught.value, ConflictError)
    assert listed(reader) == set()


@pytest.mark.parametrize("field", ["name", "label", "default_url"])
def test_text_that_is_not_unicode_is_refused(writer: Writer, reader: Reader, field: str) -> None:
    with pytest.raises(PlatformError):
        writer.create(replace(NAS, **{field: "a\ud800b"}))
    assert listed(reader) == set()


# Find


def test_find_by_id_by_name_and_by_both(writer: Writer, reader: Reader) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    assert reader.find(id=nas.id) == (nas,)
    assert reader.find(name="minio") == (minio,)
    assert set(reader.find(id=nas.id, name="minio")) == {nas, minio}
    assert reader.find(id=nas.id, name="nas") == (nas,)
    assert reader.find(id="nas", name=nas.id) == ()


def test_find_sees_what_another_has_just_written(writer: Writer, reader: Reader) -> None:
    assert reader.find(name="nas") == ()
    made = writer.create(NAS)
    assert reader.find(name="nas") == (made,)
    writer.remove(made, holds_files=False)
    assert reader.find(name="nas") == ()


def test_nothing_is_concluded_about_text_that_is_not_unicode(
    writer: Writer, reader: Reader
) -> None:
    for asked in (writer, reader):
        with pytest.raises(PlatformError):
            asked.find(name="a\ud800")
        with pytest.raises(PlatformError):
            list(asked.inventory("\ud800"))


# Update


@pytest.mark.parametrize(
    ("name", "label"), [("new", None), (None, "New"), ("new", "New"), (None, ""), (None, None)]
)
def test_an_update_changes_what_it_names_and_nothing_else(
    writer: Writer, reader: Reader, name: str | None, label: str | None
) -> None:
    other, made = writer.create(MINIO), writer.create(NAS)
    updated = writer.update(made, name=name, label=label)
    wanted = replace(
        made,
        name=made.name if name is None else name,
        label=made.label if label is None else label,
    )
    assert updated == wanted
    assert listed(reader) == {other, wanted}


def test_a_name_that_another_has_can_not_be_taken(writer: Writer, reader: Reader) -> None:
    minio, nas = writer.create(MINIO), writer.create(NAS)
    with pytest.raises(ConflictError, match="'minio'"):
        writer.update(nas, name="minio", label="lost")
    assert listed(reader) == {minio, nas}


def test_a_name_that_was_given_up_can_be_taken(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    writer.update(nas, name="old", label=None)
    writer.create(NAS)
    assert names(reader) == {"old", "nas"}


STALE = [("name", "other"), ("label", "other"), ("type", "S3"), ("default_url", "file:///other")]


@pytest.mark.parametrize(("field", "value"), STALE)
def test_an_update_relies_on_what_was_read(
    writer: Writer, reader: Reader, field: str, value: str
) -> None:
    made = writer.create(NAS)
    with pytest.raises(ConflictError, match=field) as caught:
        writer.update(replace(made, **{field: value}), name="new", label="New")
    assert getattr(made, field) in str(caught.value)
    assert listed(reader) == {made}


@pytest.mark.parametrize(("field", "value"), STALE)
def test_a_removal_relies_on_what_was_read(
    writer: Writer, reader: Reader, field: str, value: str
) -> None:
    made = writer.create(NAS)
    writer.record_inventory(made.id, [("u", "a", "b")])
    for holds_files in (False, True):
        with pytest.raises(ConflictError, match=field):
            writer.remove(replace(made, **{field: value}), holds_files=holds_files)
    assert listed(reader) == {made}
    assert list(reader.inventory(made.id)) == [("u", "a", "b")]


def test_a_conflict_shows_no_user_info_of_a_url(writer: Writer) -> None:
    made = writer.create(replace(MINIO, default_url="https://user:hunter2@host/b"))
    with pytest.raises(ConflictError, match=r"\*\*\*") as caught:
        writer.update(replace(made, default_url="https://host/b"), name="new", label=None)
    assert "hunter2" not in str(caught.value)


def test_what_is_gone_can_neither_be_updated_nor_removed(writer: Writer, reader: Reader) -> None:
    made = writer.create(NAS)
    writer.remove(made, holds_files=False)
    again = writer.create(NAS)
    with pytest.raises(ConflictError, match="no longer there"):
        writer.update(made, name="new", label=None)
    with pytest.raises(ConflictError, match="no longer there"):
        writer.remove(made, holds_files=True)
    assert listed(reader) == {again}


def test_local_urls_and_times_are_not_part_of_the_condition(writer: Writer) -> None:
    made = writer.create(NAS)
    seen = replace(made, url="file:///mnt/elsewhere", created_at="")
    assert writer.update(seen, name="new", label=None).name == "new"


@pytest.mark.parametrize("name", ["", "a\udfffb"])
def test_an_update_to_a_name_that_it_can_not_hold_is_refused(
    writer: Writer, reader: Reader, name: str
) -> None:
    made = writer.create(NAS)
    with pytest.raises(PlatformError):
        writer.update(made, name=name, label="New")
    assert listed(reader) == {made}


# Remove and inventory


def test_a_removal_removes_one_storage(writer: Writer, reader: Reader) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    writer.remove(nas, holds_files=False)
    assert listed(reader) == {minio}


def test_a_storage_that_holds_files_is_removed_with_consent_only(
    writer: Writer, reader: Reader
) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    for storage in (nas, minio):
        writer.record_inventory(storage.id, [("u1", "a", "b")])
    with pytest.raises(ConflictError, match="holds files"):
        writer.remove(nas, holds_files=False)
    assert listed(reader) == {nas, minio}
    assert list(reader.inventory(nas.id)) == [("u1", "a", "b")]
    writer.remove(nas, holds_files=True)
    assert listed(reader) == {minio}
    assert list(reader.inventory(nas.id)) == []
    assert list(reader.inventory(minio.id)) == [("u1", "a", "b")]


def test_consent_does_no_harm_where_there_are_no_files(writer: Writer, reader: Reader) -> None:
    writer.remove(writer.create(NAS), holds_files=True)
    assert listed(reader) == set()


def test_an_inventory_is_given_back(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    rows = {(f"upload {i}", f"crc:{i}", f"ü{i}\n") for i in range(2_500)}
    writer.record_inventory(nas.id, iter(sorted(rows)))
    found = list(reader.inventory(nas.id))
    assert len(found) == len(rows)
    assert set(found) == rows


def test_a_known_upload_is_replaced(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    writer.record_inventory(nas.id, [("u1", "a", "b"), ("u2", "a", "b")])
    writer.record_inventory(nas.id, [("u1", "c", "d"), ("u3", "", "")])
    assert set(reader.inventory(nas.id)) == {("u1", "c", "d"), ("u2", "a", "b"), ("u3", "", "")}


def test_an_inventory_is_recorded_wholly_or_not_at_all(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    writer.record_inventory(nas.id, [("kept", "a", "b")])

    def failing():
        yield "u1", "a", "b"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writer.record_inventory(nas.id, failing())
    with pytest.raises(PlatformError):
        writer.record_inventory(nas.id, [("u1", "a", "b"), ("u2", "\ud800", "b")])
    assert list(reader.inventory(nas.id)) == [("kept", "a", "b")]
    writer.record_inventory(nas.id, [("u4", "a", "b")])
    assert len(list(reader.inventory(nas.id))) == 2


def test_a_storage_that_is_not_there_takes_no_inventory(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    writer.remove(nas, holds_files=False)
    with pytest.raises(ConflictError, match=nas.id):
        writer.record_inventory(nas.id, [("u1", "a", "b")])
    assert list(reader.inventory(nas.id)) == []


# At the same time


def test_a_reader_that_was_there_first_sees_a_new_platform(platform: Platform) -> None:
    reader = platform.reader()
    reader.read()
    writer = platform.writer(wait=5)
    made = writer.create(NAS)
    writer.close()
    assert listed(reader) == {made}
    reader.close()


def test_reading_while_another_writes(platform: Platform, writer: Writer) -> None:
    for i in range(100):
        writer.create(replace(NAS, name=f"n{i}"))
        reader = platform.reader()
        assert names(reader) == {f"n{j}" for j in range(i + 1)}
        reader.close()


def test_an_inventory_is_of_one_moment(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    before = [(f"u{i:05}", "a", "b") for i in range(2_500)]
    writer.record_inventory(nas.id, before)
    rows = reader.inventory(nas.id)
    first = next(rows)
    writer.record_inventory(nas.id, [(id, "changed", "b") for id, _, _ in before])
    assert [first, *rows] == before


def test_two_writers_respect_each_other(platform: Platform, writer: Writer) -> None:
    other = platform.writer(wait=5)
    nas = writer.create(NAS)
    with pytest.raises(ConflictError):
        other.create(NAS)
    other.update(nas, name="theirs", label=None)
    with pytest.raises(ConflictError, match="'theirs'"):
        writer.update(nas, name="ours", label=None)
    assert names(other) == names(writer) == {"theirs"}
    other.close()
