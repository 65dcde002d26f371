"""What every platform does when it is written to, also by two at once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reconciler.errors import ConflictError, PlatformError
from reconciler.platform import Platform, Reader, Writer
from support.platforms.homes import Plant
from support.values.contract_values import MINIO, NAS, listed, names

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
    writer: Writer, reader: Reader, plant: Plant, field: str, value: str
) -> None:
    made = writer.create(NAS)
    plant(made.id, [("u", "a", "b")])
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


# Remove


def test_a_removal_removes_one_storage(writer: Writer, reader: Reader) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    writer.remove(nas, holds_files=False)
    assert listed(reader) == {minio}


def test_a_storage_that_holds_files_is_removed_with_consent_only(
    writer: Writer, reader: Reader, plant: Plant
) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    for storage in (nas, minio):
        plant(storage.id, [("u1", "a", "b")])
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
