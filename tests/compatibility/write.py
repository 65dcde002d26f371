"""Write what a version leaves behind, by the code of that version itself.

    python -m tests.compatibility.write [COMMIT …]

For each commit (HEAD if none is named) a folder beside this file: a manifest, plans, journals, a
file of the embedded platform, and a repository with scans, findings and snapshots, where that
version had them. `test_compatibility.py` reads all of them with the code of today. What was written
is never written anew: a folder that is there is refused.

The commit is checked out into a folder of its own and installed into a virtual environment of its
own, with the libraries that its `constraints.txt` names. All of that is gone at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
#: What every version calls the folder that the storage `raw` is; tests read it elsewhere.
PLACE = Path("/tmp/reconciler-compatibility")
#: When all files of the storage were last written, in seconds since 1970; git does not keep that.
WRITTEN = 1_767_225_600
FILES = {
    "a.raw": b"first",
    "deep/b.raw": b"second" * 40,
    "deep/deeper/c d.raw": b"third",
    "gone.raw": b"to be deleted",
    "rotten.raw": b"as it was",
}
ROTTEN = b"as it i5 "
EXTRAS = ("s3", "recovery")

MANIFEST = f"""\
version: 1
platform: sqlite:///platform.db
policy: {{undeclared: fail, max_removals: 2, protect: [minio]}}
defaults: {{region: eu-central-2}}
storages:
  - {{name: raw, label: Raw frames, type: local, default_url: {PLACE}/raw}}
  - {{name: frames, label: Frames, type: S3, bucket: lab-frames}}
  - {{name: minio, label: On-premise, type: S3, default_url: "https://storage-server:9000/bucket"}}
  - {{name: scratch, label: "äöü $$ \\U0001F52C", type: local, default_url: /data/scratch}}
"""
CHANGED = (
    MANIFEST.replace("name: frames, label: Frames", "name: pictures, renamed_from: [frames]")
    .replace("Raw frames", "Raw")
    .replace("  - {name: scratch", "  - {name: new, label: '', type: S3, bucket: lab-new}\n#")
    + "removed:\n  - {name: scratch}\n"
)
#: An undeclared storage blocks it.
BLOCKED = "".join(line for line in MANIFEST.splitlines(keepends=True) if "minio, l" not in line)

#: What is run, in this order. A version without a command is told by its exit code 64.
BEFORE = (
    "plan -f storages.yaml --out create.json",
    "apply create.json --journal journal",
    "plan -f changed.yaml --out change.json",
    "plan -f blocked.yaml --out blocked.json",
)
SCANS = (
    "scan raw -f storages.yaml --into repository",
    "snapshot create repository -f storages.yaml",
)
AFTER = (
    *SCANS,
    "verify repository -f storages.yaml --deep",
    "snapshot create repository -f storages.yaml",
)
#: On a copy of the platform, so that the journals tell of changes and removals too.
AT_LAST = ("apply -y -f changed.yaml --journal journal",)


def main() -> None:
    """Write for each commit that is named."""
    for commit in sys.argv[1:] or ("HEAD",):
        write(commit)


def write(commit: str) -> None:
    """Make the folder of one commit."""
    number, short, date = (
        git(*words, commit)
        for words in (
            ("rev-list", "--count"),
            ("rev-parse", "--short=7"),
            ("log", "-1", "--format=%cI"),
        )
    )
    goal = HERE / "versions" / f"{int(number):05}-{short}"
    if goal.exists():
        sys.exit(f"{goal.name} is there already: what a version wrote is never written anew")
    if PLACE.exists():
        sys.exit(f"{PLACE} is there already: another run of this script has it, or has left it")
    with tempfile.TemporaryDirectory(prefix="compatibility-") as folder:
        source, work = Path(folder, "source"), PLACE / "work"
        source.mkdir()
        archive = subprocess.run(
            ("git", "-C", ROOT, "archive", commit), check=True, capture_output=True
        )
        subprocess.run(("tar", "-x", "-C", source), input=archive.stdout, check=True)
        python = installed(source, Path(folder, "venv"))
        try:
            work.mkdir(parents=True)
            done = play(python, work)
            version = run(python, work, "--version")["stdout"].split()[-1]
            told = {"commit": short, "date": date, "version": version, "commands": done}
            (work / "written.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            goal.parent.mkdir(exist_ok=True)
            left_out = shutil.ignore_patterns(".reconciler", "*-wal", "*-shm")
            shutil.copytree(work, goal, ignore=left_out)
        finally:
            shutil.rmtree(PLACE, ignore_errors=True)
    size = sum(path.stat().st_size for path in goal.rglob("*") if path.is_file())
    print(f"{goal.name}: {size:,} bytes; " + ", ".join(f"{row['exit']}" for row in done))


def play(python: Path, work: Path) -> list[dict[str, Any]]:
    """Run all commands and return what was run, with exit codes."""
    for name, text in ("storages", MANIFEST), ("changed", CHANGED), ("blocked", BLOCKED):
        (work / f"{name}.yaml").write_text(text, encoding="utf-8")
    lay(PLACE / "raw")
    done = [applied(python, work, line) for line in BEFORE]
    done += [run(python, work, line) for line in SCANS]
    rot(PLACE / "raw")
    done += [run(python, work, line) for line in AFTER]
    kept = work / "kept.db"
    shutil.copy(work / "platform.db", kept)
    done += [applied(python, work, line) for line in AT_LAST]
    for name in ("platform.db", "platform.db-wal", "platform.db-shm"):
        (work / name).unlink(missing_ok=True)
    kept.rename(work / "platform.db")
    return [{name: row[name] for name in ("command", "exit")} for row in done]


def applied(python: Path, work: Path, line: str) -> dict[str, Any]:
    """Run a command; without its journal where the version knows of none."""
    done = run(python, work, line)
    if done["exit"] == 64 and " --journal" in line:
        done = run(python, work, line.partition(" --journal")[0])
    return done


def lay(folder: Path) -> None:
    """Lay the files of a storage, as they were at first."""
    for name, data in FILES.items():
        put(folder / name, data)


def rot(folder: Path) -> None:
    """Let a file rot, delete one and add one."""
    put(folder / "rotten.raw", ROTTEN)
    (folder / "gone.raw").unlink()
    put(folder / "late.raw", b"late")


def put(path: Path, data: bytes) -> None:
    """Write a file with a time that says nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (WRITTEN, WRITTEN))


def installed(source: Path, home: Path) -> Path:
    """Install a checkout into a virtual environment, and return its Python."""
    uv = shutil.which("uv")
    venv = (uv, "venv", "--quiet", "--python") if uv else ()
    subprocess.run((*venv, sys.executable, *(() if uv else ("-m", "venv")), home), check=True)
    python = home / "bin" / "python"
    project = (source / "pyproject.toml").read_text(encoding="utf-8")
    extras = ",".join(name for name in EXTRAS if f"\n{name} = [" in project)
    limits = source / "constraints.txt"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if uv:
        pip = (uv, "pip", "install", "--quiet", "--python", python)
    constrained = ("-c", limits) if limits.exists() else ()
    # Not editable: what was built is what users have.
    subprocess.run((*pip, *constrained, f"{source}[{extras}]"), check=True)
    return python


def run(python: Path, folder: Path, line: str) -> dict[str, Any]:
    """Run a command of the version, and tell how it ended."""
    environment = {**os.environ, "CI": "", "GITHUB_ACTIONS": ""}
    environment = {k: v for k, v in environment.items() if not k.startswith(("PYTHON", "GITHUB"))}
    told = subprocess.run(
        (python, "-m", "reconciler", *line.split()),
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    if os.environ.get("VERBOSE"):
        print(f"$ {line}\n{told.stdout}{told.stderr}[{told.returncode}]")
    return {"command": line, "exit": told.returncode, "stdout": told.stdout}


def git(*words: str) -> str:
    """Ask git of this checkout."""
    asked = ("git", "-C", str(ROOT), *words)
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
