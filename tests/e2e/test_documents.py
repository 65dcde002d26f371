"""Every command block of the README, the docs and the examples runs, and prints what it says.

A `console` block holds `$ commands`, each with the output that it must print (nothing: any
output, exit code 0). `…` on a line of its own stands for any lines, within a line for any text.
A comment `<!-- file: NAME -->` before a block writes the block to that file first.
`<!-- run by … -->` names what else runs the block.
Each document runs in a folder of its own: a copy of the one that it lies in, if it is an example.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RECONCILER_", "STAGE"))}
    scripts = str(Path(sys.executable).parent)
    return clean | {
        "PATH": f"{scripts}{os.pathsep}{clean.get('PATH', '')}",
        "HOME": str(folder),
        "COLUMNS": "120",  # the folders of tests have long names
        "LC_ALL": "C.UTF-8",
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_runs_and_prints_what_it_says(document: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    # What somebody who tried the examples has left behind is not part of them.
    tried = shutil.ignore_patterns("*.db", "*.db-*")
    if document.is_relative_to(ROOT / "examples"):
        shutil.copytree(document.parent, folder, ignore=tried)
    else:
        folder.mkdir()
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=tried)
    for note, language, text in blocks(document):
        if note.startswith("file: "):
            target = folder / note.removeprefix("file: ")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif language == "console" and not note.startswith("run by "):
            for command, expected in commands(text):
                check(command, expected, folder)


def check(command: str, expected: list[str], folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}"
    if expected:
        assert re.match(pattern(expected), done.stdout), (
            f"$ {command}\n{done.stdout}\n--- expected\n" + "\n".join(expected)
        )


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
