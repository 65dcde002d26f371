"""Many small files at once: in order, each with its content."""

from __future__ import annotations

import threading

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.repository.many import read_many
from support.recovery.snapshots import repository as made


def test_they_come_in_the_order_in_which_they_were_asked_for(tmp_path):
    repository = made(tmp_path)
    names = [f"a/{number}.json" for number in range(200)]
    for name in names:
        repository.write(name, name.encode())
    asked = [*reversed(names), "a/none.json"]
    told = list(read_many(repository, asked))
    assert told == [(name, name.encode()) for name in reversed(names)] + [("a/none.json", None)]


def test_several_are_read_at_once(tmp_path, monkeypatch):
    repository = made(tmp_path)
    together = threading.Barrier(8)
    monkeypatch.setattr(repository, "read", lambda _: together.wait(timeout=60) and None)
    assert len(list(read_many(repository, map(str, range(16))))) == 16


def test_one_that_can_not_be_read_is_told(tmp_path, monkeypatch):
    repository = made(tmp_path)

    def failing(name):
        if name == "3":
            raise RepositoryError("no answer")
        return b""

    monkeypatch.setattr(repository, "read", failing)
    with pytest.raises(RepositoryError, match="no answer"):
        list(read_many(repository, map(str, range(9))))
