"""What every command does with its options, streams, signals and failures."""

import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.cli.commands import COMMANDS
from reconciler.server.calls.tokens import new_token
from support.commands.starting import until_it_waits

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("paln",), "did you mean plan?"),
        (("plan", "--ot", "x"), "did you mean --out?"),
        (("plan", "--detailed"), "--detailed-exitcode"),
        (("--fil", "x", "plan"), "--file"),
        (("plan", "stray"), "'stray'"),
        (("apply", "--", "plan.json", "-q"), "unexpected argument '-q'"),
        (("plan", "-o", "yaml"), "yaml"),
        (("plan", "-f"), "--file needs a value: PATH: manifest: a file"),
        (("scan", "--into"), "--into needs a value: REPO: the repository in which scans are kept"),
        (("snapshot",), "or prune, as in `reconciler snapshot create REPO`"),
        (
            ("snapshot", "p"),
            "say create, list, check or prune first, as in `reconciler snaps",
        ),
        (("snapshot", "chek", "p"), "say create, list, check or prune (did you mean check?)"),
        (("verify", "p", "--explain", "x"), "--explain needs values: STORAGE PATH: tell the story"),
        (("scan", "--repo", "p"), "unknown option --repo: `scan` takes `--into REPO`"),
        (("snapshot", "create"), "Error: REPO is missing: the repository: a folder"),
        (("verify", "a.yaml", "p"), "as in `reconciler verify p -f a.yaml`"),
        (("verify", "p", "a.yaml"), "as in `reconciler verify p -f a.yaml`"),
        (("verify", "p", "nas"), "storages are chosen with `--scope nas`"),
        (("verify", "nas", "s3://b/p"), "comes first, and storages are chosen with --scope: `rec"),
        (("snapshot", "list", "p", "q"), "unexpected argument 'q': one repository is named"),
        (("schema", "other"), "other"),
        (("init", "-o", "json"), "`init` has no -o json: it writes text"),
        (("plan", "--json"), "write `-o json`"),
        (("plan", "--auto-approve"), "it belongs to `apply`"),
        (("plan", "-out=plan.json"), "did you mean --out?"),
        (("-version",), "did you mean --version?"),
        (("plan", "storages.yaml"), "`reconciler plan -f storages.yaml`"),
        (("drift", "storages.yml"), "`reconciler drift -f storages.yml`"),
        (("plan", "-f", "a.yaml", "b.yaml"), "each manifest has a -f of its own"),
        (("plan", "plan.json"), "`reconciler show plan.json`"),
        (("lock",), "say show or release, as in `reconciler lock show`"),
        (("token",), "say create, list or revoke"),
        (("show",), "PLAN is missing"),
        (("apply", "--dry-run"), "`reconciler plan`"),
        (("plan", "-json"), "unknown option -json: write `-o json`"),
        (("plan", "-var", "a=b"), "unknown option -var: variables come from the environment"),
        (("plan", "-format=json"), "unknown option -format: write `-o json`"),
        (("destroy",), "unknown command 'destroy': name what is to go in `removed:`"),
        (("lint",), "unknown command 'lint': `validate` checks the manifest"),
        (("import", "nas"), "unknown command 'import': `export` writes"),
    ],
)
@pytest.mark.sampled(8)
def test_wrong_usage_is_64_with_help(folder, arguments, said):
    told = folder(*arguments, code=64)
    assert said in told.stderr
    assert "--help`" in told.stderr
    if "json" not in arguments:
        assert told.stdout == ""


@pytest.mark.parametrize(
    "line",
    ["{}", "plan {}", "-o {} plan", "token create ci --role {}", "token revoke ID {}", "apply -{}"],
)
def test_a_token_in_the_wrong_place_is_not_shown(folder, line):
    token = new_token().text.reveal()
    told = folder(*line.format(token).split(), code=64)
    assert token.rpartition("_")[0][:21] in told.stderr
    assert token.split("_", 2)[2] not in told.stderr
    assert token.split("_", 2)[2] not in told.stdout


def test_version(folder):
    assert folder("--version").stdout == f"reconciler {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-f", "a.yaml", "plan", "-f", "b.yaml", "-o", "json"),
        ("-o", "text", "-f", "a.yaml", "-f", "b.yaml", "plan", "-o", "json"),
        ("plan", "-o", "json", "-f", "a.yaml", "-f", "b.yaml"),
        ("--output=json", "plan", "-fa.yaml", "-fb.yaml"),
    ],
)
def test_global_options_stand_anywhere_and_add_up(folder, arguments):
    folder.write("version: 1\nplatform: sqlite:///p.db\n", "a.yaml")
    folder.write("version: 1\nstorages: [{name: x, type: local, default_url: /x}]\n", "b.yaml")
    plan = json.loads(folder(*arguments).stdout)
    assert [operation["name"] for operation in plan["operations"]] == ["x"]


def test_later_env_files_win_on_both_sides_of_the_command(folder):
    folder.write("NAME=one\n", "one.env")
    folder.write("NAME=two\n", "two.env")
    folder.write(
        "version: 1\nplatform: sqlite:///p.db\n"
        "storages: [{name: '${NAME}', type: local, default_url: /x}]\n"
    )
    told = folder("--env-file", "one.env", "plan", "-o", "json", "--env-file", "two.env")
    assert json.loads(told.stdout)["operations"][0]["name"] == "two"


def test_names_that_look_like_options(applied):
    told = applied("export", "-o", "json", "--", "--nas", code=64)
    assert "'--nas'" in told.stderr


@pytest.mark.parametrize(
    "command", ["plan", "plan -o html", "list", "export", "schema manifest", "--help"]
)
def test_a_closed_pipe_is_no_error(applied, command):
    told = applied.shell(f'("$0" {command}; echo "code $?" >&2) | true')
    assert told.stderr == "code 0\n"


def test_a_closed_pipe_does_not_stop_an_apply(quickstart):
    told = quickstart.shell('("$0" apply -y; echo "code $?" >&2) | true')
    assert told.stderr == "code 0\n"
    assert len(json.loads(quickstart("list", "-o", "json").stdout)["storages"]) == 3


@FULL
@pytest.mark.parametrize(
    "command",
    ["plan", "plan -o json", "plan -o html", "list", "export", "schema manifest", "--help"],
)
@pytest.mark.parametrize("target", ["/dev/full", "&-"])
def test_a_full_or_closed_output_is_an_error(applied, command, target):
    told = applied.shell(f'"$0" {command} >{target}')
    assert told.returncode == 1
    assert told.stderr.startswith("Error: can't write to standard output")
    assert told.stderr.count("\n") == 1


def test_closed_input_and_error_output(quickstart):
    told = quickstart.shell('"$0" apply <&-')
    assert told.returncode == 64
    assert "no terminal" in told.stderr
    told = quickstart.shell('"$0" plan -v <&- 2>&-')
    assert told.returncode == 0
    assert quickstart.shell('"$0" nonsense 2>&-').stdout == ""


def test_output_that_can_not_encode_is_escaped_but_documents_are_utf8(folder):
    folder.write(
        "version: 1\nplatform: sqlite:///p.db\n"
        "storages: [{name: Gerät, type: local, default_url: /x}]\n"
    )
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    assert "Ger\\xc3\\xa4t" in folder("apply", "-y", env=ascii_only).stdout
    assert "Gerät" in folder("export", env=ascii_only).stdout
    assert "Gerät" in folder("list", "-o", "json", env=ascii_only).stdout


def test_quiet_and_verbose_add_up(quickstart):
    normal = quickstart("plan").stdout
    assert quickstart("plan", "-q", "-v").stdout == normal
    assert len(quickstart("-q", "plan").stdout) < len(normal)


@pytest.mark.parametrize("argument", ["validate", "plan"])
def test_debug_shows_where_an_error_comes_from(folder, argument):
    told = folder.shell(f'"$0" {argument} --debug')
    assert told.returncode == 64
    assert "Traceback (most recent call last)" in told.stderr
    assert told.stderr.rstrip().splitlines()[-1].startswith("Error: there is no storages.yaml")


def test_a_file_that_is_no_platform_is_an_error(quickstart):
    quickstart.write("not a database, but long enough to be taken for one" * 50, "platform.db")
    for command in ("plan", "list", "drift"):
        assert "platform.db" in quickstart(command, code=1).stderr


def test_a_bug_is_one_line_unless_debugging(quickstart):
    script = (
        "import sys, reconciler.given.source as inputs;"
        "inputs.make_plan = lambda *a, **k: 1 / 0;"
        "from reconciler.cli.main import main; sys.exit(main())"
    )
    quickstart.write(script, "broken.py")
    python = '"$(dirname "$0")/python" broken.py'
    told = quickstart.shell(f"{python} plan")
    assert told.returncode == 1
    assert told.stderr == (
        "Error: reconciler has a bug: ZeroDivisionError: division by zero; run again with --debug "
        "for details\n"
    )
    assert "Traceback" in quickstart.shell(f"{python} --debug plan").stderr


@pytest.mark.parametrize("module", ["argparse", "reconciler.cli.run", "reconciler.reconcile"])
def test_an_interrupt_while_modules_are_loaded_is_one_line(quickstart, module):
    quickstart.write(
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "from reconciler.cli.main import main\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        f"sys.modules.pop({module!r}, None)\n"
        "sys.exit(main())\n",
        "interrupted.py",
    )
    told = quickstart.shell('"$(dirname "$0")/python" interrupted.py plan')
    assert (told.returncode, told.stdout, told.stderr) == (130, "", "Interrupted.\n")


def test_an_interrupt_while_reading_is_one_line(folder):
    os.mkfifo(folder.path / "pipe.yaml")
    process = folder.start("validate", "-f", "pipe.yaml", stdout=-1, stderr=-1, text=True)
    with (folder.path / "pipe.yaml").open("w"):  # returns when the command has begun to read
        until_it_waits(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")


def test_python_m_is_the_same_command(folder):
    told = folder.shell('"$(dirname "$0")/python" -m reconciler --version')
    assert told.stdout == f"reconciler {__version__}\n"


def test_no_command_writes_to_a_platform_but_apply(applied):
    def rows():
        connection = sqlite3.connect(applied.path / "platform.db")
        try:
            return sorted(connection.execute("SELECT * FROM storages").fetchall())
        finally:
            connection.close()

    before = rows()
    arguments = {
        "lock": ["show"],
        "show": ["plan.json"],
        "schema": ["plan"],
        "completion": ["bash"],
        "scan": ["--into", "proofs"],
        "snapshot": ["create", "proofs"],
        "rebuild": ["proofs", "--dry-run"],
        "verify": ["proofs"],
        "watch": ["--once"],
    }
    # What they look for is not there, or not known: they end with 8, and write nothing.
    ends = {"scan": 8, "verify": 8}
    applied("plan", "--out", "plan.json")
    for command in COMMANDS:
        if command.name not in ("apply", "init", "serve", "token"):
            code = ends.get(command.name, 0)
            applied(command.name, *arguments.get(command.name, []), code=code)
    assert rows() == before
