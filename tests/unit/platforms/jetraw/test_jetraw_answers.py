"""Nothing is concluded from an answer that is not what the reference describes."""

from __future__ import annotations

import enum
import importlib
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

import pytest

from reconciler.errors import ConflictError, PlatformError
from reconciler.model import Values, unmanaged_because
from reconciler.platform import Platform, Reader
from reconciler.platforms import open_platform
from support.platforms.organisation import Organisation

MADE = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
GOOD = {
    "id": "1",
    "name": "nas",
    "label": "NAS",
    "type": "local",
    "default_url": "/data/nas",
    "url": None,
    "created_at": MADE,
}
TEXTS = ["id", "name", "label", "type", "default_url"]


class Fake:
    """A storage whose properties are what a test says; an exception is raised, `...` is missing."""

    def __init__(self, rows: object = (), **values: object) -> None:
        self.values = GOOD | values
        self.rows = rows
        self.reads: Counter[str] = Counter()

    def __getattr__(self, name: str) -> object:
        if name not in GOOD or self.values[name] is ...:
            raise AttributeError(name)
        self.reads[name] += 1
        value = self.values[name]
        if isinstance(value, BaseException):
            raise value
        return value

    def checksums(self) -> object:
        if isinstance(self.rows, BaseException):
            raise self.rows
        return self.rows


class Texts(str, enum.Enum):  # noqa: UP042 - what an SDK may well have
    LOCAL = "local"


class Module(ModuleType):
    """A module like `jetraw.storages` that gives what a test says."""

    def __init__(self, listed: object, got: object = None) -> None:
        super().__init__("fake_storages")
        self.listed, self.got = listed, got

    def list_storages(self, *, client: object = None) -> object:
        return self._give(self.listed)

    def get_storage(self, name: str, *, client: object = None) -> object:
        return self._give(self.got)

    create_storage = create_aws_s3_storage = get_storage

    def _give(self, answer: object) -> object:
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch):
    """Give a function that opens a module whose answers are as said."""

    def opened(listed: object, got: object = None) -> Reader:
        monkeypatch.setitem(sys.modules, "fake_storages", Module(listed, got))
        return open_platform("jetraw+module:fake_storages", base=None).reader()

    return opened


# Properties


@pytest.mark.parametrize("field", list(GOOD))
@pytest.mark.parametrize(
    "value",
    [..., 7, b"nas", ["nas"], OSError("gone"), SystemExit(1)],
    ids=lambda v: type(v).__name__,
)
def test_one_odd_storage_stops_nothing_but_itself(reading, field: str, value: object) -> None:
    good, odd = reading([Fake(id="2", name="good"), Fake(**{field: value})]).read().storages
    assert (good.name, good.flaw) == ("good", "")
    assert f"the {field} of a storage" in odd.flaw
    assert unmanaged_because(odd) == odd.flaw
    # What can be read of it still counts: others can't take its name.
    known = {name: GOOD[name] for name in TEXTS if name != field}
    assert {name: getattr(odd, name) for name in known} == known


@pytest.mark.parametrize("field", [*TEXTS, "created_at"])
def test_nothing_is_no_value(reading, field: str) -> None:
    good, odd = reading([Fake(id="2", name="good"), Fake(**{field: None})]).read().storages
    assert not good.flaw
    assert f"the {field} of a storage is not a t" in odd.flaw


def test_a_storage_has_an_id(reading) -> None:
    listed = [Fake(id="2", name="good"), Fake(id="", name="a"), Fake(id=None, name="b")]
    _, *odd = reading(listed).read().storages
    assert [bool(found.flaw) for found in odd] == [True, True]
    assert len({found.id for found in odd}) == 2


def test_two_storages_without_a_name_are_two(reading) -> None:
    listed = [Fake(), Fake(id="2", name=None), Fake(id="3", name=OSError("gone"))]
    assert [found.name for found in reading(listed).read().storages] == ["nas", "", ""]


@pytest.mark.parametrize("listed", [[None], ["nas", "raw"], [{"name": "nas"}], [Fake(name=None)]])
def test_a_list_of_which_nothing_can_be_read_is_no_list(reading, listed: list[object]) -> None:
    with pytest.raises(PlatformError, match="none of its storages can be read"):
        reading(listed).read()


def test_a_storage_that_is_odd_is_found_by_its_name_and_never_written(monkeypatch) -> None:
    odd = Fake(created_at=None)
    monkeypatch.setitem(sys.modules, "fake_storages", Module([odd], odd))
    writer = open_platform("jetraw+module:fake_storages", base=None).writer(wait=1)
    (found,) = writer.find(name="nas")
    assert "created_at" in found.flaw
    with pytest.raises(ConflictError, match="'nas' is taken"):
        writer.create(Values("nas", "NAS", "local", "/data/nas"))
    for write in (
        lambda: writer.update(found, name=None, label="new"),
        lambda: writer.remove(found, holds_files=True),
    ):
        with pytest.raises(ConflictError, match="'nas' can't be read: the created_at"):
            write()


def test_every_property_is_read_once(reading) -> None:
    fake = Fake()
    reading([fake]).read()
    assert fake.reads == dict.fromkeys(GOOD, 1)


def test_texts_of_an_enum_become_plain_texts(reading) -> None:
    (storage,) = reading([Fake(type=Texts.LOCAL)]).read().storages
    assert storage.type == "local"
    assert type(storage.type) is str


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (MADE, "2026-01-02T03:04:05.000678Z"),
        (MADE.replace(tzinfo=None), "2026-01-02T03:04:05.000678Z"),
        (MADE.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-02T03:04:05.000678Z"),
        (datetime(1, 1, 1), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_told_in_utc(reading, made: datetime, text: str) -> None:
    (storage,) = reading([Fake(created_at=made)]).read().storages
    assert storage.created_at == text


def test_a_time_that_utc_does_not_have(reading) -> None:
    too_early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    (found,) = reading([Fake(created_at=too_early)]).read().storages
    assert "the created_at of a storage failed: OverflowError" in found.flaw


# Lists


@pytest.mark.parametrize(
    "listed", [None, "nas", {"nas": Fake()}, iter([]), 3, OSError("down"), KeyError("storages")]
)
def test_what_is_no_list(reading, listed: object) -> None:
    reader = reading(listed)
    for question in (reader.read, lambda: reader.find(id="1"), lambda: list(reader.inventory("1"))):
        with pytest.raises(PlatformError, match="list"):
            question()


@pytest.mark.parametrize(("field", "other"), [("id", {"name": "b"}), ("name", {"id": "2"})])
def test_two_storages_with_one_id_or_name(reading, field: str, other: dict[str, str]) -> None:
    with pytest.raises(PlatformError, match=f"two storages with the {field}"):
        reading([Fake(), Fake(**other)]).read()


def test_what_no_manifest_can_express_is_passed_on(organisation: Organisation, platform) -> None:
    odd = {
        "tape": {"type": "tape"},
        "\ud800": {},
        "": {},
        "nowhere": {"default_url": ""},
        "secret": {"type": "S3", "default_url": "https://me:pw@host/b"},
    }
    for name, fields in odd.items():
        organisation.add(name, id=f"id {name!r}", **fields)
    organisation.add("elsewhere", url="file:///mnt/here")
    storages = {storage.name: storage for storage in platform.reader().read().storages}
    assert set(storages) == {*odd, "elsewhere"}
    assert {name for name, s in storages.items() if unmanaged_because(s)} == set(odd)
    assert storages["elsewhere"].url == "file:///mnt/here"
    assert storages["elsewhere"].default_url == "file:///data/elsewhere"


@pytest.mark.parametrize(
    "url",
    [
        "s3://lab",
        "https://lab.s3.eu-central-2.amazonaws.com",
        "https://S3.eu-central-2.amazonaws.com/lab/",
    ],
)
def test_a_location_is_told_in_the_platforms_own_spelling(
    organisation: Organisation, platform: Platform, url: str
) -> None:
    organisation.add("raw", type="S3", default_url=url)
    (storage,) = platform.reader().read().storages
    assert storage.default_url == url


# One storage by name


def test_a_key_error_is_an_absence_only_if_the_list_agrees(reading) -> None:
    assert reading([], KeyError("nas")).find(name="nas") == ()
    with pytest.raises(PlatformError, match="lists 'nas', but does not find it by name"):
        reading([Fake()], KeyError("name")).find(name="nas")
    with pytest.raises(PlatformError, match="list"):
        reading(OSError("down"), KeyError("nas")).find(name="nas")


@pytest.mark.parametrize("got", [None, OSError("down"), SystemExit(1), LookupError("nas")])
def test_any_other_answer_is_no_absence(reading, got: object) -> None:
    with pytest.raises(PlatformError):
        reading([], got).find(name="nas")


def test_another_name_than_was_asked_for(reading) -> None:
    with pytest.raises(PlatformError, match="asked for 'NAS', it gives 'nas'"):
        reading([], Fake()).find(name="NAS")


def test_what_the_list_omits_is_found_by_name(
    organisation: Organisation, platform: Platform
) -> None:
    organisation.add("hidden")
    organisation.quirk("omitted", ["hidden"])
    reader = platform.reader()
    assert reader.read().storages == ()
    assert [storage.name for storage in reader.find(name="hidden")] == ["hidden"]


def test_ctrl_c_is_not_an_answer(reading) -> None:
    with pytest.raises(KeyboardInterrupt):
        reading(KeyboardInterrupt()).read()


# Files


@pytest.mark.parametrize(
    "row", [None, "abc", ("u", "a"), ("u", "a", "b", "c"), ("u", None, "b"), (1, "a", "b"), {}]
)
def test_a_row_that_is_not_three_texts(reading, row: object) -> None:
    rows = reading([Fake(rows=[("u", "a", "b"), row])]).inventory("1")
    assert next(rows) == ("u", "a", "b")
    with pytest.raises(PlatformError, match="not told as three texts"):
        next(rows)


@pytest.mark.parametrize("rows", [None, 3, OSError("down"), StopIteration()])
def test_files_that_can_not_be_read_are_not_none(reading, rows: object) -> None:
    with pytest.raises(PlatformError, match="reading the files of a storage failed"):
        list(reading([Fake(rows=rows)]).inventory("1"))


@pytest.mark.parametrize("kind", ["ConnectionError", "SystemExit"])
def test_a_list_of_files_that_breaks_off(
    organisation: Organisation, platform: Platform, kind: str
) -> None:
    id = organisation.add("nas")
    organisation.plant(id, [("u1", "a", "b")])
    organisation.fail("checksums_end", kind)
    rows = platform.reader().inventory(id)
    assert next(rows) == ("u1", "a", "b")
    with pytest.raises(PlatformError, match=kind):
        next(rows)


# Spaces


@pytest.mark.parametrize("kind", ["ConnectionError", "KeyError", "SystemExit"])
def test_spaces_that_can_not_be_listed_are_not_none(
    organisation: Organisation, platform: Platform, kind: str
) -> None:
    id = organisation.add("nas")
    organisation.fail("list_spaces", kind)
    reader = platform.reader()
    with pytest.raises(PlatformError, match="listing the spaces failed"):
        reader.spaces_using(id)
    assert reader.spaces_using(id) == ()


@pytest.mark.parametrize(
    ("name", "storages"),
    [(None, []), (7, []), ("s", None), ("s", [None]), ("s", [Fake(id=7)]), ("s", [Fake(id=...)])],
)
def test_a_space_that_is_not_as_documented(
    organisation: Organisation,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    name: object,
    storages: object,
) -> None:
    reader = platform.reader()
    spaces = importlib.import_module("jetraw.spaces")
    monkeypatch.setattr(spaces, "list_spaces", lambda **_: [spaces.Space(name, storages)])
    with pytest.raises(PlatformError, match=r"of a s(pace|torage)"):
        reader.spaces_using("1")
