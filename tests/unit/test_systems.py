"""What would go wrong on other systems than the one that the tests run on, as far as that shows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import ROOT

PACKAGE = ROOT / "reconciler"
#: What `.github/workflows/tests.yml` runs on all systems, and what these tests share.
ON_ALL = ("support", "unit", "contract", "compatibility")
#: Modules that Windows lacks.
POSIX = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty"}
WANTED = re.compile(rf"^\s*import ({'|'.join(POSIX)})\b", re.MULTILINE)
GUARD = "sys.platform"


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Find the calls of `os.NAME` in the package."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        if f"os.{name}" in (source := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"os.{name}"
    ]


def test_no_file_is_opened_for_writing_by_a_descriptor_that_changes_line_ends() -> None:
    """Windows writes other line ends through a descriptor that was opened without O_BINARY."""
    missing = []
    for place, call in calls("open"):
        source = (ROOT / place.rpartition(":")[0]).read_text(encoding="utf-8")
        flags = ast.unparse(call.args[1])
        if "O_" not in flags:  # a name: what was put together just before, or for the module
            flags = source
        if "os.devnull" not in ast.unparse(call.args[0]) and "O_WRONLY" in flags:
            missing += [] if "O_BINARY" in flags else [place]
    assert missing == []


def test_what_windows_lacks_is_imported_elsewhere_only() -> None:
    """Also by what the tests share: Windows could collect none of them."""
    wrong = []
    folders = [PACKAGE, *(ROOT / "tests" / name for name in ON_ALL)]
    for path in (ROOT / "dev.py", *(path for each in folders for path in each.rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        if not WANTED.search(text):
            continue
        tree = ast.parse(text)
        guarded = {
            within
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and GUARD in ast.unparse(node.test)
            for within in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and node not in guarded:
                names = {name.name for name in node.names}
                wrong += [f"{path}:{node.lineno}"] if names & POSIX else []
    assert wrong == []


@pytest.mark.long
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_types_hold_on_other_systems(platform: str, tmp_path: Path) -> None:
    mypy = ("-m", "mypy", "--cache-dir", str(tmp_path), "--platform", platform)
    done = subprocess.run([sys.executable, *mypy], check=False, capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout.decode()
