"""Which paths globs leave out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.recovery.walking.exclusions import Exclusions

COVERED = [
    (".snapshot/", b".snapshot/", True),
    (".snapshot/", b"a/.snapshot/b/c", True),
    (".snapshot/", b".snapshot", False),  # a file of that name
    (".snapshot/", b"a.snapshot/b", False),
    ("*.tmp", b"a/b.tmp", True),
    ("*.tmp", b"a.tmp/b", True),
    ("*.tmp", b"a.TMP", False),
    ("*.tmp", b"b.tmp.tif", False),
    ("/a", b"a/b", True),
    ("/a", b"b/a", False),
    ("/a/", b"a", False),
    ("a/b", b"a/b/c", True),
    ("a/b", b"x/a/b", False),
    ("a/*/c", b"a/b/c", True),
    ("a/*/c", b"a/b/x/c", False),
    ("a/**/c", b"a/c", True),
    ("a/**/c", b"a/b/x/c", True),
    ("**/b/c", b"x/b/c", True),
    ("a/**", b"a/b/c", True),
    ("a/**", b"b", False),
    ("?.tif", "é.tif".encode(), True),
    ("?.tif", b"\xff.tif", True),
    ("?", b"ab", False),
    ("[a-c]x", b"bx", True),
    ("[!a-c]x", b"bx", False),
    ("[!a-c]x", b"dx", True),
    ("[]]", b"]", True),
    ("[*]", b"*", True),
    ("[*]", b"a", False),
    ("[+--]", b",", True),
    (r"[\]", b"\\", True),
    ("[", b"[", True),
    ("a.b", b"axb", False),
    ("a\nb", b"x/a\nb", True),
    ("*", b"a\nb", True),
    ("caf\udce9", b"caf\xe9", True),  # as Python has it in arguments
    ("b", b"a//b", True),  # a key of a bucket
]


@pytest.mark.parametrize(("glob", "path", "covered"), COVERED)
def test_a_glob_covers_a_path(glob: str, path: bytes, covered: bool) -> None:
    assert Exclusions([glob]).covers(path) is covered
    assert Exclusions(["neither", "x/nor", glob]).covers(path) is covered


def test_without_globs_nothing_is_left_out() -> None:
    assert not Exclusions([]).covers(b"a")
    assert Exclusions([]).kept(b"", [b"a"]) == [b"a"]


@pytest.mark.parametrize("glob", ["", "/", "//", "a//b", "//a", "[b-a]"])
def test_a_glob_that_means_nothing_is_refused(glob: str) -> None:
    with pytest.raises(UsageError, match="exclusion"):
        Exclusions([glob])


PARTS = st.text("ab*?[!]-^&~|.\\\n", min_size=1, max_size=4)
PATHS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"\xff", b"*"]), min_size=1, max_size=4)


@given(st.lists(st.sampled_from(["a", "b/", "/a", "*/b", "a/**/b", "**/ab/", "?b"])), PATHS)
def test_a_walk_keeps_what_a_key_of_a_bucket_would(globs: list[str], parts: list[bytes]) -> None:
    exclusions = Exclusions(globs)
    walked = True
    for depth, part in enumerate(parts):
        above = b"".join(p + b"/" for p in parts[:depth])
        name = part if depth == len(parts) - 1 else part + b"/"
        walked = walked and exclusions.kept(above, [name]) == [name]
    assert walked is not exclusions.covers(b"/".join(parts))


@given(PARTS, st.text(max_size=5))
def test_whatever_is_in_a_glob_it_is_understood_or_refused(glob: str, path: str) -> None:
    try:
        exclusions = Exclusions([glob])
    except UsageError:
        return
    exclusions.covers(path.encode("utf-8", "replace"))


def test_what_is_left_out_is_counted_for_each_glob() -> None:
    globs = Exclusions(["*.tmp", ".snapshot/", "raw/a.*", "never"])
    assert globs.kept(b"", [b".snapshot/", b"b", b"b.tmp"]) == [b"b"]
    assert globs.kept(b"raw/", [b"a.tmp", b"c"]) == [b"c"]
    counted = [(each.glob, each.files, each.folders) for each in globs.left_out]
    assert counted == [("*.tmp", 2, 0), (".snapshot/", 0, 1), ("raw/a.*", 1, 0), ("never", 0, 0)]
