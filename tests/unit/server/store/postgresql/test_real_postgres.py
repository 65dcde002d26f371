"""The PostgreSQL of the tests: from either source, and gone with those who started it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from support.repository import TESTS
from support.server.postgres import Postgres, packaged

_KILLED = """
import os, signal, sys
from support.server.postgres import Postgres, installed, packaged
server = Postgres(installed() or packaged())
print(server.url(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_programs_from_pypi_serve_as_well() -> None:
    server = Postgres(packaged())
    try:
        url = server.database()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        server.restart()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]
    finally:
        server.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_it_ends_with_tests_that_are_killed() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED], cwd=TESTS, capture_output=True, text=True, check=False
    )
    url = killed.stdout.strip()
    folder = Path(url.partition("host=")[2])
    deadline = time.monotonic() + 60
    while folder.exists():
        assert time.monotonic() < deadline, "its files are still there"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
