"""What every platform tells of the files that a storage holds, and whether it takes any."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.errors import ConflictError, PlatformError
from reconciler.platform import InventoryRow, Reader, Writer
from support.platforms.homes import Plant
from support.values.contract_values import MINIO, NAS, listed


def recorded(writer: Writer, id: str, rows: Iterable[InventoryRow]) -> bool:
    """Record files; on a platform that takes none, check that it says so."""
    if writer.abilities.record_inventory:
        writer.record_inventory(id, rows)
        return True
    with pytest.raises(PlatformError, match="can't be written") as caught:
        writer.record_inventory(id, rows)
    assert not isinstance(caught.value, ConflictError)
    return False


def test_an_inventory_is_given_back(writer: Writer, reader: Reader, plant: Plant) -> None:
    nas, minio = writer.create(NAS), writer.create(MINIO)
    rows = {(f"upload {i}", f"crc:{i}", f"ü{i}\n") for i in range(2_500)}
    plant(nas.id, sorted(rows))
    found = list(reader.inventory(nas.id))
    assert len(found) == len(rows)
    assert set(found) == rows
    assert list(reader.inventory(minio.id)) == []


def test_an_inventory_is_recorded_where_the_platform_says_so(
    writer: Writer, reader: Reader
) -> None:
    nas = writer.create(NAS)
    rows = [("u1", "a", "b"), ("u2", "a", "b")]
    took = recorded(writer, nas.id, iter(rows))
    assert set(reader.inventory(nas.id)) == (set(rows) if took else set())


def test_a_known_upload_is_replaced(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    recorded(writer, nas.id, [("u1", "a", "b"), ("u2", "a", "b")])
    took = recorded(writer, nas.id, [("u1", "c", "d"), ("u3", "", "")])
    now = {("u1", "c", "d"), ("u2", "a", "b"), ("u3", "", "")}
    assert set(reader.inventory(nas.id)) == (now if took else set())


def test_an_inventory_is_recorded_wholly_or_not_at_all(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    took = recorded(writer, nas.id, [("kept", "a", "b")])
    kept = [("kept", "a", "b")] if took else []

    def failing():
        yield "u1", "a", "b"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt if took else PlatformError):
        writer.record_inventory(nas.id, failing())
    with pytest.raises(PlatformError):
        writer.record_inventory(nas.id, [("u1", "a", "b"), ("u2", "\ud800", "b")])
    assert list(reader.inventory(nas.id)) == kept
    recorded(writer, nas.id, [("u4", "a", "b")])
    assert len(list(reader.inventory(nas.id))) == 2 * len(kept)


def test_a_storage_that_is_not_there_takes_no_inventory(writer: Writer, reader: Reader) -> None:
    nas = writer.create(NAS)
    writer.remove(nas, holds_files=False)
    able = writer.abilities.record_inventory
    with pytest.raises(ConflictError if able else PlatformError, match=nas.id if able else "can't"):
        writer.record_inventory(nas.id, [("u1", "a", "b")])
    assert listed(reader) == set()
    assert list(reader.inventory(nas.id)) == []


def test_an_inventory_is_of_one_moment(writer: Writer, reader: Reader, plant: Plant) -> None:
    nas = writer.create(NAS)
    before = [(f"u{i:05}", "a", "b") for i in range(2_500)]
    plant(nas.id, before)
    rows = reader.inventory(nas.id)
    first = next(rows)
    plant(nas.id, [(id, "changed", "b") for id, _, _ in before])
    assert sorted([first, *rows]) == before


def test_the_files_of_a_removed_storage_do_not_come_back(
    writer: Writer, reader: Reader, plant: Plant
) -> None:
    nas = writer.create(NAS)
    plant(nas.id, [("u1", "a", "b")])
    writer.remove(nas, holds_files=True)
    again = writer.create(NAS)
    assert list(reader.inventory(nas.id)) == list(reader.inventory(again.id)) == []
