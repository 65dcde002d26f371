"""How tests are collected by several processes at once, and which of them coverage follows.

Each process collects all tests: what that costs is paid as often as there are processes.
"""

from __future__ import annotations

import gc
import os
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

import reconciler

#: Of so many values of a test the lines are noted.
_FOLLOWED = 1


@contextmanager
def no_garbage() -> Iterator[None]:
    """Let nothing be searched for garbage here, nor later what is made here and stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


@contextmanager
def unfollowed(session: pytest.Session) -> Iterator[None]:
    """Have coverage follow what is imported of the program, and not how tests are collected."""
    plugin = session.config.pluginmanager.getplugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    if controller is None:
        yield
        return
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    controller.pause()
    try:
        yield
    finally:
        controller.resume()


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


def leave_untraced(items: Iterable[pytest.Item]) -> None:
    """Have coverage not follow what runs the same lines a hundred times with other values.

    That would double its time, and tell little: what matters there are the values. Of a test with
    many values the first ones are followed.
    """
    seen = Counter[object]()
    for item in items:
        test = getattr(item, "obj", None)
        seen[test] += 1
        if is_hypothesis_test(test) or seen[test] > _FOLLOWED:
            item.add_marker(pytest.mark.no_cover)


def _modules(arguments: Iterable[str]) -> Iterator[Path]:
    for folder in map(Path, arguments):
        if folder.is_dir():
            yield from sorted(folder.absolute().rglob("test_*.py"))
