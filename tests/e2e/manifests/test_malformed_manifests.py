"""Malformed manifests, each through the installed command: exit code, place, words, cost.

No traceback, at most 2 CPU seconds and 200 MiB, whatever the input.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

COMMAND = Path(sys.executable).with_name("reconciler")
CPU_SECONDS, MEBIBYTES = 2, 200
#: Runs a command and measures it. A process of its own, because the peak memory that the system
#: reports for a child begins with that of the process which started it.
LAUNCHER = """
import json, os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
unit = 1 if sys.platform == "darwin" else 1024
with open(sys.argv[1], "w") as file:
    json.dump([usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 2**20], file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Outcome(NamedTuple):
    """How one run ended."""

    code: int
    stderr: str
    cpu: float
    mebibytes: float


@pytest.fixture
def run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Run `reconciler validate` in the folder of the test, and measure it."""
    measured = tmp_path_factory.mktemp("measured") / "usage.json"

    def validate(*arguments: str, **variables: str) -> Outcome:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RECONCILER_")}
        done = subprocess.run(
            [sys.executable, "-c", LAUNCHER, measured, COMMAND, "validate", *arguments],
            cwd=tmp_path,
            env={**kept, **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        cpu, mebibytes = json.loads(measured.read_text())
        return Outcome(done.returncode, done.stderr, cpu, mebibytes)

    return validate


def check(outcome: Outcome, *, code: int) -> None:
    assert outcome.code == code, outcome.stderr[:2_000]
    assert "Traceback" not in outcome.stderr
    assert "has a bug" not in outcome.stderr
    assert outcome.cpu < CPU_SECONDS
    assert outcome.mebibytes < MEBIBYTES


HEAD = "version: 1\nplatform: sqlite:///p.db\n"


def entry(fields: str) -> str:
    return f"{HEAD}storages:\n  - {{name: nas, {fields}}}\n"


def bomb(width: int, depth: int) -> str:
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, depth)]
    return "\n".join(lines)


def chain(length: int) -> str:
    return "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, length))])


def many(line: str, count: int) -> str:
    return f"{HEAD}storages:\n" + "".join(line.format(i) for i in range(count))


#: What the file holds, and what is said of it: its beginning is the place, as `line:column: `.
FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "1:1: the file is empty"),
    "only white space": ("\n\n  \n", "4:1: the file is empty"),
    "only a comment": ("# nothing\n", "2:1: the file is empty"),
    "only a marker": ("---\n", "2:1: a manifest is a mapping"),
    "null": ("~", "1:1: a manifest is a mapping"),
    "text": ("hello", "1:1: a manifest is a mapping"),
    "a number": ("42", "1:1: a manifest is a mapping"),
    "a list": ("- version: 1", "1:1: this must be a mapping of keys, not a list"),
    "an empty mapping": ("{}", "1:1: the key 'version' is missing"),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbfversion: 1", "1:1: U+FEFF (a byte order"),
    "UTF-16 with byte order mark": ("version: 1".encode("utf-16"), "1:1: the file is UTF-16"),
    "UTF-16 big endian": (b"\xfe\xff\x00v", "1:1: the file is UTF-16"),
    "UTF-32 with byte order mark": ("version: 1".encode("utf-32"), "1:1: the file is UTF-32"),
    "UTF-16 without byte order mark": ("version: 1".encode("utf-16-le"), "1:1: the file is UTF-16"),
    "UTF-32 without byte order mark": ("version: 1".encode("utf-32-be"), "1:1: the file is UTF-32"),
    "Latin-1": (
        f"{HEAD}# Zürich".encode("latin-1"),
        "3:4: the byte 0xfc is not valid UTF-8 (in Latin-1",
    ),
    "a lone surrogate": (f"{HEAD}#".encode() + b"\xed\xa0\x80", "3:2: the byte 0xed is not valid"),
    "a byte order mark inside": (f"{HEAD}\ufeffstorages: []", "3:1: U+FEFF (a byte order mark)"),
    "binary": (bytes(range(256)) * 100, "3:115: the byte 0x80 is not valid UTF-8"),
    "zeros": (bytes(100_000), "1:1: the control character U+0000"),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(64), "1:1: the control character U+007F"),
    "a control character": (f'{HEAD}lock: "\x07"', "3:8: the control character U+0007"),
    "a tab before a key": (f"{HEAD}storages:\n\t- name: x", "4:1: a tab can't be used here"),
    "a tab after a dash": (f"{HEAD}storages:\n  -\tname: x\n\t  b: c", "4:4: a tab can't be used"),
    "wrong indentation": ("version: 1\n platform: x", "2:10: a key can't stand here"),
    "indented less": (
        f"{HEAD}storages:\n    - a: 1\n  - b: 2",
        "5:3: the indentation does not fit",
    ),
    "a colon in text": (f"{HEAD}lock: a: b", "3:8: a key can't stand here"),
    "an open bracket": (f"{HEAD}storages: [", "3:12: a comma or bracket is missing"),
    "an open brace": (f"{HEAD}policy: {{a: 1\n", "4:1: a comma or bracket is missing"),
    "a closing bracket too many": (f"{HEAD}storages: []]", "3:13: the indentation does not fit"),
    "an open quote": (f"{HEAD}lock: 'x", "3:9: a quote is opened and never closed"),
    "an open double quote": (f'{HEAD}lock: "x', "3:9: a quote is opened and never closed"),
    "an unknown escape": (f'{HEAD}lock: "C:\\data"', "3:10: a backslash in double quotes"),
    "an escaped surrogate": (f'{HEAD}lock: "\\ud800"', "3:10: this escape does not stand for a"),
    "a directive": ("%YAML 9.9\n---\nversion: 1", "1:1: a line that begins with % is a directive"),
    "several documents": (f"{HEAD}---\n{HEAD}", "3:1: a second document begins here"),
    "text after the end": (f"{HEAD}...\nstorages: []", "4:1: the document ends above this line"),
    "a tag": (f"{HEAD}lock: !!python/object:os.system x", "3:7: lock: tags other than !!str"),
    "a tag without handle": (f"{HEAD}lock: !e!x y", "3:7: tags are not supported"),
    "a merge key": (
        f"{HEAD}policy:\n  <<: {{undeclared: fail}}",
        "4:3: policy: merge keys are not",
    ),
    "a key that is a list": (f"{HEAD}? [a]\n: b", "3:3: a key must be plain text"),
    "an undefined alias": (f"{HEAD}lock: *x", "3:7: lock: the alias *x has no anchor &x above it"),
    "an alias of itself": (f"{HEAD}policy: &p {{scope: *p}}", "3:20: policy.scope: the alias"),
    "an alias bomb": (bomb(10, 40), "5:45: aliases stand for more than 100,000 values"),
    "a wide alias bomb": (bomb(1_000, 4), "2:505: aliases stand for more than 100,000 values"),
    "a chain of aliases": (chain(50_000), "64:12: this alias leads more than 64 levels"),
    "deep lists": ("[" * 100_000, "1:65: "),
    "deep mappings": ("{a: " * 100_000, "1:257: "),
    "deep blocks": ("- " * 50_000 + "x", "1:129: "),
    "deep keys": ("? " * 100_000, "1:3: a key must be plain text"),
    "deep indentation": ("".join(" " * i + "a:\n" for i in range(500)), "65:65: "),
    "an endless key": ("a" * 5_000_000, "1:1: a manifest is a mapping"),
    "an endless value": (f"{HEAD}lock: {'a' * 5_000_000}", "3:7: lock: a lock is kept at"),
    "an endless number": (f"{HEAD}lock: {'9' * 1_000_000}", "3:7: lock: YAML readers disagree"),
    "endless brackets": ("[]" * 1_000_000, "1:3: "),
    "a duplicate key": (f"{HEAD}version: 1", "3:1: version: the key 'version' stands twice"),
    "thousands of duplicate keys": ("a: 1\n" * 20_000, "1:1: "),
    "thousands of unknown keys": ("".join(f"k{i}: 1\n" for i in range(5_000)), "1:1: "),
    "thousands of wrong entries": (many("  - {{name: a{}}}\n", 20_000), "4:5: storages[0]: "),
    "thousands of wrong words": (
        many("  - {{name: on, label: {}}}\n", 3_000),
        "4:5: storages[0]: ",
    ),
    "thousands of equal names": (
        many("  - {{name: a, type: local, default_url: /d/{}}}\n", 10_000),
        "5:12: storages[1].name: the name 'a' is declared twice; first at m.yaml:4:12",
    ),
    "another version": ("version: 2", "1:10: version: the version of the format is 1, not 2"),
    "an unknown key": (f"{HEAD}storage: []", "3:1: storage: the key 'storage' is unknown (did you"),
    "null for a list": (f"{HEAD}storages:\n", "3:10: storages: this has no value"),
    "a mapping for a list": (f"{HEAD}storages: {{}}", "3:11: storages: this must be a list"),
    "text for an entry": (f"{HEAD}storages: [nas]", "3:12: storages[0]: this must be a mapping"),
    "an ambiguous name": (f"{HEAD}removed: [{{name: 1.10}}]", "3:18: removed[0].name: YAML"),
    "an ambiguous flag": (
        entry("type: local, default_url: /d, protect: on"),
        "4:56: storages[0].protect: YAML",
    ),
    "an unknown type": (
        entry("type: nfs"),
        "4:23: storages[0].type: 'nfs' is not one of S3, local",
    ),
    "no URL": (entry("type: local"), "4:5: storages[0]: a local storage needs default_url"),
    "a password": (
        entry("type: S3, default_url: 'https://a:b@h'"),
        "4:40: storages[0].default_url",
    ),
    "a missing variable": (
        f"{HEAD}lock: ${{X_UNSET}}",
        "3:7: lock: the variable X_UNSET is not set",
    ),
    "a malformed variable": (f"{HEAD}lock: ${{X", "3:7: lock: ${X is malformed"),
    "a secret variable": (
        f"{HEAD}lock: ${{A_TOKEN}}",
        "3:7: lock: the variable A_TOKEN is refused",
    ),
    "an empty scope": (f"{HEAD}policy: {{scope: []}}", "3:17: policy.scope: an empty scope owns"),
    "a limit of 0%": (f"{HEAD}policy: {{max_removals: 0%}}", "3:24: policy.max_removals: a limit"),
    "files without id": (
        f"{HEAD}removed: [{{name: a, holds_files: true}}]",
        "3:11: removed[0]: hol",
    ),
    "declared and removed": (
        entry("type: local, default_url: /d") + "removed: [{name: nas}]",
        "5:18: removed[0].name: 'nas' is both declared and to be removed",
    ),
}


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 60


@pytest.mark.sampled(12)
@pytest.mark.parametrize("name", FILES)
def test_a_malformed_file(run: Callable[..., Outcome], tmp_path: Path, name: str) -> None:
    data, message = FILES[name]
    (tmp_path / "m.yaml").write_bytes(data.encode() if isinstance(data, str) else data)
    outcome = run("-f", "m.yaml")
    check(outcome, code=65)
    assert outcome.stderr.startswith(f"m.yaml:{message}"), outcome.stderr[:200]


@pytest.mark.parametrize("size", [64 * 2**20 + 1, 2**40])
def test_a_huge_file(run: Callable[..., Outcome], tmp_path: Path, size: int) -> None:
    (tmp_path / "m.yaml").touch()
    os.truncate(tmp_path / "m.yaml", size)
    outcome = run("-f", "m.yaml")
    check(outcome, code=65)
    assert "larger than 64 MiB" in outcome.stderr


def test_a_device_without_end(run: Callable[..., Outcome]) -> None:
    check(run("-f", "/dev/zero"), code=65)


def test_a_dangling_link(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "m.yaml").symlink_to("nowhere")
    outcome = run("-f", "m.yaml")
    check(outcome, code=65)
    assert outcome.stderr.startswith("m.yaml: the file can't be read: No such file")


def test_a_folder_that_is_called_like_a_file(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages.yaml").mkdir()
    outcome = run()
    check(outcome, code=65)
    assert outcome.stderr.startswith("storages.yaml: there is no *.yaml or *.yml file")


def test_a_folder_without_yaml(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages").mkdir()
    (tmp_path / "storages/readme.md").write_text("nothing")
    check(run(), code=65)


def test_a_folder_in_which_one_file_is_wrong(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages").mkdir()
    (tmp_path / "storages/a.yaml").write_text(HEAD)
    (tmp_path / "storages/b.yml").write_text("version: [")
    (tmp_path / "storages/loop").symlink_to(".")
    outcome = run()
    check(outcome, code=65)
    assert re.match(r"storages.b\.yml:1:11: ", outcome.stderr)


def test_two_files_that_contradict_each_other(run: Callable[..., Outcome], tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(entry("type: local, default_url: /d"))
    outcome = run("-f", "a.yaml", "-f", "b.yaml")
    check(outcome, code=65)
    assert outcome.stderr.splitlines()[:2] == [
        (
            "b.yaml:2:1: platform: 'platform' may stand in one file of a manifest only; "
            "first at a.yaml:2:1"
        ),
        "b.yaml:4:12: storages[0].name: the name 'nas' is declared twice; first at a.yaml:4:12",
    ]


def test_an_env_file_that_is_wrong(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages.yaml").write_text(HEAD)
    (tmp_path / "wrong.env").write_text("A=1\nB='x\n")
    outcome = run("--env-file", "wrong.env")
    check(outcome, code=65)
    assert outcome.stderr.startswith("wrong.env:2:1: ")


def test_an_empty_variable(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages.yaml").write_text(f"{HEAD}lock: ${{STAGE}}")
    outcome = run(STAGE="")
    check(outcome, code=65)
    assert outcome.stderr.startswith("storages.yaml:3:7: lock: the variable STAGE is empty")


@pytest.mark.parametrize(
    "arguments",
    [(), ("-f", "nothing.yaml"), ("-f", "m.yaml", "-f", "nothing"), ("--env-file", "nothing.env")],
)
def test_wrong_usage(run: Callable[..., Outcome], tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "m.yaml").write_text(HEAD)
    check(run(*arguments), code=64)


def test_both_default_manifests(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages.yaml").write_text(HEAD)
    (tmp_path / "storages").mkdir()
    check(run(), code=64)


def test_an_ordinary_manifest_is_valid(run: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "storages.yaml").write_text(entry("type: local, default_url: '/data/${SITE}'"))
    check(run(SITE="basel"), code=0)
