"""The log: one line an event, nothing secret, nothing that a terminal would obey."""

import logging
import sys

from reconciler.server.wire.logs import QUIET, OneLine, configuration


def written(message, *values, error=None):
    info = None
    if error is not None:
        try:
            raise error
        except type(error):
            info = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "f", 1, message, values, info)
    return OneLine().format(record)


def test_a_record_is_one_line_with_its_time():
    line = written("failed: %s", "a\nb\x1b[2J\u202e")
    time, level, rest = line.split(" ", 2)
    assert time.endswith("Z")
    assert len(time) == len("2026-11-22T18:00:00.123Z")
    assert (level, rest) == ("ERROR", "failed: a\\nb\\x1b[2J\\u202e")


def test_an_error_is_told_without_its_text():
    error = RuntimeError("secret two")
    error.__cause__ = KeyError("secret one")
    line = written("failed", error=error)
    assert "error=RuntimeError at=test_server_logs.py:" in line
    assert "(written)" in line
    assert "from error=KeyError at=" in line
    assert "secret" not in line
    assert "\n" not in line


def test_without_verbose_only_what_went_wrong_is_told():
    assert configuration(verbose=False)["loggers"]["uvicorn"]["level"] == "WARNING"
    assert configuration(verbose=True)["loggers"]["reconciler.server"]["level"] == "INFO"


def test_everybody_logs_in_the_same_way():
    loggers = configuration(verbose=False)["loggers"]
    assert loggers.pop(QUIET) == {"level": "ERROR"}
    assert set(loggers) == {"asyncio", "psycopg", "reconciler.server", "uvicorn"}
    assert all(logger["handlers"] == ["stderr"] for logger in loggers.values())
