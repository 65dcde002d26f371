"""Who writes: the executor for apply, `storages` for scripts, and no other module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import reconciler

PACKAGE = Path(reconciler.__file__).parent
WRITES = {"create", "update", "remove", "record_inventory"}
#: `storages` has the surface of the vendor's SDK: its caller is the writer.
WRITERS = {
    "executor/attempt.py": ["writer.create", "writer.remove", "writer.update"],
    "executor/recording.py": ["writer.record_inventory"],
    "storages/storage.py": ["writer.create", "writer.remove", "writer.update"],
}
#: What may be called `writer` outside the executor: opening it, handing it on, reading, closing.
SOURCES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    # The state server is a platform's other end: what it writes to is its own database.
    if "server" not in path.relative_to(PACKAGE).parts
)


def written_by(source: str) -> list[str]:
    """List the calls, in a module, that look like a write to a platform.

    `update` and `remove` are methods of dicts and lists too: those take no keyword and are told
    apart by their arguments, as the protocol's own have keywords that must be given.
    """
    found = []
    if not any(name in source for name in WRITES):  # to parse is dear
        return found
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.func.attr
        keywords = {keyword.arg for keyword in node.keywords}
        told = name in ("create", "record_inventory") or keywords & {"label", "holds_files"}
        on_writer = "writer" in ast.unparse(node.func.value).lower()
        if name in WRITES and (told or on_writer):
            found.append(ast.unparse(node.func))
    return found


def platform_of(path: Path) -> bool:
    return path.parent.name == "platforms"


def test_only_the_executor_and_storages_write() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): sorted(written_by(path.read_text(encoding="utf-8")))
        for path in SOURCES
    }
    assert {name: calls for name, calls in found.items() if calls} == WRITERS


@pytest.mark.parametrize(
    "call",
    [
        "platform.writer(wait=1).create(values)",
        "w.create(values)",
        "w.update(live, name=None, label='x')",
        "w.remove(live, holds_files=True)",
        "self._writer.remove(live)",
        "w.record_inventory(id, rows)",
    ],
)
def test_a_write_is_found(call: str) -> None:
    assert written_by(call)


@pytest.mark.parametrize("call", ["keys.update(other)", "names.remove(name)", "writer.find(id=1)"])
def test_other_calls_are_not_mistaken_for_one(call: str) -> None:
    assert written_by(call) == []


def test_only_reconcile_the_client_and_the_platforms_open_a_writer() -> None:
    opened = [
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCES
        if not platform_of(path) and "writer" in (source := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "writer"
        and ast.unparse(node.func) != "csv.writer"
    ]
    assert sorted(set(opened)) == ["client.py", "reconcile.py"]
