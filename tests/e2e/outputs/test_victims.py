"""Whatever option writes a file, it leaves what is there and is nothing of its own kind."""

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import command_parser
from reconciler.cli.settings import VERDICTS, manifest_path, output_path
from tests.e2e.conftest import Folder

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {{name: nas, label: NAS, type: local, default_url: "{}"}}
"""
#: What a slip names: a file of a storage that nobody has declared, notes, somebody's table.
VICTIMS = {"other/image.csv": "II*\0", "notes.csv": "### Notes\n", "table.csv": "a,b\n1,2\n"}
#: By command and option, a line in which FILE is the victim.
LINES = {
    ("plan", "out"): "plan --out FILE",
    ("plan", "digest_file"): "plan --digest-file FILE",
    ("export", "out"): "export --out FILE",
    ("scan", "metrics"): "scan --into proofs --metrics FILE",
    ("snapshot", "digest_file"): "snapshot create proofs --digest-file FILE",
    ("snapshot", "metrics"): "snapshot create proofs --metrics FILE",
    ("rebuild", "ids"): "rebuild proofs --platform sqlite:///new.db --ids FILE -y",
    ("verify", "rows"): "verify proofs --rows FILE",
    ("verify", "metrics"): "verify proofs --metrics FILE",
    ("token", "out"): "token create ann --role reader --database sqlite:///server.db --out FILE",
    ("validate", "-o"): "validate -o text=FILE",
    ("plan", "-o"): "plan -o json=FILE",
    ("show", "-o"): "show plan.json -o markdown=FILE",
    ("drift", "-o"): "drift -o junit=FILE",
    ("verify", "-o"): "verify proofs -o sarif=FILE",
    ("watch", "events"): "watch --once --events FILE",
    ("list", "events"): "list --events FILE",
}
#: What is refused as wrong usage.
EARLY = {("plan", "out"), ("rebuild", "ids")}


def options():
    """Yield each command with each of its options that writes, as the parsers have them."""
    for row in COMMANDS:
        for action in command_parser(row, COMMANDS)._actions:
            if action.type in (output_path, manifest_path) and action.dest != "events":
                yield row.name, action.dest
        if set(VERDICTS) <= set(row.command.formats):
            yield row.name, "-o"


@pytest.fixture(scope="module")
def home(tmp_path_factory, warm):
    """Give a folder with an applied manifest, a snapshot in a repository, and a saved plan."""
    folder = Folder(tmp_path_factory.mktemp("home"), warm)
    folder.write("x", "nas/x")
    folder.write(MANIFEST.format(folder.path / "nas"))
    folder("apply", "-y", "-q")
    folder("scan", "--into", "proofs", "-q")
    folder("snapshot", "create", "proofs", "-q")
    folder("plan", "--out", "plan.json", "-q")
    return folder


def test_each_option_that_writes_has_a_line():
    assert set(options()) == {line for line in LINES if line[1] != "events"}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("option", LINES, ids=" ".join)
def test_an_option_replaces_its_own_kind_alone(home, option):
    for name, text in VICTIMS.items():
        home.write(text, name)
        command = [word.replace("FILE", name) for word in LINES[option].split()]
        done = home(*command, code=64 if option in EARLY or option[1] == "-o" else 1)
        assert name in done.stderr
        assert home.read(name) == text
    assert not (home.path / "new.db").exists()
