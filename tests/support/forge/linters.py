"""The programs that check files for forges; the `test` extra brings them: none is skipped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import reconciler.manifest.checking.lean  # noqa: F401 - jsonschema without its dear grammar
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


@cache
def _schema(name: str) -> Any:
    from jsonschema.validators import validator_for  # noqa: PLC0415 - see above

    found = files("check_jsonschema.builtin_schemas") / "vendor" / f"{name}.json"
    read = json.loads(found.read_text(encoding="utf-8"))
    return validator_for(read)(read)


def schema(name: str, paths: Iterable[Path]) -> None:
    """Hold files against a forge's own schema, as check-jsonschema brings it.

    In this process: that program takes two seconds of CPU to start, and so does `jsonschema_rs`
    with a schema of this size.

    Raises:
        AssertionError: if one is not as the schema wants it.
    """
    for file in paths:
        read = YAML(typ="safe", pure=True).load(file)
        told = [f"{e.json_path}: {e.message}" for e in _schema(name).iter_errors(read)]
        assert not told, "\n".join([f"{file}: not as the schema {name} wants it", *told])


def workflows(files: Iterable[Path]) -> None:
    """Check workflows of GitHub, also the shell in them."""
    given = [*files]
    checked("actionlint", "-no-color", "-shellcheck", str(_BIN / "shellcheck"), *given)
    schema("github-workflows", given)


def audited(*paths: Path) -> None:
    """Look for what makes workflows and actions dangerous, as far as no network is needed."""
    checked("zizmor", "--offline", "--no-progress", "--persona", "regular", *paths)


def shells(files: Iterable[Path], *words: str) -> None:
    """Check shell scripts."""
    checked("shellcheck", "-x", "-P", "SCRIPTDIR", *words, *files)
