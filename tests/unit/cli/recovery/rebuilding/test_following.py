"""How far a rebuild has come with records of files."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from reconciler.cli.applying import progress
from reconciler.cli.output import bar
from reconciler.cli.recovery.rebuilding import adding
from support.recovery.rebuilding import Rebuild, empty
from support.values.memory_platform import MemoryPlatform


def test_each_storage_is_told_with_v(rebuild: Rebuild, was: MemoryPlatform) -> None:
    was.files["id-b"] = {f"u{i}": (f"u{i}", "1", "1") for i in range(1_234)}
    new = empty()
    notes = rebuild(new, "--parallelism", "1", verbosity=1).notes
    assert "Adding file records: a, 1\nAdding file records: b, 1,234\n" in notes
    assert "Comparing" not in notes  # nothing was live
    assert "Comparing file records: a, 1\n" in rebuild(new, verbosity=1).notes
    assert "file records: a" not in rebuild(empty()).notes


def test_a_bar_moves_within_a_storage_too(
    rebuild: Rebuild, was: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    was.files["id-b"] = {f"u{i}": (f"u{i}", "1", "1") for i in range(10)}
    seen: dict[str, list[int]] = {}

    @contextmanager
    def opened(_, what, total, *, colour):
        seen[what] = [total]
        yield seen[what].append

    monkeypatch.setattr(adding, "_MANY", 4)
    monkeypatch.setattr(progress, "is_terminal", lambda _: True)
    monkeypatch.setattr(bar, "open_bar", opened)
    rebuild(empty(), "--parallelism", "1")
    assert seen == {"Applying": [3, 1, 1, 1], "Adding file records": [12, 1, 4, 4, 2, 1]}
