"""How tests are collected by several processes at once.

Each process collects all tests: what that costs is paid as often as there are processes.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def no_garbage() -> Iterator[None]:
    """Let nothing be searched for garbage here, nor later what is made here and stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def share_compiling(session: pytest.Session) -> None:
    """Import the test modules, each process from another one on; what fails is left to pytest.

    In a new checkout pytest compiles each of them. Processes that import them in the same order
    would all compile all of them; so each finds most of them compiled by another.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    paths = list(_modules(session.config.args))
    first = len(paths) * number // count
    for path in [*paths[first:], *paths[:first]] if count > 1 else []:
        # A module that is left out as a whole raises what is no Exception.
        with suppress(Exception, pytest.skip.Exception):
            _ = pytest.Module.from_parent(session, path=path).obj


def _modules(arguments: Iterable[str]) -> Iterator[Path]:
    for folder in map(Path, arguments):
        if folder.is_dir():
            yield from sorted(folder.absolute().rglob("test_*.py"))
