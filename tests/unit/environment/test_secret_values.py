"""Secrets are read from where they are given, once, and never seen."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from reconciler.environment.secret_values import URL, Secret, read_secret
from reconciler.errors import UsageError

HIDDEN = "hunter2-hunter2"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format])
def test_a_secret_is_never_shown(show) -> None:
    secret = Secret(HIDDEN)
    assert HIDDEN not in show(secret)
    assert HIDDEN not in show([secret])
    assert secret.reveal() == HIDDEN


@pytest.mark.parametrize("save", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_not_copied_into_files(save) -> None:
    with pytest.raises(TypeError):
        save(Secret(HIDDEN))


def test_without_either_variable_there_is_none() -> None:
    assert read_secret({"OTHER_TOKEN": HIDDEN}, "TOKEN") is None


def test_it_is_read_from_the_variable() -> None:
    found = read_secret({"TOKEN": f" {HIDDEN}\n"}, "TOKEN")
    assert found is not None
    assert found.reveal() == HIDDEN


def test_it_is_read_from_a_file_without_the_final_newline(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(HIDDEN + "\r\n", encoding="utf-8")
    found = read_secret({"TOKEN_FILE": str(tmp_path / "token")}, "TOKEN")
    assert found is not None
    assert found.reveal() == HIDDEN


@pytest.mark.parametrize("url", ["sqlite:///ü/server.db", "sqlite:///a\xa0b/日本.db", "x\udcff"])
def test_a_url_may_hold_any_character(url: str) -> None:
    found = read_secret({"DATABASE": url}, "DATABASE", URL)
    assert found is not None
    assert found.reveal() == url


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DATABASE": " "}, "DATABASE is empty: unset it, or put the URL there"),
        ({"DATABASE": f"{HIDDEN}\n{HIDDEN}"}, "DATABASE holds more than one line"),
        ({"DATABASE_FILE": "long"}, "'long' is too long for a URL"),
        ({"DATABASE_FILE": f"postgresql://u:{HIDDEN}@h/db"}, "is the path of none"),
    ],
)
def test_what_can_not_be_a_url_is_not_called_a_token(
    environ: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long").write_bytes(b"x" * 100_000)
    with pytest.raises(UsageError) as caught:
        read_secret(environ, "DATABASE", URL)
    assert told in str(caught.value)
    assert "token" not in str(caught.value)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TOKEN": HIDDEN, "TOKEN_FILE": "x"}, "TOKEN and TOKEN_FILE are both set"),
        ({"TOKEN": ""}, "TOKEN is empty"),
        ({"TOKEN": " \n"}, "TOKEN is empty"),
        ({"TOKEN": f"{HIDDEN}\r\nX-Header: 1"}, "TOKEN holds characters that no token has"),
        ({"TOKEN": HIDDEN + "é"}, "TOKEN holds characters that no token has"),
        ({"TOKEN_FILE": "./missing"}, "'./missing' can't be read"),
        ({"TOKEN_FILE": HIDDEN}, "is the path of none (No such file or directory), and is not"),
        ({"TOKEN_FILE": HIDDEN * 99}, "is the path of none (File name too long), and is not"),
        ({"TOKEN_FILE": f"{HIDDEN}\0"}, "TOKEN_FILE names no file"),
        ({"TOKEN_FILE": f"/{HIDDEN}/x"}, "is the path of none"),
        ({"TOKEN_FILE": f"slack://{HIDDEN}/a/b"}, "is the path of none"),
        ({"TOKEN_FILE": ""}, "'' can't be read"),
        ({"TOKEN_FILE": "."}, "'.' can't be read"),
        ({"TOKEN_FILE": "empty"}, "the file that TOKEN_FILE names is empty"),
        ({"TOKEN_FILE": "binary"}, "'binary' holds no text"),
        ({"TOKEN_FILE": "long"}, "'long' is too long for a token"),
    ],
)
def test_what_can_not_be_a_secret_is_refused_without_showing_it(
    environ: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" + HIDDEN.encode())
    (tmp_path / "long").write_bytes(b"x" * 100_000)
    with pytest.raises(UsageError) as caught:
        read_secret(environ, "TOKEN")
    assert told in str(caught.value)
    assert HIDDEN not in str(caught.value)
