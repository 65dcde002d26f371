"""Lines and columns for problems that know only file and path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifest import placed
from reconciler.manifest.reading.locate import positions
from reconciler.model import Problem

TEXT = """\
version: 1
storages:
  - name: a
    renamed_from:
      - old
      - older
  - {name: b, id: "7", label: "a
      b"}
  - &c
    name: c
  - *c
removed: [{name: d}, {id: e, name: f}]
twice: {x: 1}
twice: {y: 2}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("version",), (1, 10)),
        (("storages",), (2, 1)),
        (("storages", 0), (3, 5)),
        (("storages", 0, "name"), (3, 11)),
        (("storages", 0, "renamed_from"), (4, 5)),
        (("storages", 0, "renamed_from", 1), (6, 9)),
        (("storages", 0, "id"), (3, 5)),
        (("storages", 0, "label", "deeper"), (3, 5)),
        (("storages", 1, "id"), (7, 19)),
        (("storages", 2, "name"), (10, 11)),
        (("storages", 3), (11, 5)),
        (("storages", 3, "name"), (11, 5)),
        (("storages", 9, "name"), (2, 1)),
        (("removed", 0, "id"), (12, 11)),
        (("removed", 1, "id"), (12, 27)),
        (("twice", "x"), (13, 12)),
        (("twice", "y"), (13, 8)),
        (("nothing",), (1, 1)),
    ],
)
def test_places(
    write: Callable[..., Path], path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    write(TEXT)
    (problem,) = placed([Problem("m.yaml", "wrong", path, hint="h")])
    assert (problem.line, problem.column) == place
    assert (problem.file, problem.message, problem.path, problem.hint) == (
        "m.yaml",
        "wrong",
        path,
        "h",
    )


def test_many_problems_keep_their_order(write: Callable[..., Path]) -> None:
    write(TEXT)
    write("version: 1\n", "n.yaml")
    problems = [
        Problem("m.yaml", "1", ("removed", 0)),
        Problem("n.yaml", "2", ("version",)),
        Problem("m.yaml", "3", ("storages", 0)),
        Problem("m.yaml", "4", ("storages", 0), 77, 7),
    ]
    assert [(p.message, p.line) for p in placed(problems)] == [
        ("1", 12),
        ("2", 1),
        ("3", 3),
        ("4", 77),
    ]


def test_a_file_that_is_gone_leaves_problems_as_they_are() -> None:
    problem = Problem("does/not/exist.yaml", "wrong", ("storages", 0))
    assert placed([problem]) == (problem,)


def test_nothing_to_place() -> None:
    assert placed([]) == ()


def test_a_broken_file_gives_what_stands_before() -> None:
    wanted = [(("a", "b"), False), (("c", 0), False)]
    assert list(positions(b"a: {b: 1}\nc: [", wanted).values()) == [(1, 8, 9), (2, 4, 0)]


@pytest.mark.parametrize("data", [b"\xff", b"\xef\xbb\xbfa: 1", b""])
def test_a_file_that_can_not_be_read_gives_its_beginning(data: bytes) -> None:
    assert list(positions(data, [(("a",), False)]).values()) == [(1, 1, 0)]


def test_the_key_can_be_meant() -> None:
    wanted = [(("a", "b"), True), (("a", "b"), False), (("a", "c"), True)]
    assert list(positions(b"a: {b: 1}", wanted).values()) == [(1, 5, 6), (1, 8, 9), (1, 4, 0)]
