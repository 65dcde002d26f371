"""A run of everything plays samples of what is marked so; who asks for a part gets all of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from support.sampling import left_out

SOURCES = pytest.Config.ArgsSource


def config(*, long: bool = False, keyword: str = "", source: object = SOURCES.TESTPATHS) -> Any:
    return SimpleNamespace(
        getoption=lambda name: {"--long": long}[name],
        option=SimpleNamespace(keyword=keyword),
        args_source=source,
    )


def items(test: str, count: int, mark: Any) -> list[Any]:
    return [
        SimpleNamespace(nodeid=f"{test}[{i}]", get_closest_marker=lambda _: mark and mark.mark)
        for i in range(count)
    ]


EACH = items("a", 9, pytest.mark.sampled(3)) + items("b", 2, pytest.mark.sampled(3))
TOGETHER = [
    item for test in "cd" for item in items(test, 4, pytest.mark.sampled(3, of="measurements"))
]
PLAIN = items("e", 5, None)


def test_each_marked_test_plays_so_many_values_and_the_others_all() -> None:
    left = left_out(config(), [*EACH, *PLAIN])
    assert [item.nodeid[0] for item in left] == ["a"] * 6
    assert left == left_out(config(), [*EACH, *PLAIN])


def test_of_many_values_of_a_command_half_are_played_and_all_blocks_of_documents() -> None:
    few, many, documents, unit = (
        items(f"tests/{test}", count, None)
        for test, count in (
            ("e2e/x.py::x", 6),
            ("e2e/y.py::y", 20),
            ("e2e/repository/z.py::z", 20),
            ("unit/u.py::u", 20),
        )
    )
    left = left_out(config(), [*few, *many, *documents, *unit])
    assert [item.nodeid.partition("[")[0] for item in left] == ["tests/e2e/y.py::y"] * 10


def test_of_the_tests_of_a_command_in_a_file_a_third_is_played() -> None:
    one, other = (
        [item for test in "abcde" for item in items(f"tests/e2e/{file}.py::{test}", 2, mark)]
        for file, mark in (("x", None), ("y", pytest.mark.sampled(2)))
    )
    left = [item.nodeid for item in left_out(config(), [*one, *other])]
    assert len(left) == 6
    assert {name.partition("::")[0] for name in left} == {"tests/e2e/x.py"}
    assert len({name.partition("[")[0] for name in left}) == 3


def test_tests_that_share_a_name_share_a_sample() -> None:
    assert len(left_out(config(), TOGETHER)) == 5


@pytest.mark.parametrize("asked", [{"long": True}, {"keyword": "a"}, {"source": SOURCES.ARGS}])
def test_who_asks_for_all_or_for_a_part_gets_all_of_it(asked: Any) -> None:
    assert left_out(config(**asked), [*EACH, *TOGETHER]) == []
