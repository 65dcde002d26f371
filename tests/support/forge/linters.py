"""The programs that check files for forges; the `test` extra brings them: none is skipped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from support.repository import ROOT

_BIN = Path(sys.executable).parent


def checked(program: str, *words: str | Path) -> str:
    """Run a program and give what it finds; nothing if it is content.

    Raises:
        AssertionError: if it finds something, in its own words.
    """
    done = subprocess.run(
        [_BIN / program, *words],
        cwd=ROOT,
        env={"PATH": f"{_BIN}:/usr/bin:/bin", "HOME": "/nonexistent", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, f"{program}\n{told}"
    return told


def workflows(files: Iterable[Path]) -> None:
    """Check workflows of GitHub, also the shell in them."""
    given = [*files]
    checked("actionlint", "-no-color", "-shellcheck", str(_BIN / "shellcheck"), *given)
    schema("vendor.github-workflows", given)


def audited(*paths: Path) -> None:
    """Look for what makes workflows and actions dangerous, as far as no network is needed."""
    checked("zizmor", "--offline", "--no-progress", "--persona", "regular", *paths)


def schema(name: str, files: Iterable[Path]) -> None:
    """Hold files against a schema that check-jsonschema has built in."""
    checked("check-jsonschema", "--builtin-schema", name, *files)


def shells(files: Iterable[Path], *words: str) -> None:
    """Check shell scripts."""
    checked("shellcheck", "-x", "-P", "SCRIPTDIR", *words, *files)
