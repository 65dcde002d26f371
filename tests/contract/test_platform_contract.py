"""What every platform does, by the words of `reconciler/platform.py`: itself, create and find."""

from __future__ import annotations

import inspect
from datetime import datetime

import pytest
from msgspec.structs import replace

from reconciler import platform as protocol
from reconciler.errors import ConflictError, PlatformError, RefusedError
from reconciler.model import Values
from reconciler.platform import Platform, Reader, Writer
from support.platforms.homes import Home
from support.values.contract_values import AWS, CONTROLS, MINIO, NAS, ODD_NAMES, listed, names

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


def test_the_list_is_as_complete_as_it_says(reader: Reader) -> None:
    assert reader.read().complete is reader.abilities.complete_list


def test_it_tells_what_it_is_and_takes_us_for(reader: Reader) -> None:
    told = reader.about()
    assert told.version
    assert told.account == reader.read().account


def test_it_has_a_lock_if_it_says_so(platform: Platform, reader: Reader) -> None:
    lock = platform.lock()
    assert (lock is not None) is reader.abilities.lock
    if lock is not None:
        lock.close()


def test_spaces_are_told_where_there_are_any(home: Home, writer: Writer, reader: Reader) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    assert reader.spaces_using(nas.id) == reader.spaces_using("x") == ()
    assert (home.tie is not None) is reader.abilities.spaces
    if home.tie is not None:
        for space in ("Zebrafish", "Atlas 🧠", "Atlas 🧠"):
            home.tie(space, nas.id)
        assert reader.spaces_using(nas.id) == ("Atlas 🧠", "Zebrafish")
    assert reader.spaces_using(minio.id) == ()


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


def test_a_create_that_is_repeated_makes_no_second_one(writer: Writer, reader: Reader) -> None:
    made = writer.create(NAS, key="k" * 32)
    if writer.abilities.idempotency_key:
        assert writer.create(NAS, key="k" * 32) == made
    else:
        with pytest.raises(ConflictError, match="'nas'"):
            writer.create(NAS, key="k" * 32)
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


@pytest.mark.parametrize("text", CONTROLS, ids=repr)
def test_control_characters_are_kept_but_for_names_on_a_server(
    platform: Platform, writer: Writer, reader: Reader, text: str
) -> None:
    made = writer.create(replace(NAS, label=text))
    assert (reader.find(id=made.id), made.label) == ((made,), text)
    if platform.address.startswith("http"):
        before = listed(reader)
        for refused in (
            lambda: writer.create(replace(MINIO, name=text)),
            lambda: writer.update(made, name=text + "!", label=None),
        ):
            with pytest.raises(RefusedError):
                refused()
            assert listed(reader) == before
    else:
        other = writer.create(replace(MINIO, name=text))
        renamed = writer.update(made, name=text + "!", label=None)
        assert (other.name, renamed.name) == (text, text + "!")
        assert listed(reader) == {other, renamed}


def test_names_are_compared_by_code_point(writer: Writer, reader: Reader) -> None:
    alike = ["café", "cafe\u0301", "CAFÉ", "café ", "cаfé", "café\u200b"]
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
    with pytest.raises(RefusedError):
        writer.create(values)
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
