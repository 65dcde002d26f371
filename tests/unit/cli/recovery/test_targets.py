"""Which storages are read, and from where."""

import pytest

from reconciler.cli.recovery.targets import relocated, targets_of
from reconciler.errors import UsageError
from reconciler.model import Storage
from reconciler.recovery.values import Target


def storage(name, url, type="local", here=None):
    return Storage(name, name, "", type, url, here)


def urls(moves, *addresses):
    targets = [Target(url, url, "local", url, url) for url in addresses]
    return [target.url for target in relocated(targets, moves)]


def test_targets_are_sorted_and_know_their_place():
    found, told = targets_of(
        [
            storage("b", "/data/b/"),
            storage("a", "https://s3.eu-central-2.amazonaws.com/lab-raw", "S3"),
        ],
        (),
    )
    assert [(t.name, t.place, t.url, t.region) for t in found] == [
        ("a", "aws:lab-raw", "https://s3.eu-central-2.amazonaws.com/lab-raw", "eu-central-2"),
        ("b", "local:file:///data/b", "/data/b/", None),
    ]
    assert told == []


def test_a_platform_may_know_where_a_storage_is_mounted_here():
    (found,), _ = targets_of([storage("a", "/data/a", here="/mnt/a")], ())
    assert (found.place, found.url) == ("local:file:///data/a", "/mnt/a")


def test_what_lies_at_one_place_is_read_once_and_it_is_said():
    found, told = targets_of([storage("b", "/data/x"), storage("a", "file:///data/x/")], ())
    assert [target.name for target in found] == ["a"]
    assert told == ["'b' lies where 'a' does: it is read once"]


@pytest.mark.parametrize(
    ("moves", "url", "moved"),
    [
        (["/data=/mnt"], "/data/nas", "/mnt/nas"),
        (["/data=/mnt/"], "file:///data/nas", "/mnt/nas"),
        (["file:///data/=file:///mnt"], "/data/nas", "file:///mnt/nas"),
        (["/data/nas=/mnt/here"], "/data/nas", "/mnt/here"),
        (["/data=/mnt", "/data/nas=/elsewhere"], "/data/nas/1", "/elsewhere/1"),
        (["https://a:9000/=https://b/"], "https://a:9000/bucket", "https://b/bucket"),
        (["/data=/mnt=1"], "/data/x", "/mnt=1/x"),
    ],
)
def test_relocating(moves, url, moved):
    assert urls(moves, url) == [moved]


def test_only_whole_names_are_moved():
    assert urls(["/data=/mnt"], "/data/x", "/database") == ["/mnt/x", "/database"]


@pytest.mark.parametrize("move", ["/nowhere=/mnt", "/dat=/mnt"])
def test_a_move_that_moves_nothing_is_an_error(move):
    with pytest.raises(UsageError, match="no storage that is to be read lies there"):
        urls([move], "/data/x")


def test_a_move_of_a_name_wants_an_address():
    target = Target("nas-1", "nas-1", "local", "local:file:///data/x", "/data/x")
    with pytest.raises(UsageError, match="'nas-1'=…: FROM is the start of an address, and not a n"):
        relocated([target], ["nas-1=/mnt"])


@pytest.mark.parametrize("move", ["/data", "=/mnt", "/data=", "="])
def test_what_is_no_move(move):
    with pytest.raises(UsageError, match="is no FROM=TO"):
        urls([move], "/data/x")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("mnt", "another place in each folder"),
        ("file://mnt", "another place in each folder"),
        ("~/mnt", "no shell puts your home folder there"),
        ("/mnt/../x", "mean another place than it says"),
        ("..", "mean another place than it says"),
        ("./mnt", "mean another place than it says"),
        ("https://host/../x", "mean another place than it says"),
    ],
)
def test_where_nobody_can_say_what_is_meant_nothing_is_moved(end, said):
    with pytest.raises(UsageError, match=said):
        urls([f"/data={end}"], "/data/x")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("/data", "/mnt/a..b/.x/~y"),
        ("/data", "C:\\data"),
        ("/data", "\\\\server\\share"),
        ("file://old/share", "file://new/share"),
        ("s3://old", "s3://new"),
    ],
)
def test_where_it_is_clear_it_is_moved(start, end):
    assert urls([f"{start}={end}"], start) == [end]


def test_two_storages_are_never_moved_to_one_place():
    with pytest.raises(UsageError, match="would put '/a/x' and '/b/x' at one place, '/c/x'"):
        urls(["/a=/c", "/b=/c"], "/a/x", "/b/x")
    assert urls(["/a=/b", "/b=/c"], "/a/x", "/b/x") == ["/b/x", "/c/x"]
