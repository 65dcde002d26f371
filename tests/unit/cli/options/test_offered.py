"""What a TAB offers: names in any text that may become a manifest, and runs."""

import os
import socket

import pytest

from reconciler.cli import OFFER
from reconciler.cli.main import main
from reconciler.cli.options import offered
from reconciler.cli.options.offered import names_in

#: Nobody answers there, and a test that asked would fail by its clock.
HEAD = "version: 1\nplatform: https://192.0.2.1\nstorages:\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("- name: a\n  label: b\n- label: c\n  name: d # e", ["a", "d"]),
        ("- {name: a, label: 'name: x'}\n-   name:  a, b  ", ["a", "a, b"]),
        ("[{name: a}, {type: local,\n name: b}]\nname: c, d", ["a", "b", "c, d"]),
        ('[{"name":"a","label":"b"},\n{"name" : "cé"}]', ["a", "cé"]),
        ("- name: a#b\r\n- name: 'it''s'\r\n", ["a#b", "it's"]),
        ('- name: "a \\"b\\" \\\\"', ['a "b" \\']),
        ('- name: "a \\"b\\" \\\\"\n- name: "caf\\u00e9"', ['a "b" \\']),
        ("# - name: a\n- label: 'x' # name: b\n- name: c", ["c"]),
        ("- label: Bob's name\n  name: rock 'n' roll", ["rock 'n' roll"]),
        ("- rename: a\n  names: b\n  name:c\n  'name: d'", []),
        ("- name: *a\n- name:\n- name: &x b\n- name: !!str 012", ["b", "012"]),
        ("- name: lab-${STAGE:-{x}} # c\n- {name: '${A}-b'}", ["lab-${STAGE:-{x}}", "${A}-b"]),
        ("storages: [\n- {name: a\n  name: b}}}\n]: }{\n\tname: c", ["a", "b", "c"]),
    ],
)
def test_names_are_found_in_what_is_no_manifest_yet(text: str, names: list[str]) -> None:
    assert list(names_in(text)) == names


@pytest.fixture
def asked(tmp_path, monkeypatch, capfd):
    """Give how a completion script asks, in a folder of its own, where nobody may ask a network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("it asks a network"))

    def ask(*words, kind="names", shell="zsh", word=""):
        assert main([OFFER, shell, kind, word, *words]) == 0
        told = capfd.readouterr()
        assert told.err == ""
        return told.out.splitlines()

    return ask


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_names_come_from_the_manifest_at_hand(asked, tmp_path, monkeypatch):
    monkeypatch.delenv("STAGE", raising=False)
    write(tmp_path, "storages/b.yml", HEAD + "- {name: two}\n- {name: one}")
    write(tmp_path, "storages/a.yaml", "removed: [{name: gone}]")
    write(tmp_path, "storages/.hidden/a.yaml", "name: hidden")
    write(tmp_path, "prod/a.yaml", "\ufeff" + HEAD + "- name: lab-${STAGE}\n- name: $$5\n- name: p")
    assert asked("list") == ["gone", "two", "one"]
    assert asked("-f", "prod", "list") == ["$5", "p"]
    write(tmp_path, ".env", "STAGE=test")
    assert asked("-f", "prod", "list", "--env-file=.env") == ["lab-test", "$5", "p"]


def test_bash_hands_over_words_as_they_were_typed(asked, tmp_path, monkeypatch):
    write(tmp_path, "my files/a.yaml", "name: Raw frames\nname: raw")
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("my\\ files/a.yaml", "'my files/a.yaml'", '"~/my files', "$HOME/my\\ files"):
        assert asked("--file", given, shell="bash", word="Raw\\ f") == ["Raw frames"]
    assert asked("-f", "my files", shell="bash", word='"R') == ["Raw frames"]


def test_runs_are_those_of_the_journals_at_hand(asked, tmp_path):
    write(tmp_path, "prod/.reconciler/journal/20261130-1.jsonl", "")
    write(tmp_path, "prod/a.yaml", HEAD)
    write(tmp_path, ".reconciler/journal/20261130-2.jsonl", "damaged")
    write(tmp_path, ".reconciler/journal/notes.txt", "")
    assert asked("history", kind="runs") == ["20261130-2"]
    assert asked("history", "-f", "prod/a.yaml", kind="runs") == ["20261130-1"]
    assert asked("--journal", ".reconciler/journal", "history", kind="runs") == ["20261130-2"]


def test_nothing_is_told_of_what_is_wrong(asked, tmp_path, monkeypatch):
    assert asked("list") == []
    assert asked("history", kind="runs") == []
    assert main([OFFER]) == 0
    os.mkfifo(tmp_path / "pipe.yaml")
    assert asked("-f", "pipe.yaml", "-f", "-", "-f", ".") == []
    (tmp_path / "storages.yaml").write_bytes(b'name: \xff\xfe\nname: "\\u001b[2J"\nname: a\n')
    assert asked("list")[-1] == "a"
    assert not any("\x1b" in name for name in asked("list"))
    (tmp_path / "storages.yaml").write_text("name: ${A:?}\nname: b")
    assert asked("list", "--env-file", "none") == ["b"]
    assert asked("list", "--env-file", "pipe.yaml") == ["b"]
    (tmp_path / ".env").write_text("A=a\n")
    assert asked("list", "--env-file", ".env") == ["a", "b"]
    monkeypatch.setattr(offered, "_MOST_BYTES", 16)
    (tmp_path / ".env").write_text(f"A=a\n#{'x' * 20}\n")
    (tmp_path / "storages.yaml").write_text("name: ${A}")
    assert asked("list", "--env-file", ".env") == []
    monkeypatch.setattr(offered, "_MOST_BYTES", 8)
    (tmp_path / "storages.yaml").write_text("name: a\nname: b")
    assert asked("list") == ["a"]
