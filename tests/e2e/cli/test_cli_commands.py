"""`init`, `validate`, `list`, `drift`, `export`, `schema`, `completion`, and every help example."""

import json
import shlex
import sqlite3

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.commands.editing.completion import SHELLS
from reconciler.cli.options.completion import PATHS, script
from reconciler.cli.options.parser import command_parser

IGNORE = "version: 1\nplatform: sqlite:///platform.db\npolicy: {undeclared: ignore}\n"
NAS = "  - {name: nas, label: NAS, type: local, default_url: /data/nas}\n"


def test_init_then_the_whole_way(folder):
    told = folder("init")
    assert "Wrote .gitignore, manifest.schema.json, storages.yaml." in told.stdout
    assert folder.read("storages.yaml").startswith("# yaml-language-server: $schema=manifest")
    assert folder.read("manifest.schema.json") == folder("schema", "manifest").stdout
    folder("validate")
    folder("apply", "-y")
    folder("drift")


def test_init_never_overwrites(folder):
    folder("init")
    before = folder.read("storages.yaml")
    told = folder("init", code=1)
    assert "never overwrites" in told.stderr
    assert folder.read("storages.yaml") == before
    assert len(set(folder.read(".gitignore").splitlines())) == 4


@pytest.mark.parametrize("taken", ["storages.yaml", "storages/a.yaml"])
def test_init_leaves_everything_alone_where_there_is_a_manifest(folder, taken):
    folder.write("version: 1\n", taken)
    folder("init", code=1)
    assert folder.files() == [taken.partition("/")[0]]


def test_init_adds_to_gitignore_once(folder):
    folder.write("build/\nplan.json", ".gitignore")
    folder.write("{}", "manifest.schema.json")
    assert "manifest.schema.json" not in folder("init").stdout
    assert folder.read("manifest.schema.json") == "{}"
    ignored = ["build/", "plan.json", "platform.db*", ".reconciler/", "*.plan.json"]
    assert folder.read(".gitignore").splitlines() == ignored
    (folder.path / "storages.yaml").unlink()
    assert folder("init").stdout == "Wrote storages.yaml.\n"
    assert folder.read(".gitignore").splitlines() == ignored


def test_init_on_a_full_disk_loses_nothing_and_can_be_done_again(folder):
    folder.write("build/\nplan.json", ".gitignore")
    # No file can grow: as on a full disk, but for the number of the error.
    told = folder.shell('ulimit -f 0; "$0" init')
    assert told.returncode == 1
    assert "can't write" in told.stderr
    assert folder.read(".gitignore") == "build/\nplan.json"
    assert folder.files() == [".gitignore"]
    folder("init")
    folder("validate")


def test_init_leaves_no_half_of_a_file_on_a_full_disk(folder):
    ignored = ["platform.db*", ".reconciler/", "plan.json", "*.plan.json"]
    folder.write("".join(f"{line}\n" for line in ignored), ".gitignore")
    # The schema is longer than a kilobyte, the rest is not.
    told = folder.shell('ulimit -f 1; "$0" init')
    assert told.returncode == 1
    assert "can't write 'manifest.schema.json'" in told.stderr
    assert folder.files() == [".gitignore"]


def test_init_writes_through_no_link_that_leads_nowhere(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "schema.json"
    (folder.path / "manifest.schema.json").symlink_to(elsewhere)
    assert "manifest.schema.json" not in folder("init").stdout
    assert not elsewhere.exists()


def test_validate_reads_no_platform(quickstart):
    assert "3 storages" in quickstart("validate").stdout
    assert json.loads(quickstart("validate", "-o", "json").stdout)["valid"] is True
    assert quickstart.files() == ["storages.yaml"]


def test_validate_says_where_and_what(folder):
    folder.write("version: 1\nstorages:\n  - {nam: x, type: local, default_url: /x}\n")
    told = folder("validate", code=65)
    assert told.stdout == ""
    assert "storages.yaml:3:" in told.stderr
    document = json.loads(folder("validate", "-o", "json", code=65).stdout)
    assert document["valid"] is False
    assert document["problems"][0]["line"] == 3
    assert "nam" in folder("validate", "-o", "markdown", code=65).stdout


def test_without_a_manifest_it_is_said_what_to_do(folder):
    for command in ("validate", "plan", "drift"):
        assert "reconciler init" in folder(command, code=64).stderr


def test_list_with_and_without_a_manifest(applied):
    applied.write(f"{IGNORE}storages:\n{NAS}removed: [{{name: raw}}]\n")
    listed = json.loads(applied("list", "-o", "json").stdout)["storages"]
    statuses = {storage["name"]: storage["status"] for storage in listed}
    assert statuses == {"minio": "undeclared", "nas": "declared", "raw": "to be removed"}
    narrowed = json.loads(applied("list", "-o", "json", "--scope", "n*").stdout)["storages"]
    assert [storage["name"] for storage in narrowed] == ["nas"]
    (applied.path / "storages.yaml").unlink()
    applied("list", code=64)
    text = applied("list", "--platform", "sqlite:///platform.db").stdout
    assert "3 live storages" in text


def test_list_marks_what_is_outside_the_scope(applied):
    applied.write(f"{IGNORE.replace('ignore', 'ignore, scope: [nas]')}storages:\n{NAS}")
    listed = json.loads(applied("list", "-o", "json").stdout)["storages"]
    statuses = {storage["name"]: storage["status"] for storage in listed}
    assert statuses == {"minio": "outside scope", "nas": "declared", "raw": "outside scope"}


def test_drift_counts_every_difference(applied):
    applied("drift")
    applied.write(f"{IGNORE}storages:\n{NAS}")
    assert "! minio" in applied("drift", "--undeclared", code=2).stdout
    applied("plan")
    text = applied.read("storages.yaml").replace("/data/nas", "/data/elsewhere")
    applied.write(text)
    document = json.loads(applied("drift", "--undeclared", "-o", "json", code=2).stdout)
    assert {"location_change", "undeclared"} <= {d["kind"] for d in document["differences"]}


def test_export_reads_back_as_no_change(applied):
    exported = applied("export").stdout
    applied.write(exported)
    assert "No changes." in applied("plan").stdout
    as_json = applied("export", "-o", "json", "--with-ids").stdout
    assert [entry["name"] for entry in json.loads(as_json)["storages"]] == ["minio", "nas", "raw"]
    applied.write(as_json)
    assert "No changes." in applied("plan").stdout
    assert applied("export", "-o", "markdown").stdout == f"```yaml\n{exported}```\n"


def test_export_without_a_manifest_begins_one(applied):
    (applied.path / "storages.yaml").unlink()
    applied("export", code=64)
    exported = applied("export", "--platform", "sqlite:///platform.db").stdout
    applied.write(exported)
    assert "No changes." in applied("plan").stdout


@pytest.mark.parametrize("command", ["list", "export"])
def test_a_platform_that_does_not_exist_is_not_taken_for_an_empty_one(folder, command):
    told = folder(command, "--platform", "sqlite:///typo.db")
    assert "typo.db does not exist yet" in told.stderr
    assert folder.files() == []


def test_export_of_what_is_undeclared_stands_beside_the_manifest(applied):
    applied.write(f"{IGNORE}storages:\n{NAS}")
    rest = applied("export", "--undeclared").stdout
    assert "platform:" not in rest
    applied.write(rest, "adopted.yaml")
    told = applied("plan", "-f", "storages.yaml", "-f", "adopted.yaml", "-o", "json")
    assert json.loads(told.stdout)["undeclared"] == []
    assert json.loads(told.stdout)["summary"]["unchanged"] == 3
    (applied.path / "storages.yaml").unlink()
    applied("export", "--undeclared", "--platform", "sqlite:///platform.db", code=64)


def test_export_of_names(applied):
    def names(*arguments):
        document = json.loads(applied("export", "-o", "json", *arguments).stdout)
        return [entry["name"] for entry in document["storages"]]

    assert names("nas") == ["nas"]
    assert names("n*", "-q", "raw") == ["nas", "raw"]
    assert names("--scope", "m*") == ["minio"]
    assert "did you mean 'minio'" in applied("export", "mini", code=64).stderr
    applied("export", "nas", "--scope", "m*", code=64)


def test_export_leaves_out_what_no_manifest_can_say(applied):
    connection = sqlite3.connect(applied.path / "platform.db")
    with connection:
        connection.execute("UPDATE storages SET default_url = 'ftp://x/y' WHERE name = 'minio'")
    connection.close()
    told = applied("export", "-o", "json")
    assert [entry["name"] for entry in json.loads(told.stdout)["storages"]] == ["nas", "raw"]
    assert "'minio' is left out" in told.stderr


@pytest.mark.parametrize("name", ["manifest", "plan"])
def test_schemas_are_json(folder, name):
    assert json.loads(folder("schema", name).stdout)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_commands_and_options(folder, shell):
    script = folder("completion", shell).stdout
    for word in ("validate", "digest-file", "env-file"):
        assert word in script


def test_completion_works_in_bash(applied):
    """bash asks its function; in `test_completion.py` all shells are typed into."""
    (applied.path / "journals").mkdir()
    told = applied.shell(
        """PATH=$(dirname "$0"):$PATH; source <("$0" completion bash)
        try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _reconciler; echo "${COMPREPLY[@]}"; }
        try reconciler valid
        try reconciler plan --output = ""
        try reconciler plan --output =
        try reconciler plan --output = j
        try reconciler serve -o ""
        try reconciler plan --out = sto
        try reconciler plan --journal jo
        try reconciler serve --tls-cert sto
        try reconciler apply pla
        try reconciler list n
        try reconciler plan --target = ra
        try reconciler hel
        try reconciler help comp
        try reconciler vers
        try reconciler token create ci --out sto
        """
    )
    assert told.stderr == ""
    every = "text json markdown html github gitlab sarif junit gitlab-widget"
    assert told.stdout.splitlines() == [
        "validate",
        *(every, every, "json junit", "text"),
        *("storages.yaml", "journals", "storages.yaml", "platform.db"),
        *("nas", "raw"),
        *("help", "completion", "version", "storages.yaml"),
    ]


def test_every_path_is_completed():
    """An option of which the help says that it takes a file completes files, in every shell."""
    other = {
        "URL",
        "GLOB",
        "NAME",
        "NAME|ID",
        "RUN",
        "TIME",
        "DURATION",
        "N",
        "HOST:PORT",
        "sha256:…",
        "FROM=TO",
        "SIZE",
        "RATE",
        "K/N",
        "TEXT",
        "STORAGE",
        ("STORAGE", "PATH"),
    }
    for command in COMMANDS:
        own = command_parser(command)
        for action in own._actions:
            value = action.metavar
            known = value in PATHS or value in other or action.choices or action.nargs == 0
            known = known or action.dest == "output"
            assert known, (
                f"{command.name}: say in reconciler/cli/options/completion.py what {value} is"
            )
    for shell in SHELLS:
        text = script(shell, COMMANDS)
        assert "--output" in text or "-l output" in text
    assert '{-o,--output=}"[' in script("zsh", COMMANDS)
    assert '"--out=[' in script("zsh", COMMANDS)
    assert '"*"{-q,--quiet}"[' in script("zsh", COMMANDS)


EXAMPLES = [(command.name, line) for command in COMMANDS for line, _ in command.command.examples]


@pytest.mark.sampled(12)
@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_examples_of_the_help_work(request, folder, name, line):
    if name != "init":
        folder = request.getfixturevalue("quickstart" if name == "apply" else "applied")
        folder("plan", "--out", "plan.json")
    if name in ("rebuild", "scan", "verify"):
        for i in (1, 2):
            folder.write("x", f"nas-{i}/file")
        places = "".join(
            f"  - {{name: nas-{i}, label: x, type: local, default_url: {folder.path}/nas-{i}}}\n"
            for i in (1, 2)
        )
        folder.write(f"version: 1\nplatform: sqlite:///other.db\nstorages:\n{places}")
        folder("apply", "-y")
    if name in ("rebuild", "verify"):
        folder("scan", "--into", "proofs")
        folder("snapshot", "create", "proofs")
    if name == "token":
        database = ("--database", "sqlite:///server.db")
        folder("token", "create", "first", "--role", "admin", *database)
    if name == "serve":
        folder.write("", "server.log")
        # Another port, for that of the example may be taken; the last one counts.
        told = folder.shell(
            f'export PATH="$(dirname "$0"):$PATH"; {line} --listen 127.0.0.1:0 2> server.log & '
            "until grep -q Listening server.log; do kill -0 $! || exit; done; kill $!; wait $!",
            plain=True,
        )
        assert told.returncode == 0, folder.read("server.log")
        return
    if line == "reconciler apply":
        assert "3 done" in folder.on_terminal("apply", answer=b"yes\n")
        return
    told = folder.shell(f'export PATH="$(dirname "$0"):$PATH"; {line}', plain=True)
    assert told.returncode == 0, told.stderr


def test_every_command_has_a_line_and_two_examples_in_its_help(folder):
    overview = folder("--help").stdout
    for command in COMMANDS:
        assert f"{command.name}  " in overview
        assert command.summary in overview
        text = folder(command.name, "--help").stdout
        assert len(command.command.examples) == 2
        for line, _ in command.command.examples:
            assert line in text
            assert shlex.split(line, comments=True)
