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


@pytest.mark.parametrize("move", ["/data", "=/mnt", "/data=", "="])
def test_what_is_no_move(move):
    with pytest.raises(UsageError, match="is no FROM=TO"):
        urls([move], "/data/x")
