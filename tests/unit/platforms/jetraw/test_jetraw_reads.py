"""How often a reader of the real platform has everything listed: once, not for each storage."""

from __future__ import annotations

from reconciler.platforms import open_platform
from support.platforms.organisation import Organisation

COUNT = 20


def filled(organisation: Organisation) -> list[str]:
    ids = [organisation.add(f"n{number:02}") for number in range(COUNT)]
    for id in ids:
        organisation.plant(id, [(f"{id}.tif", "sha256:a", "sha256:a")])
        organisation.tie("Atlas", id)
    return ids


def test_files_and_spaces_of_many_storages_take_one_list_of_each(
    organisation: Organisation,
) -> None:
    ids = filled(organisation)
    reader = open_platform(organisation.address, base=None, environ=organisation.environ).reader()
    read = {storage.id for storage in reader.read().storages}
    assert read == set(ids)
    for id in ids:
        assert [name for name, _, _ in reader.inventory(id)] == [f"{id}.tif"]
        assert reader.spaces_using(id) == ("Atlas",)
    assert len(organisation.calls("list_storages")) == 1
    assert len(organisation.calls("list_spaces")) == 1


def test_what_was_listed_counts_until_the_storages_are_read_again(
    organisation: Organisation,
) -> None:
    (id, *_) = filled(organisation)
    reader = open_platform(organisation.address, base=None, environ=organisation.environ).reader()
    reader.read()
    assert reader.spaces_using(id) == ("Atlas",)
    organisation.tie("Zebrafish", id)
    reader.read()
    assert reader.spaces_using(id) == ("Atlas", "Zebrafish")
    new = organisation.add("new")
    organisation.plant(new, [("new.tif", "sha256:a", "sha256:a")])
    assert [name for name, _, _ in reader.inventory(new)] == ["new.tif"]


def test_a_writer_asks_afresh(organisation: Organisation) -> None:
    (id, *_) = filled(organisation)
    writer = open_platform(organisation.address, base=None, environ=organisation.environ).writer(
        wait=0
    )
    writer.read()
    assert writer.spaces_using(id) == ("Atlas",)
    organisation.tie("Zebrafish", id)
    assert writer.spaces_using(id) == ("Atlas", "Zebrafish")
    writer.close()
