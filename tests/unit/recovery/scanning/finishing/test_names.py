"""Paths that some file systems take for one."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reconciler.recovery.scanning.finishing.names import alike

NFC, NFD = "caf\u00e9".encode(), "cafe\u0301".encode()


def pairs(*paths: bytes) -> list[tuple[bytes, bytes]]:
    return list(alike(sorted(paths)))


def test_case_only_and_normal_form_only() -> None:
    assert pairs(b"a", b"A") == [(b"A", b"a")]
    assert pairs(NFC, NFD) == [(NFD, NFC)]
    assert pairs(b"x/" + NFC, b"x/" + NFD, b"y/" + NFC) == [(b"x/" + NFD, b"x/" + NFC)]
    assert pairs("\u00c9t\u00e9".encode(), "e\u0301te\u0301".encode()) != []
    assert pairs(b"a", b"b", b"c/a", b"d/a", b"aA", b"AAa") == []


def test_folders_are_told_once() -> None:
    paths = [b"Raw/%d" % i for i in range(5)] + [b"raw/%d" % i for i in range(5)]
    assert pairs(*paths) == [(b"Raw/", b"raw/")]
    assert pairs(b"x/Raw/1/a", b"x/raw/2/b", b"x/raw.txt") == [(b"x/Raw/", b"x/raw/")]


def test_a_folder_and_a_file_of_another_case() -> None:
    assert pairs(b"Raw", b"raw/1") == [(b"Raw", b"raw/")]
    assert pairs(b"raw", b"raw/1") == []  # keys of a bucket: no other case


def test_folders_that_could_not_be_listed_and_strange_keys() -> None:
    assert pairs(b"a/", b"A/") == [(b"A/", b"a/")]
    assert pairs(b"a//b", b"a//B", b"/x", b"/X", b"//", b"/") == [
        (b"/X", b"/x"),
        (b"a//B", b"a//b"),
    ]
    assert pairs(b"\xff\xfe", b"\xff\xff") == []


def fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


@given(
    st.sets(
        st.lists(
            st.sampled_from(["a", "A", "b", "B", "\u00e9", "e\u0301"]), min_size=1, max_size=3
        ).map("/".join),
        max_size=12,
    )
)
def test_it_finds_what_comparing_all_with_all_finds(texts) -> None:
    folders = {text[:end] for text in texts for end, char in enumerate(text) if char == "/"}
    paths = sorted(text.encode() for text in texts - folders)
    files = [p.split(b"/") for p in paths]
    # Every prefix of a path is a name in its folder.
    named = {tuple(parts[: i + 1]) for parts in files for i in range(len(parts))}
    by_fold: dict[tuple, set] = {}
    for parts in named:
        by_fold.setdefault((parts[:-1], fold(parts[-1].decode())), set()).add(parts)
    expected = sum(len(group) - 1 for group in by_fold.values())
    found = list(alike(paths))
    assert len(found) == expected
    for one, other in found:
        assert one != other
        assert fold(one.rstrip(b"/").decode()) == fold(other.rstrip(b"/").decode())
