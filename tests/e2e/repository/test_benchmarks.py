"""The benchmarks of the docs run, on a handful of storages; no figure is judged.

octoDNS is left out: it would have to be installed, and what runs it is the same loop. What then
is the same command runs once.
"""

import json
import re
import shlex
import subprocess
import sys

import pytest

from support.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
COMMANDS = sorted(
    {
        tuple(w for w in shlex.split(line, comments=True)[1:] if w != "--octodns")
        for line in re.findall(r"^\$ (python .+/run\.py.*)$", PAGE.read_text("utf-8"), re.M)
    }
)
OVER_HTTP = "python tests/benchmarks/over_http.py"
OBJECTS = "python tests/benchmarks/objects.py"
DUE = "python tests/benchmarks/due.py"
SURVIVING = "python tests/benchmarks/surviving.py"
#: Each commit runs one of these scripts.
SOME = pytest.mark.sampled(1, of="benchmarks")
MEASUREMENTS = ("bare pass", "validate", "plan without changes", "plan of creates", "apply")


def run(command):
    done = subprocess.run(
        [sys.executable, *command, "--sizes", "5", "--runs", "1"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@SOME
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_of_the_page_runs(command):
    printed = run(command)
    if "--json" in command:
        assert json.loads(printed)
    elif "--only" not in command:
        assert [name for name in MEASUREMENTS if name not in printed] == []


@SOME
def test_the_measurements_over_http_run():
    assert f"$ {OVER_HTTP}\n" in PAGE.read_text(encoding="utf-8")
    few = ["--storages", "5", "--creates", "5", "--rows", "5", "--runs", "1"]
    line = [sys.executable, *OVER_HTTP.split()[1:], *few]
    done = subprocess.run(line, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("list of 5: client and server", "5 creates: apply", "5 rows in: server, memory"):
        assert name in done.stdout


@SOME
def test_the_measurements_of_what_is_due_run():
    assert f"$ {DUE} --rows 10000000 --runs 2\n" in PAGE.read_text(encoding="utf-8")
    line = [sys.executable, *DUE.split()[1:], "--rows", "500", "--runs", "1"]
    done = subprocess.run(line, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert "500 files; CPU: " in done.stdout
    assert "ours / table, " in done.stdout


@SOME
def test_the_measurements_of_surviving_run():
    assert f"$ {SURVIVING}\n" in PAGE.read_text(encoding="utf-8")
    line = [sys.executable, *SURVIVING.split()[1:], "--operations", "40", "--runs", "1"]
    done = subprocess.run(line, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("40 operations: bare writes", "apply, from its journal", "after a kill"):
        assert name in done.stdout


@SOME
def test_the_measurements_of_buckets_run():
    assert f"$ {OBJECTS}" in PAGE.read_text(encoding="utf-8")
    line = [sys.executable, *OBJECTS.split()[1:], "--count", "70", "--runs", "1"]
    done = subprocess.run(line, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("70 objects", "curl, one process", "list and read, without hashing"):
        assert name in done.stdout


@pytest.mark.long
def test_the_measurements_of_hashing_run():
    line = "python tests/benchmarks/hashing.py"
    assert f"$ {line} --folder /dev/shm/hs --large 10000" in PAGE.read_text(encoding="utf-8")
    few = ["--large", "2", "--small", "3", "--listed", "4", "--runs", "1"]
    command = [sys.executable, *line.split()[1:], *few]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("large: 2 MiB", "read and hashed by us, 1 thread", "listing 4 files"):
        assert name in done.stdout


@pytest.mark.long
def test_the_measurements_of_a_second_scan_run():
    line = "python tests/benchmarks/scanning.py"
    assert f"$ {line} --folder /dev/shm" in PAGE.read_text(encoding="utf-8")
    command = [sys.executable, *line.split()[1:], "--files", "5", "--runs", "1"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("5 files, 1 runs", "find -printf", "scan / find: "):
        assert name in done.stdout


@pytest.mark.long
def test_the_measurements_of_rebuilds_run():
    line = "python tests/benchmarks/rebuilding.py"
    assert f"$ {line} --storages 1000" in PAGE.read_text(encoding="utf-8")
    few = ["--storages", "5", "--records", "2", "--runs", "1"]
    command = [sys.executable, *line.split()[1:], *few]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("5 storages over HTTP: apply", "10 records over HTTP, verified", "in a file"):
        assert name in done.stdout


@pytest.mark.long
def test_the_measurements_of_a_cluster_run():
    line = "python tests/benchmarks/cluster.py"
    assert f"$ {line} --folder /dev/shm --runs 2\n" in PAGE.read_text(encoding="utf-8")
    few = ["--tasks", "4", "--files", "2", "--made", "4", "--runs", "1"]
    command = [sys.executable, *line.split()[1:], *few]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("4 tasks, 8 MiB in all", "2 threads", "tasks that do nothing", "Dask, 2 workers"):
        assert name in done.stdout


def test_the_page_has_commands():
    assert len(COMMANDS) >= 3


@SOME
def test_the_measurements_of_snapshots_run():
    page = PAGE.read_text(encoding="utf-8")
    line = re.search(r"^\$ python (tests/benchmarks/snapshots\.py) --rows [\d ]+", page, re.M)
    few = ["--rows", "3000", "--runs", "1"]
    command = [sys.executable, line[1], *few]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, encoding="utf-8")
    for name in ("3,000 rows ", "compare, 5 % differ", "compare, inventory in any order"):
        assert name in done.stdout
    assert done.stderr == ""
