"""How large folders, files and functions may be, and where imports stand: docs/decisions/0015."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.repository import ROOT

PACKAGE = ROOT / "reconciler"
#: A comment that is for people; what tools are told is no reason.
REASON = re.compile(r"# (?!type:|noqa)")
INDENTED = re.compile(r"^[ \t]+(?:import|from)\b", re.MULTILINE)
MODULES, LINES, BODY, LATE = 14, 300, 45, 20


@cache
def sources() -> dict[str, str]:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def late_imports(source: str) -> dict[int, bool]:
    """Say, for the line of each import inside a function, whether a comment tells why."""
    lines = source.splitlines()
    found = {}
    if not INDENTED.search(source):  # to parse is dear
        return found
    for function in functions(ast.parse(source)):
        because = False
        within = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
        for number in sorted(node.lineno for node in within):
            near = lines[max(number - 3, function.lineno) : number]
            because = because or any(REASON.search(line) for line in near)
            found[number] = because
    return found


def test_no_folder_holds_more_modules_than_one_can_take_in() -> None:
    folders: dict[Path, int] = {}
    for name in sources():
        folder = Path(name).parent
        folders[folder] = folders.get(folder, 0) + 1
    assert {str(folder): count for folder, count in folders.items() if count > MODULES} == {}


def test_no_file_is_long() -> None:
    lengths = {name: len(source.splitlines()) for name, source in sources().items()}
    assert {name: length for name, length in lengths.items() if length > LINES} == {}


def test_no_function_is_long() -> None:
    lengths = {
        f"{name}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name, source in sources().items()
        for function in functions(ast.parse(source))
    }
    assert {name: length for name, length in lengths.items() if length > BODY} == {}


def test_tests_lie_where_what_they_test_lies() -> None:
    tests = ROOT / "tests" / "unit"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    strange = [str(folder) for folder in folders if not (PACKAGE / folder).is_dir()]
    assert strange == ["support"]  # tests of what tests are made with


def test_imports_stand_at_the_top_but_for_a_few_that_say_why() -> None:
    late = {
        f"{name}:{line}": because
        for name, source in sources().items()
        for line, because in late_imports(source).items()
    }
    assert len(late) <= LATE, "\n".join(late)
    assert [place for place, because in late.items() if not because] == []


def test_an_import_inside_a_function_is_found() -> None:
    source = (
        "import a\n"
        "def f():\n    import b  # dear\n    return b\n"
        "def g():\n    import c  # noqa: X\n"
    )
    assert late_imports(source) == {3: True, 6: False}
