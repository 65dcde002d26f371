"""What the happy path may import: everything else costs every user time at every call."""

import json
import subprocess
import sys

import pytest

#: Top-level packages beyond the standard library.
OURS = {"reconciler"}
HELP = OURS
PLAN = OURS | {"msgspec", "yaml", "_yaml", "jsonschema_rs", "typing_extensions"}
#: Parts of the standard library that are too dear for what they would be used for.
DEAR = {"asyncio", "concurrent", "dataclasses", "http", "logging", "multiprocessing"}
DUMP = """
import sys
before = set(sys.modules)
from reconciler.cli.main import main
code = main(sys.argv[1:])
names = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
import json
json.dump([code, names], sys.stderr)
"""
MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages: [{name: x, type: local, default_url: /x}]
"""


def imported(folder, *arguments):
    command = [sys.executable, "-c", DUMP, *arguments]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    code, names = json.loads(told.stderr.splitlines()[-1])
    assert code == 0
    return set(names)


def foreign(names):
    # PyYAML's C module registers its runtime, which is no package.
    return {name for name in names if "cython" not in name} - set(sys.stdlib_module_names)


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["--version"]])
def test_help_imports_nothing_but_ourselves(tmp_path, arguments):
    names = imported(tmp_path, *arguments)
    assert foreign(names) <= HELP
    assert not names & (DEAR | {"typing", "pathlib", "shutil", "sqlite3", "json", "inspect"})


@pytest.mark.parametrize("kind", ["names", "runs"])
def test_a_completion_imports_even_less(tmp_path, kind):
    (tmp_path / "storages.yaml").write_text(MANIFEST.replace("name: x", "name: a $ and $$"))
    names = imported(tmp_path, "__offer", "zsh", kind, "", "list")
    assert foreign(names) <= HELP
    assert not names & (DEAR | {"typing", "argparse", "textwrap", "json", "socket", "inspect"})


def test_help_of_a_command_imports_that_command_alone(tmp_path):
    names = imported(tmp_path, "plan", "--help")
    assert foreign(names) <= PLAN
    assert not names & DEAR


def test_a_scan_by_threads_imports_no_cluster(tmp_path):
    (tmp_path / "nas").mkdir()
    (tmp_path / "storages.yaml").write_text(MANIFEST.replace("/x}", f"{tmp_path}/nas}}"))
    imported(tmp_path, "apply", "-y")
    names = imported(tmp_path, "scan", "--into", "proofs", "-q")
    assert "pyarrow" in names
    assert not names & {"dask", "distributed"}


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_plan_imports_what_it_needs(tmp_path, command):
    (tmp_path / "storages.yaml").write_text(MANIFEST)
    names = imported(tmp_path, command)
    assert foreign(names) <= PLAN
    assert not names & DEAR
