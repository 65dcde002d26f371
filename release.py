#!/usr/bin/env python3
"""Make a release of the commit that is checked out; dev.py sets up what that needs.

python3 release.py build     write wheel, source and bill of materials into build/release
python3 release.py tag TAG   say whether a tag, the version and the changelog agree
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import dev

VERSION = dev.ROOT / "reconciler" / "version.py"
CHANGELOG = dev.ROOT / "CHANGELOG.md"
RELEASE = dev.ROOT / "build" / "release"
#: The extras that are in the image and in the bill of materials: all that are for users.
SHIPPED = (*dev.USERS, "dask")
#: The form of a bill of materials; it is held against the schema of its version.
BILL = ("--output-reproducible", "--spec-version", "1.6", "--validate")


def main() -> int:
    """Run what the command line names and give its exit code."""
    commands = {"build": build, "tag": tag}
    command, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if command in commands:
        return commands[command](*rest)
    asked = command in ("help", "--help", "-h")
    print(__doc__, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 64


def build(*_rest: str) -> int:
    """Write what is released: the same bytes from the same commit, wherever it is built.

    What else lies in the checkout, and what was changed there since, is no part of it.
    """
    dev.install("[test,dev]")
    shutil.rmtree(RELEASE, ignore_errors=True)
    tool = (dev.binary("python"), "-m", "build", "--no-isolation", "--outdir", RELEASE)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        if code := committed(source) or dev.run(*tool, folder=source, quiet=True):
            return code
        (wheel,) = RELEASE.glob("*.whl")
        return bill_of_materials(source, wheel, wheel.with_suffix(".cdx.json"))


def committed(goal: Path) -> int:
    """Write the files of the commit that is checked out, byte for byte, into a folder."""
    line = ("git", "-c", "core.autocrlf=false", "archive", "--format=tar", "HEAD")
    done = subprocess.run(line, check=False, cwd=dev.ROOT, stdout=subprocess.PIPE)
    if done.returncode == 0:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
            files.extractall(goal, filter="data")
    return done.returncode


def bill_of_materials(source: Path, wheel: Path, goal: Path) -> int:
    """Tell in CycloneDX, held against its schema, what a wheel of this source is installed with."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        constrained = dict.fromkeys(dev.CONSTRAINED, str(source / dev.CONSTRAINTS.name))
        dev.pip(home, f"{wheel}[{','.join(SHIPPED)}]", environment=constrained)
        # What is in every virtual environment is no part of us.
        gone = (dev.binary("python", home), "-m", "pip", "uninstall", "--quiet", "--yes")
        if code := dev.run(*gone, "setuptools", "pip", quiet=True):
            return code
        told = ("environment", dev.binary("python", home), "--pyproject", source / dev.PROJECT.name)
        return dev.run(dev.binary("cyclonedx-py"), *told, *BILL, "-o", goal)


def tag(*given: str) -> int:
    """Say what keeps a tag from being a release."""
    version = re.search(r'__version__ = "(.*)"', VERSION.read_text(encoding="utf-8"))
    wanted = version[1] if version else ""
    told = CHANGELOG.read_text(encoding="utf-8")
    wrong = []
    if given != (f"v{wanted}",):
        wrong.append(f"{VERSION.name} says {wanted}: its tag is v{wanted}, not {' '.join(given)}")
    if not re.search(rf"^## \[{re.escape(wanted)}\] - \d{{4}}-\d\d-\d\d$", told, re.MULTILINE):
        wrong.append(f"{CHANGELOG.name} has no heading `## [{wanted}] - YYYY-MM-DD`")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
