"""What differs between desired and live."""

from __future__ import annotations

import pytest

from reconciler.diff import compare
from reconciler.location import ByLocation, aws_url
from reconciler.model import Entry, Storage
from support.values.building import desired, entry, storage

AWS = aws_url("eu-central-2", "b")


def s3(url: str) -> Entry:
    return entry("a", type="S3", url=url)


def test_equal_states_do_not_differ() -> None:
    diff = compare(desired(entry("a", label="L"), entry("b")), [storage("a"), storage("b")])
    assert (diff.creates, diff.updates, diff.moved, diff.undeclared, diff.removed) == ((),) * 5
    assert diff.same == 2


@pytest.mark.parametrize(("label", "updated"), [(None, 0), ("L", 0), ("", 1), ("l", 1)])
def test_a_label_that_is_not_declared_is_left_alone(label: str | None, updated: int) -> None:
    diff = compare(desired(entry("a", label=label)), [storage("a")])
    assert len(diff.updates) == updated


def test_url_id_and_time_are_never_compared() -> None:
    live = Storage("any", "a", "L", "local", "/data/a", url="file:///mnt", created_at="2020")
    assert compare(desired(entry("a", label="L")), [live]).same == 1


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (entry("a", url="file:///data/a"), storage("a", url="/data/a/")),
        (s3(AWS), storage("a", type="S3", url="https://b.s3.eu-central-2.amazonaws.com/")),
        (s3(AWS), storage("a", type="S3", url="s3://b")),
        (s3("https://Host:443/x"), storage("a", type="S3", url="HTTPS://host/x/")),
    ],
    ids=["local", "aws", "aws without region", "other s3"],
)
def test_spellings_of_one_location_do_not_differ(declared: Entry, live: Storage) -> None:
    diff = compare(desired(declared), [live])
    assert diff.same == 1
    assert diff.moved == ()


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (entry("a", url="file:///data/a"), storage("a", url="/data/A")),
        (entry("a", url="file:///data/a b"), storage("a", url="/data/a%20b")),
        (s3(AWS), storage("a", type="S3", url=aws_url("eu-west-1", "b"))),
        (s3(AWS), storage("a", type="S3", url=AWS + "/prefix")),
        (s3("https://host/x"), storage("a", type="S3", url="https://host/x?y")),
        (s3("https://host/x"), storage("a", type="local", url="https://host/x")),
    ],
    ids=["case", "percent", "region", "prefix", "query", "type"],
)
def test_in_doubt_locations_are_different(declared: Entry, live: Storage) -> None:
    diff = compare(desired(declared), [live])
    assert (diff.same, len(diff.updates)) == (0, 0)
    # A type that a manifest can't give to this URL makes the storage unmanaged instead.
    assert len(diff.moved) + len(diff.unmanaged) == 1


def test_a_storage_that_moved_and_was_renamed_counts_as_moved() -> None:
    diff = compare(desired(entry("b", "new", renamed_from=["a"])), [storage("a")])
    assert [pair.live.name for pair in diff.moved] == ["a"]
    assert diff.updates == ()


def test_everything_is_sorted_by_name() -> None:
    live = [storage(name) for name in "zyx"]
    wanted = desired(entry("c"), entry("b"), entry("y", label="new"), entry("x", label="new"))
    diff = compare(wanted, live)
    assert [e.name for e in diff.creates] == ["b", "c"]
    assert [p.entry.name for p in diff.updates] == ["x", "y"]
    assert compare(desired(), live).undeclared == tuple(reversed(live))


def test_live_is_counted_once() -> None:
    live = [storage(name) for name in "abcd"]
    wanted = desired(entry("a"), entry("x", "b", renamed_from=["b"]), entry("new"))
    diff = compare(wanted, live)
    assert diff.live_in_scope == 4
    assert diff.same == 1


@pytest.mark.parametrize(
    ("declared", "live"),
    [("raw", "Raw"), ("café", "cafe\u0301"), ("raw", "rаw"), ("storage", "st0rage")],
    ids=["case", "normal form", "confusable", "digit"],
)
def test_near_duplicates_are_warned_of(declared: str, live: str) -> None:
    diff = compare(desired(entry(declared, "x")), [storage(live, place="y")])
    (warning,) = diff.warnings
    assert warning.code == "near_duplicate"
    assert f"'{declared}'" in warning.message
    assert f"'{live}'" in warning.message
    spelled = declared.encode("unicode_escape").decode(), live.encode("unicode_escape").decode()
    assert all(text in warning.message for text in spelled)
    assert [e.name for e in diff.creates] == [declared]


def test_names_are_printed_escaped() -> None:
    diff = compare(desired(), [storage("evil\u202e\x1b[2J", type="tape")])
    assert diff.warnings[0].message.startswith("'evil\\u202e\\x1b[2J' ")


def test_places_finds_all_at_one_location_sorted() -> None:
    places = ByLocation([storage("b", place="x"), storage("a", url="/data/x/"), storage("c")])
    assert [s.name for s in places.at(entry("new", "x"))] == ["a", "b"]
    assert places.at(entry("new", "y")) == []
    assert ByLocation([]).at(entry("new", "x")) == []
