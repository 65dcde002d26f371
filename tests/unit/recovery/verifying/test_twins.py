"""Files with the same bytes: what comes back to its own path stands for itself alone."""

from __future__ import annotations

import pytest

from support.recovery.memory import LONG_AGO
from support.recovery.nights import GOOD, ROTTEN


@pytest.fixture
def twins(nights):
    """The file `f/a`, and `f/b` with the same bytes."""
    nights.storage.put("f/b", GOOD)
    nights.scan()
    return nights


@pytest.mark.parametrize("before", ["together", "long before"])
def test_one_that_is_back_is_not_where_the_other_was_moved(twins, before):
    if before == "long before":
        del twins.storage.files[b"f/b"]
        assert twins.scan().missing_first == [b"f/b"]
    twins.storage.files.pop(b"f/b", None)
    del twins.storage.files[b"f/a"]
    assert twins.scan().missing_first == [b"f/a", b"f/b"]
    twins.put(GOOD)
    for _ in range(2):
        assert twins.scan().missing_first == [b"f/b"]
    twins.storage.put("f/b", GOOD)
    assert twins.scan().found == 0


def test_one_that_was_rotten_and_is_good_again_is_not_where_the_other_was_moved(twins):
    del twins.storage.files[b"f/b"]
    twins.put(ROTTEN)
    twins.scan()
    twins.put(GOOD)
    for _ in range(2):
        ended = twins.scan()
        assert (ended.missing_first, ended.altered_first) == ([b"f/b"], [])


def test_one_that_nobody_can_read_and_is_back_is_not_where_the_other_may_be(twins):
    for name in (b"f/a", b"f/b"):
        del twins.storage.files[name]
    twins.scan()
    twins.put(GOOD)
    twins.storage.errors[b"f/a"] = b"EIO"
    assert twins.scan().missing_first == [b"f/b"]
    del twins.storage.errors[b"f/a"]
    for _ in range(2):
        assert twins.scan().missing_first == [b"f/b"]


def test_of_two_that_nobody_ever_read_one_that_is_back_is_not_the_other(nights):
    for name in ("f/x", "f/y"):
        nights.storage.put(name, b"never", mtime_ns=LONG_AGO + 7)
        nights.storage.errors[name.encode()] = b"EACCES"
    nights.scan()
    gone = {name: nights.storage.files.pop(name) for name in (b"f/x", b"f/y")}
    nights.storage.errors.clear()
    assert nights.scan().missing_first == [b"f/x", b"f/y"]
    nights.storage.files[b"f/x"] = gone[b"f/x"]
    for _ in range(2):
        assert nights.scan().missing_first == [b"f/y"]


def test_what_comes_to_a_path_where_another_lay_is_the_one_that_went(twins):
    """Moved, for nothing with its bytes is missed there."""
    twins.storage.files[b"f/c"] = twins.storage.files.pop(b"f/b")
    assert twins.scan().found == 0
    twins.storage.files[b"z"] = twins.storage.files.pop(b"f/c")
    assert twins.scan().missing_first == []
    twins.storage.files[b"f/c"] = twins.storage.files.pop(b"z")
    for _ in range(2):
        assert twins.scan().missing_first == [b"z"]
