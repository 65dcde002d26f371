"""How large folders, files and functions may be: docs/decisions/0015."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.repository import ROOT

PACKAGE = ROOT / "reconciler"
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}
MODULES, LINES, BODY = 14, 300, 45


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_folder_holds_more_modules_than_one_can_take_in() -> None:
    folders: dict[Path, int] = {}
    for name in SOURCES:
        folder = Path(name).parent
        folders[folder] = folders.get(folder, 0) + 1
    assert {str(folder): count for folder, count in folders.items() if count > MODULES} == {}


def test_no_file_is_long() -> None:
    lengths = {name: len(source.splitlines()) for name, source in SOURCES.items()}
    assert {name: length for name, length in lengths.items() if length > LINES} == {}


def test_no_function_is_long() -> None:
    lengths = {
        f"{name}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name, tree in TREES.items()
        for function in functions(tree)
    }
    assert {name: length for name, length in lengths.items() if length > BODY} == {}


def test_tests_lie_where_what_they_test_lies() -> None:
    tests = ROOT / "tests" / "unit"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    strange = [str(folder) for folder in folders if not (PACKAGE / folder).is_dir()]
    assert strange == ["support"]  # tests of what tests are made with
