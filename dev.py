#!/usr/bin/env python3
"""Set up this checkout and run it: needs Python 3.11 or later and nothing else.

    python3 dev.py try      apply examples/quickstart on the embedded platform
    python3 dev.py test     run all tests (further arguments go to pytest)
    python3 dev.py check    run linters, types, layers and the package build

Everything is installed into `.venv` beside this file, once, and again when pyproject.toml changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    ("build", "--outdir", "build/dist"),
)
UNPACKED = ROOT / "build" / "unpacked"


def main() -> int:
    """Run what the command line names and give its exit code."""
    if sys.version_info < (3, 11):
        print("Python 3.11 or later is needed, this is", sys.version.split()[0], file=sys.stderr)
        return 1
    command, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if command == "try":
        install("")
        return run(BIN / "reconciler", "apply", "-y", "-f", "examples/quickstart", *rest)
    if command == "test":
        install("[test]")
        at_once = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
        return run(PYTHON, "-m", "pytest", *at_once, *rest)
    if command == "check":
        install("[test,dev]")
        shutil.rmtree(ROOT / "build", ignore_errors=True)
        return max(run(*tool(check)) for check in CHECKS) or check_wheel()
    print(__doc__, file=sys.stderr)
    return 64


def install(extras: str) -> None:
    """Make the virtual environment hold the project with `extras`, unless it does already."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode())
    stamp = VENV / f"installed{extras}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    if not PYTHON.exists():
        print(f"Making {VENV} …", file=sys.stderr)
        venv.create(VENV, with_pip=True)
    print(f"Installing reconciler{extras} into {VENV} …", file=sys.stderr)
    pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, "--editable", f"{ROOT}{extras}"), check=True)
    stamp.write_text(wanted.hexdigest())


def check_wheel() -> int:
    """Run what a user would get: the package from the wheel, not from this checkout."""
    (wheel,) = (ROOT / "build" / "dist").glob("*.whl")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if code := run(*pip, "--no-deps", "--target", UNPACKED, wheel):
        return code
    manifest = ROOT / "examples" / "quickstart"
    ours = ("validate", "-f", manifest), ("schema", "manifest"), ("schema", "plan")
    return max(run(PYTHON, "-m", "reconciler", *words, folder=UNPACKED) for words in ours)


def tool(check: tuple[str, ...]) -> tuple[object, ...]:
    """Give the command line of a check, by module where the tool has one."""
    name, *arguments = check
    return (PYTHON, "-m", name, *arguments) if name == "build" else (BIN / name, *arguments)


def run(*command: object, folder: Path = ROOT) -> int:
    """Run a command in a folder, with the virtual environment first on the path."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    words = [str(part) for part in command]
    return subprocess.run(words, check=False, cwd=folder, env=environment).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
