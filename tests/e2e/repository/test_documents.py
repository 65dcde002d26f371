"""Every command block of the README, the docs and the examples runs, and prints what it says.

A `console` block holds `$ commands`, each with the output that it must print (nothing: any
output, exit code 0). `…` on a line of its own stands for any lines, within a line for any text.
A comment `<!-- file: NAME -->` before a block writes the block to that file first.
`<!-- run by … -->` names what else runs the block.
The one command of a block after `<!-- goes on running -->` is left running, once it has printed
what the block says, until the document ends; Ctrl-C then ends it with exit code 0.
A machine without curl runs what `tests/support/commands` has in its place. With `--long` the
command is the installed one; else the shell finds one in its PATH that waits with all imported.
Port 8080 of the documents is a free one here.
Each document runs in a folder of its own: a copy of the one that it lies in, if it is an example.
"""

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.server.store.opening import open_store
from support.commands import starting
from support.forge.hosting import Hosting
from support.platforms.organisation import TOKEN, Organisation
from support.repository import ROOT
from support.server.serving import make_token
from support.server.storing import create, record

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
]
BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
RUN_BY_CI = "run by .ci/run"
GOES_ON = "goes on running"
#: Commands that documents need and that a machine may lack.
COMMANDS = ROOT / "tests" / "support" / "commands"
#: The port that documents name.
PORT = "8080"
#: The examples of the commands' own help; `test_cli_commands.py` runs each of them.
HELP = ROOT / "docs" / "reference" / "commands.md"


def blocks(document: Path) -> list[tuple[str, str, str]]:
    return [
        (found["note"] or "", found["language"], found["text"])
        for found in BLOCK.finditer(document.read_text(encoding="utf-8"))
    ]


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Split a console block into commands and the lines that each must print."""
    result: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            result.append((line[2:], []))
        elif result and result[-1][0].endswith("\\"):
            result[-1] = (result[-1][0][:-1] + line.removeprefix("> "), [])
        else:
            result[-1][1].append(line)
    return result


def pattern(lines: list[str]) -> str:
    """Turn expected output into a regular expression."""
    parts = [
        r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"[ ]*\n"
        for line in lines
    ]
    return "".join(parts) + r"\Z"


def environment(folder: Path) -> dict[str, str]:
    unwanted = ("RECONCILER_", "JETRAW_", "STAGE")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    waiting = starting.warm()
    quick = [waiting.commands(starting.COMMAND)] if waiting else []
    scripts = [*quick, Path(sys.executable).parent, clean.get("PATH", ""), COMMANDS]
    return clean | {
        "PATH": os.pathsep.join(map(str, scripts)),
        "HOME": str(folder),
        "COLUMNS": "120",  # the folders of tests have long names
        "TERM": "dumb",  # neither colour nor a bar
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


def organisation(folder: Path, _: pytest.FixtureRequest) -> dict[str, str]:
    """Make an organisation of three storages, and say how to reach it."""
    made = Organisation(folder.parent / "organisation.db")
    made.add("raw-frames", type="S3", default_url="https://s3.eu-central-2.amazonaws.com/lab-raw")
    made.add("nas")
    made.add("scratch")
    key = folder.parent / "api-key"
    key.write_text(f"{TOKEN}\n")
    given = {k: v for k, v in made.environ.items() if k != "JETRAW_REFRESH_TOKEN"}
    return given | {"JETRAW_REFRESH_TOKEN_FILE": str(key)}


def two_databases(folder: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Make a state server's database that is in use, and one that is empty."""
    with closing(open_store(f"sqlite:///{folder / 'server.db'}")) as store:
        record(store, create(store).storage.id, [("a", "1", "2"), ("b", "1", "2")])
        make_token(store)
    (folder / "database").write_text(request.getfixturevalue("postgres").database())
    return {}


def pipeline(folder: Path, _: pytest.FixtureRequest) -> dict[str, str]:
    """Make the folder what a job works in: the head of a branch, and where that came from."""
    forge = Hosting(folder.parent)
    forge.git("init", "-q", "-b", "main", at=folder)
    forge.git("remote", "add", "origin", str(forge.bare), at=folder)
    forge.git("commit", "-q", "--allow-empty", "-m", "Begin", at=folder)
    forge.git("push", "-q", "origin", "main", at=folder)
    return {}


#: What has to be there before a document is gone through; gives variables for its commands.
SURROUNDINGS = {
    ROOT / "docs" / "connect-to-jetraw.md": organisation,
    ROOT / "docs" / "move-a-database.md": two_databases,
    ROOT / "docs" / "other-ci.md": pipeline,
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_runs_and_prints_what_it_says(
    document: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    # A short name: lines that hold it are not to be broken where the page does not break them.
    folder = tmp_path_factory.mktemp("doc") / "work"
    # What somebody who tried the examples has left behind is not part of them.
    tried = shutil.ignore_patterns("*.db", "*.db-*")
    if document.is_relative_to(ROOT / "examples"):
        shutil.copytree(document.parent, folder, ignore=tried)
    else:
        folder.mkdir()
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=tried)
    given = environment(folder) | SURROUNDINGS.get(document, lambda *_: {})(folder, request)
    port = free_port()
    with ExitStack() as running:
        for note, language, told in blocks(document):
            text = told.replace(PORT, port)
            if note.startswith("file: "):
                target = folder / note.removeprefix("file: ")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            elif language == "console" and note == GOES_ON:
                ((command, expected),) = commands(text)
                running.enter_context(left_running(command, expected, folder, given))
            elif language == "console" and not note.startswith("run by "):
                for command, expected in commands(text):
                    check(command, expected, folder, given)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@contextmanager
def left_running(command, expected, folder, given):
    log = folder.parent / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(process, log, expected)
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def wait_for(process, log, expected):
    """Wait until a log holds the expected lines, whatever follows them."""
    wanted, deadline = pattern(expected).removesuffix(r"\Z"), time.monotonic() + 60
    while not re.match(wanted, log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, log.read_text() + "--- expected\n" + wanted
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
            pytest.fail(f"it ended: {log.read_text()}")


def check(command: str, expected: list[str], folder: Path, given: dict[str, str]) -> None:
    """Run a command as its reader does, on a terminal; but nobody answers questions."""
    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.OPOST  # line ends stay as they are
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    told = all_of(ours)
    assert process.wait() == 0, f"$ {command}\n{told}"
    if expected:
        assert re.match(pattern(expected), told), (
            f"$ {command}\n{told}\n--- expected\n" + "\n".join(expected)
        )


def all_of(terminal: int) -> str:
    told = b""
    with suppress(OSError):  # Linux's way to say that nobody has the other end any more
        while chunk := os.read(terminal, 65_536):
            told += chunk
    os.close(terminal)
    return told.decode()


@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if path != HELP],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_block_hides_a_command_from_these_tests(document: Path) -> None:
    for note, language, text in blocks(document):
        if language in ("sh", "bash", "shell", "") and not note:
            assert "reconciler " not in text, f"use a `console` block, so that it is run:\n{text}"


def test_the_commands_that_set_everything_up_are_those_that_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    ours = [
        command
        for note, _, text in blocks(ROOT / "README.md")
        if note == RUN_BY_CI
        for command, _ in commands(text)
    ]
    assert ours == ["python3 dev.py try", "python3 dev.py test"]
    for command in ours:
        assert command.replace("python3", '"$python"') in script


def test_every_example_says_how_it_is_used() -> None:
    folders = [path for path in (ROOT / "examples").iterdir() if path.is_dir()]
    assert [path.name for path in folders if not (path / "README.md").exists()] == []
