#!/usr/bin/env python3
"""Set up this checkout and run it: needs Python 3.11 or later and nothing else.

    python3 dev.py try           apply examples/quickstart on the embedded platform
    python3 dev.py test          run the tests, of those with many values or that take long a sample
                                 that the commit chooses (further arguments go to pytest)
    python3 dev.py test tests    run every test, and of long campaigns a sample
    python3 dev.py test --long   run them with the long campaigns whole: an hour and more
    python3 dev.py check         run linters, types, layers and the package build
    python3 dev.py newest        run unit and contract tests with the newest libraries there are
    python3 dev.py lowest        run them with the lowest that pyproject.toml allows
    python3 dev.py constraints   add to constraints.txt what pyproject.toml newly names
                                 (--upgrade: move all of it to the newest libraries there are)

Everything is installed into `.venv` beside this file, once, and again when pyproject.toml or
constraints.txt change. The versions come from constraints.txt, so that somebody else's release
changes nothing here; `newest` and `lowest` have virtual environments of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
VENV = ROOT / ".venv"
#: How pip is told of the constraints, also where it builds a package; newer ones want the second.
CONSTRAINED = {"PIP_CONSTRAINT": str(CONSTRAINTS), "PIP_BUILD_CONSTRAINT": str(CONSTRAINTS)}
#: Where pip finds packages, under the names that uv has for it.
SOURCES = {
    "UV_DEFAULT_INDEX": "index-url",
    "UV_INDEX": "extra-index-url",
    "UV_FIND_LINKS": "find-links",
}
#: The extras that are for users.
USERS = ("server", "postgresql", "s3", "recovery", "socks", "html", "notify")
NAME = "jetraw-reconciler"

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    # Not in an environment of its own: what builds is installed here, in the version that we name.
    ("build", "--no-isolation", "--outdir", "build/dist"),
)
UNPACKED = ROOT / "build" / "unpacked"
COVERAGE = ("--cover",)
#: How many bytes must be free in memory for the temporary files of all tests.
ROOM = 6 << 30
#: What `newest` and `lowest` run: the tests that meet every library closely.
CLOSE = ("tests/unit", "tests/contract")


def main() -> int:
    """Run what the command line names and give its exit code."""
    if sys.version_info < (3, 11):
        print("Python 3.11 or later is needed, this is", sys.version.split()[0], file=sys.stderr)
        return 1
    command, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    commands = {
        "try": try_it,
        "test": test,
        "check": check,
        "newest": newest,
        "lowest": lowest,
        "constraints": constraints,
    }
    if command in commands:
        return commands[command](*rest)
    asked = command in ("help", "--help", "-h")
    print(__doc__, file=sys.stdout if asked else sys.stderr)
    if command and not asked:
        print(f"dev.py: there is no {command!r}: one of {', '.join(commands)}", file=sys.stderr)
    return 0 if asked else 64


def try_it(*rest: str) -> int:
    """Apply the quickstart."""
    install("")
    return run(binary("reconciler"), "apply", "-y", "-f", "examples/quickstart", *rest)


def test(*rest: str) -> int:
    """Run the tests; unless only some are named, with what they cover."""
    install("[test,dev]")
    if rest:
        return pytest(VENV, *(() if set(rest) - {"--long"} else COVERAGE), *rest)
    with in_memory() as environment:
        base = (f"--basetemp={folder}/t" for folder in environment.values())
        return pytest(VENV, *COVERAGE, *base, environment=environment)


def check(*_rest: str) -> int:
    """Run all checks, and say which of them failed."""
    install("[test,dev]")
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = pool.map(lambda check: run(*tool(check), whole=True), CHECKS)
        failed = [" ".join(check) for check, code in zip(CHECKS, codes, strict=True) if code]
    if not failed and check_wheel():
        failed = ["the program in the wheel"]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def newest(*rest: str) -> int:
    """Run unit and contract tests with the newest versions of all libraries."""
    home = ROOT / ".venv-newest"
    pip(home, "--upgrade", "--upgrade-strategy", "eager", "--editable", f"{ROOT}[test]")
    return pytest(home, *(rest or CLOSE))


def lowest(*rest: str) -> int:
    """Run unit and contract tests with the lowest versions that users may have."""
    home, limits = ROOT / ".venv-lowest", ROOT / "build" / "lowest.txt"
    extras = project()["optional-dependencies"]
    users = [*project()["dependencies"], *(line for name in USERS for line in extras[name])]
    limits.parent.mkdir(exist_ok=True)
    limits.write_text("\n".join(map(lower_bound, users)), encoding="utf-8")
    # schemathesis wants newer libraries than users need; the close tests do without it.
    tools = [line for line in extras["test"] if not line.startswith((NAME, "schemathesis"))]
    ours = f"{ROOT}[{','.join(USERS)}]"
    pip(home, "--constraint", str(limits), *tools, "--editable", ours)
    return pytest(home, *(rest or CLOSE))


def project() -> dict[str, Any]:
    """Read what pyproject.toml says of the project."""
    import tomllib  # an older Python, which lacks it, has to get as far as our greeting

    table: dict[str, Any] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return table


def lower_bound(requirement: str) -> str:
    """Turn the lower bound of a requirement into the only version allowed."""
    bound = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=([0-9.]+)", requirement)
    if bound is None:
        sys.exit(f"dev.py: {requirement} in pyproject.toml needs a lower bound")
    return f"{bound[1]}=={bound[2]}"


def constraints(*rest: str) -> int:
    """Write versions that go together on every system and Python; keep those that do."""
    home = ROOT / ".venv-newest"
    pip(home, "--upgrade", "uv")
    wanted = (PROJECT, "--all-extras", "--universal", "--python-version", "3.11", *rest)
    plain = ("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links")
    uv = (binary("uv", home), "pip", "compile", "--quiet", *wanted, *plain)
    return run(*uv, "--output-file", CONSTRAINTS)


def install(extras: str) -> None:
    """Make the virtual environment hold the project with `extras`, unless it does already."""
    files = PROJECT.read_bytes() + CONSTRAINTS.read_bytes()
    wanted = hashlib.sha256(files + sys.version.encode()).hexdigest()
    stamp = VENV / f"installed{extras}"
    if binary("python").exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    ours = ("--editable", f"{ROOT}{extras}")
    # pip too: by it a user adds an extra, as messages and pages say.
    if not by_uv(VENV, "pip", *ours):
        pip(VENV, *ours, environment=CONSTRAINED)
    stamp.write_text(wanted)


def by_uv(home: Path, *words: str) -> bool:
    """Install with uv, from where pip would; return whether that could be done.

    It takes a tenth of the time; where it is not installed, the pip of this Python brings it.
    Whatever keeps that from working, a pip in the virtual environment may have a way.
    """
    ours = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    try:
        if not binary("python", home).exists():
            print(f"Making {home} …", file=sys.stderr)
            venv.create(home)
        program = shutil.which("uv") or binary("uv", home)
        if not Path(program).exists():
            there = (*ours, "--python", str(binary("python", home)), "install", "--quiet", "uv")
            subprocess.run(there, check=True, capture_output=True)
        config = (*ours, "config", "list")
        told = subprocess.run(config, check=True, capture_output=True, text=True).stdout
        found = dict(re.findall(r"^[^=]*\.([a-z-]+)='(.*)'$", told, re.MULTILINE))
        sources = {name: found[key] for name, key in SOURCES.items() if key in found}
        # As pip does, it takes the best of all of them.
        environment = {**os.environ, **sources, "UV_INDEX_STRATEGY": "unsafe-best-match"}
        limits = ("--constraint", CONSTRAINTS, "--build-constraint", CONSTRAINTS)
        uv = (program, "pip", "install", "--quiet", "--compile-bytecode", *limits)
        print(f"Installing {words[-1]} into {home} …", file=sys.stderr)
        line = [str(word) for word in (*uv, "--python", binary("python", home), *words)]
        subprocess.run(line, check=True, env=environment, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def pip(home: Path, *words: str, environment: dict[str, str] | None = None) -> None:
    """Install something into a virtual environment, which is made if it is not there."""
    if not binary("pip", home).exists():
        print(f"Making {home} …", file=sys.stderr)
        venv.create(home, with_pip=True)
    print(f"Installing {words[-1]} into {home} …", file=sys.stderr)
    quiet = ("--quiet", "--disable-pip-version-check")
    line = (str(binary("python", home)), "-m", "pip", "install", *quiet, *words)
    subprocess.run(line, check=True, env={**os.environ, **(environment or {})})


def pytest(home: Path, *words: str, environment: Mapping[str, str] | None = None) -> int:
    """Run pytest side by side: while one test waits for what hangs or is late, others compute."""
    at_once = ("-n", str(min(4, 2 + (os.cpu_count() or 1))), "--dist", "worksteal")
    line = (binary("python", home), "-m", "pytest", *at_once, *words)
    return run(*line, environment=environment)


@contextmanager
def in_memory() -> Iterator[dict[str, str]]:
    """Yield what has temporary files lie in memory, where the machine has room for them there.

    Nothing that the tests write is to be kept, and a disk is slower. With `--long`, or where some
    tests are named, they meet the disk that is there.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
    if not memory.is_dir() or shutil.disk_usage(memory).free < ROOM:
        yield {}
        return
    # A short name: programs tell their files by lines of a limited width.
    with tempfile.TemporaryDirectory(prefix="r", dir=memory) as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs as a user of its own
        yield {"TMPDIR": folder}


def binary(name: str, home: Path = VENV) -> Path:
    """Tell where a virtual environment has a program."""
    return home / "Scripts" / f"{name}.exe" if os.name == "nt" else home / "bin" / name


def check_wheel() -> int:
    """Run what a user would get: the package from the wheel, not from this checkout."""
    (wheel,) = (ROOT / "build" / "dist").glob("*.whl")
    unpack = (binary("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if code := run(*unpack, "--no-deps", "--target", UNPACKED, wheel):
        return code
    manifest = ROOT / "examples" / "quickstart"
    ours = ("validate", "-f", manifest), ("schema", "manifest"), ("schema", "plan")
    python = (binary("python"), "-m", "reconciler")
    return max(run(*python, *words, folder=UNPACKED, quiet=True) for words in ours)


def tool(check: tuple[str, ...]) -> tuple[object, ...]:
    """Return the command line of a check, by module where the tool has one."""
    name, *words = check
    return (binary("python"), "-m", name, *words) if name == "build" else (binary(name), *words)


def run(
    *command: object,
    folder: Path = ROOT,
    quiet: bool = False,
    whole: bool = False,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a command in a folder, with its virtual environment first on the path.

    What it prints is lost if `quiet`; if `whole` it is printed in one piece at its end.
    """
    words = [str(part) for part in command]
    path = f"{Path(words[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, **CONSTRAINED, "PATH": path, **(environment or {})}
    out = subprocess.DEVNULL if quiet else subprocess.PIPE if whole else None
    errors = subprocess.STDOUT if whole else None
    done = subprocess.run(
        words, check=False, cwd=folder, env=environment, stdout=out, stderr=errors, text=True
    )
    if whole:
        print(f"{Path(words[0]).name} {' '.join(words[1:])}\n{done.stdout}", end="", flush=True)
    return done.returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
