"""The search for tokens that ends every run of these tests finds them."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from reconciler.server.calls.tokens import new_token
from support.leaks import check_told, leaks
from support.platforms.organisation import TOKEN as SDK_TOKEN

pytest_plugins = ["pytester"]


@pytest.fixture(params=["server", "sdk"])
def token(request):
    return new_token().text.reveal() if request.param == "server" else SDK_TOKEN


def test_a_token_in_a_log_is_found(tmp_path, token):
    folder = tmp_path / "a" / ".b"
    folder.mkdir(parents=True)
    (folder / "log").write_text(f"2026-11-22 GET /v1/storages Bearer {token} 200\n")
    (folder / "clean").write_text("rct_0123456789abcdef, made by alice\n")
    (folder / "empty").touch()
    try:
        assert leaks(tmp_path) == ["a/.b/log"]
    finally:
        (folder / "log").unlink()


def test_a_file_that_only_claims_to_be_large_is_not_read(tmp_path):
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 2**40)
    assert leaks(tmp_path) == []


def test_a_token_in_a_database_is_found(tmp_path, token):
    path = tmp_path / "state.db"
    try:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("CREATE TABLE audit (detail TEXT)")
            db.executemany("INSERT INTO audit VALUES (?)", [("x" * 5000,), (f'{{"t":"{token}"}}',)])
        assert leaks(tmp_path) == ["state.db"]
    finally:
        path.unlink()


def test_a_file_that_is_a_token_was_made_on_purpose(tmp_path, token):
    (tmp_path / "token").write_text(token + "\n")
    assert leaks(tmp_path) == []


def test_a_token_that_is_told_is_found_and_not_told_again(token):
    with pytest.raises(AssertionError, match=r"^a token was told") as caught:
        check_told(f"Error: 401 for {token}")
    assert token not in str(caught.value)
    check_told("Error: 401 for rct_0123456789abcdef")


def test_a_run_that_leaves_a_token_behind_fails(pytester):
    pytester.makeconftest("from support.leaks import no_leaks")
    pytester.makepyfile("""
        from reconciler.server.calls.tokens import new_token
        def test_that_leaks(tmp_path):
            token = new_token().text.reveal()
            (tmp_path / "plan.json").write_text('{"author": "%s"}' % token)
    """)
    base = pytester.path / "base"
    try:
        ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--basetemp", base)
    finally:
        shutil.rmtree(base)
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["*left behind in*test_that_leaks0/plan.json*"])
