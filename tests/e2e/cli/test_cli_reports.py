"""Whatever `-o` asks for is written in that form, also by a command that fails."""

import json
import signal
import sqlite3

import pytest

from reconciler.cli.commands import COMMANDS

FAILING = ("validate", "plan", "apply -y", "drift", "list")
INVALID = "version: 1\nplatform: sqlite:///platform.db\nstorages:\n  - {nam: x}\n"


@pytest.mark.parametrize("command", FAILING)
def test_an_invalid_manifest(folder, command):
    folder.write(INVALID)
    told = folder(*command.split(), "-o", "json", code=65)
    document = json.loads(told.stdout)
    assert (document["valid"], document["problems"][0]["line"]) == (False, 4)
    assert "storages.yaml:4:" in told.stderr
    assert folder(*command.split(), "-o", "markdown", code=65).stdout.startswith("### ")
    assert folder(*command.split(), code=65).stdout == ""


@pytest.mark.parametrize("command", ["plan", "apply -y", "drift"])
def test_a_manifest_that_cannot_be_matched(applied, command):
    applied.write(applied.read("storages.yaml").replace("name: nas", "name: nas, id: gone"))
    told = applied(*command.split(), "--output=json", code=65)
    assert "gone" in json.loads(told.stdout)["problems"][0]["message"]
    assert "gone" in applied(*command.split(), "-omarkdown", code=65).stdout


@pytest.mark.parametrize("command", ["plan", "apply -y", "drift", "list", "doctor"])
def test_a_platform_that_cannot_be_read(quickstart, command):
    quickstart.write("no database at all, but long enough for one\n" * 9, "platform.db")
    told = quickstart(*command.split(), "-o", "json", code=1)
    document = json.loads(told.stdout)
    if command != "doctor":
        assert document["exit_code"] == 1
        assert document["error"] in " ".join(told.stderr.split("Error: ", 1)).strip()


def test_a_platform_that_is_locked(applied):
    with sqlite3.connect(applied.path / "platform.db", isolation_level=None) as other:
        applied.write(applied.read("storages.yaml").replace("label: NAS", "label: Other"))
        other.execute("BEGIN IMMEDIATE")
        told = applied("apply", "-y", "--lock-timeout", "0s", "-o", "json", code=6)
        other.execute("ROLLBACK")
    assert json.loads(told.stdout)["exit_code"] == 6


def test_usage_that_is_wrong(folder):
    told = folder("plan", "-o", "json", "--nothing", code=64)
    assert json.loads(told.stdout)["exit_code"] == 64
    assert "--nothing" in folder("-o", "markdown", "plan", "--nothing", code=64).stdout
    assert folder("plan", "--nothing", "--", "-o", "json", code=64).stdout == ""
    assert folder("plan", "-o", code=64).stdout == ""


def test_a_no_at_the_question(quickstart):
    shown = quickstart.on_terminal("apply", "-o", "json", answer=b"no\n", code=1)
    assert '"error": "Nothing was applied."' in shown


def test_an_interrupt_at_the_question_says_that_nothing_was_applied(quickstart):
    shown = quickstart.on_terminal("apply", answer=signal.SIGINT, code=130)
    after = shown.partition("Only 'yes' is accepted: ")[2].splitlines()
    assert [line for line in after if line][-2:] == ["Nothing was applied.", "Interrupted."]
    assert after[0].strip() in ("", "^C")
    assert not (quickstart.path / "platform.db").exists()


def test_a_blocked_plan_ends_with_it(applied):
    applied.write("version: 1\nplatform: sqlite:///platform.db\nstorages: []\n")
    for command in ("plan", "apply -y"):
        last = applied(*command.split(), code=3).stdout.splitlines()[-1]
        assert last.startswith("BLOCKED by 4 reasons")
        assert "BLOCKED" in applied(*command.split(), "-o", "markdown", code=3).stdout
        told = json.loads(applied(*command.split(), "-o", "json", code=3).stdout)
        assert told["status"] == "blocked"
    shown = applied.on_terminal("plan", code=3)
    assert "\x1b[1;31mBLOCKED by 4 reasons" in shown.splitlines()[-1]


def test_a_pipe_gets_a_record_a_line(applied):
    told = applied.shell(""""$0" list | grep -E '^nas .* NAS( |$)' | awk '{ print $3, $4 }'""")
    assert told.stdout == "file:///data/nas NAS\n"
    label = "A label that is far too long for eighty columns " * 3
    applied.write(applied.read("storages.yaml").replace("label: NAS", f"label: {label}"))
    for command in ("plan", "drift"):
        told = applied.shell(f'COLUMNS=20 "$0" {command} | grep nas')
        assert label.strip() in told.stdout
        assert told.stdout.count("\n") == 1
    told = applied.shell('"$0" history | sed -n 2p').stdout
    assert told.strip().endswith("platform.db  exit 0  3 done: + minio, + nas, + raw")
    told = applied.shell('"$0" doctor | grep "^ok.*storages"').stdout
    assert "the list is complete" in told


@pytest.mark.sampled(1)
@pytest.mark.parametrize("columns", [1, 20, 60])
def test_the_narrowest_terminal_breaks_nothing(applied, columns):
    for command in (
        "list",
        "plan",
        "drift",
        "history",
        "doctor",
        "lock show",
        "plan --help",
        "help",
    ):
        applied.on_terminal(*command.split(), columns=columns)
    shown = applied.on_terminal("plan", "--nothing", code=64, columns=columns)
    assert "--nothing" in shown
    applied.write(applied.read("storages.yaml").replace("label: NAS", "label: Other"))
    applied.on_terminal("apply", answer=b"yes\n", columns=columns)


def test_global_options_stand_before_or_after_every_command(applied):
    options = ("--platform", "sqlite:///platform.db", "--scope", "*", "--journal", "j", "-q")
    for command in ("list", "doctor", "lock show", "schema plan", "completion bash", "history"):
        if command != "history":
            applied(*options, *command.split())
            applied(*command.split(), *options)
    told = applied("lock", "show", "--scope", "n*", "--journal", "j", "--events", "e.jsonl")
    assert "Note: --scope, --journal changes nothing for `lock`." in told.stderr
    assert json.loads(applied.read("e.jsonl"))["event"] == "summary"


def test_help_and_version_as_other_tools_have_them(folder):
    told = folder(code=64)
    assert told.stdout == ""
    assert "commands:" in told.stderr
    assert folder("help").stdout == folder("--help").stdout == told.stderr
    assert folder("help", "plan").stdout == folder("plan", "--help").stdout
    assert folder("version").stdout == folder("-V").stdout == folder("--version").stdout
    assert folder("help", "help").stdout == folder("help", "version").stdout == told.stderr
    assert "did you mean plan?" in folder("help", "paln", code=64).stderr


def test_drift_under_ignore_lists_undeclared_storages(applied):
    text = "version: 1\nplatform: sqlite:///platform.db\npolicy: {undeclared: ignore}\nstorages:\n"
    nas = "  - {name: nas, label: NAS, type: local, default_url: /data/nas}\n"
    applied.write(text + nas)
    told = applied("drift").stdout
    assert "Undeclared (2 storages, left alone):\n  minio\n  raw\n" in told
    assert told.endswith("No drift. Live matches the manifest.\n")
    assert "- `minio`" in applied("drift", "-o", "markdown").stdout
    assert json.loads(applied("drift", "-o", "json").stdout)["undeclared"] == ["minio", "raw"]
    applied("drift", "--undeclared", code=2)
    applied.write(text + nas.replace("NAS", "Other"))
    applied("drift", code=2)
    applied.write((text + nas).replace("/data/nas", "/data/elsewhere"))
    applied("drift", code=2)
    applied.write((text + nas).replace("ignore", "fail"))
    applied("drift", code=2)


def test_list_takes_names(applied):
    assert "nas" not in applied("list", "m*", "-o", "json").stdout
    assert "did you mean 'nas'?" in applied("list", "nass", code=64).stderr
    assert "-f" in applied("list", "storages.yaml", code=64).stderr


@pytest.mark.parametrize("command", ["list", "export"])
def test_a_manifest_in_the_place_of_a_name(folder, command):
    folder.write("version: 1\n", "other.yaml")
    told = folder(command, "other.yaml", code=64).stderr
    assert "'other.yaml' is no name of a storage: a manifest is given with -f" in told


@pytest.mark.parametrize(
    "arguments", ["apply plan.json", "show plan.json", "apply --expect p.json"]
)
def test_a_plan_file_that_is_not_there(applied, arguments):
    told = applied(*arguments.split(), code=64).stderr
    assert "`reconciler plan --out FILE` writes one" in told


@pytest.mark.parametrize("address", ["storages.example.org", "postgresql://host/db", "s3://b", "x"])
def test_an_unknown_address_is_told_every_kind(folder, address):
    told = folder("list", "--platform", address, code=64).stderr
    assert "https://HOST for a state server, or jetraw://my-org for Jetraw" in told


def test_on_a_narrow_terminal_summaries_stay_in_their_column(folder):
    told = folder("--help", env={"COLUMNS": "60"}).stdout
    listed = told[told.index("commands:") : told.index("options:")].splitlines()[1:-1]
    assert len(listed) > len(COMMANDS)
    assert {line[:14].strip() for line in listed} == {"", "help", "version"} | {
        command.name for command in COMMANDS
    }
    assert max(map(len, listed)) <= 60


def test_a_manifest_in_the_place_of_a_plan(applied):
    for command in ("apply", "show"):
        told = applied(command, "storages.yaml", code=64).stderr
        assert "'storages.yaml' is no saved plan: a manifest is given with -f" in told


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("storages.lab.example:443", "https://storages.lab.example:443"),
        ("platform.db", "sqlite:///platform.db"),
        ("/srv/platform.db", "sqlite:////srv/platform.db"),
    ],
)
def test_an_address_without_a_scheme(folder, address, meant):
    assert f"write {meant} for a" in folder("list", "--platform", address, code=64).stderr


def test_warnings_of_a_valid_manifest_are_in_its_report(folder):
    entry = "{{name: {}, type: local, default_url: /data/x}}"
    folder.write(f"version: 1\nstorages: [{entry.format('a')}, {entry.format('b')}]\n")
    told = folder("validate", "-o", "json")
    assert len(json.loads(told.stdout)["warnings"]) == 1
    assert "#### Warnings (1)" in folder("validate", "-o", "markdown").stdout
