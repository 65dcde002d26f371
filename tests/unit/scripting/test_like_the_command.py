"""A script and the command: one plan, one way to apply it, one exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.client import Client
from reconciler.errors import PlatformError, ReconcilerError
from reconciler.lease.contract import Holder
from reconciler.platforms import open_platform
from reconciler.platforms.sqlite.writer import SqliteWriter
from reconciler.scripting import load, read_plan
from reconciler.storages import get_storage
from unit.scripting.conftest import Folder

OTHER = "sha256:" + "0" * 64


@contextmanager
def held(folder: Folder) -> Iterator[None]:
    lock = open_platform(folder.address, base=None).lock()
    assert lock is not None
    lease = lock.acquire(Holder("they", "there", "", "apply"), 60)
    yield
    lock.release(lease)
    lock.close()


def test_they_make_the_same_plan(folder: Folder) -> None:
    folder.declare("a", "b")
    plan = load().plan()
    assert main(["plan", "--out", "plan.json"]) == 0
    assert read_plan("plan.json").digest == plan.digest
    Path("script.json").write_text(plan.json())
    assert main(["apply", "script.json", "--expect", plan.digest]) == 0
    assert folder.live == ["a", "b"]


def invalid(folder: Folder) -> None:
    folder.declare("a", more="polcy: {}\n")


def without_match(folder: Folder) -> None:
    folder.declare("a", more="policy: {scope: [b]}\n")


def without_platform(_: Folder) -> None:
    Path("storages.yaml").write_text("version: 1\nstorages: []\n")


def blocked(folder: Folder) -> None:
    folder.make("theirs")


def no_database(_: Folder) -> None:
    Path("platform.db").write_text("no database, and too long to be a new one" * 99)


@pytest.mark.parametrize(
    ("made", "code"),
    [(invalid, 65), (without_match, 65), (without_platform, 64), (blocked, 3), (no_database, 1)],
)
def test_what_can_not_be_applied_has_the_exit_code_of_the_command(
    folder: Folder, made: Callable[[Folder], None], code: int
) -> None:
    folder.declare("a")
    made(folder)
    with pytest.raises(ReconcilerError) as raised:
        load().plan().apply()
    assert (raised.value.exit_code, main(["apply", "-y"])) == (code, code)


def test_a_plan_that_was_not_expected_has_the_exit_code_of_the_command(folder: Folder) -> None:
    folder.declare("a")
    with pytest.raises(ReconcilerError) as raised:
        load().plan().apply(expect=OTHER)
    assert raised.value.exit_code == main(["apply", "--expect", OTHER]) == 4


def test_a_lease_of_somebody_else_has_the_exit_code_of_the_command(folder: Folder) -> None:
    folder.declare("a")
    load().plan().apply()
    folder.declare("a", "b")
    with held(folder), pytest.raises(ReconcilerError) as raised:
        load().plan().apply(lock_timeout=0.01)
    with held(folder):
        code = main(["apply", "-y", "--lock-timeout", "0.01"])
    assert raised.value.exit_code == code == 6


def test_live_that_changed_has_the_exit_code_of_the_command(folder: Folder) -> None:
    folder.declare("a")
    load().plan().apply()
    folder.declare("a", more="defaults: {label: New}\n")
    Path("plan.json").write_text(load().plan().json())
    with Client(folder.address) as client:
        get_storage("a", client=client).label = "Somebody else's"
    with pytest.raises(ReconcilerError) as raised:
        read_plan("plan.json").apply()
    assert raised.value.exit_code == main(["apply", "plan.json"]) == 4


def test_what_was_done_in_part_has_the_exit_code_of_the_command(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: SqliteWriter) -> None:
        raise PlatformError("the disk is gone")

    monkeypatch.setattr(SqliteWriter, "read", read)
    folder.declare("a")
    with pytest.raises(ReconcilerError) as raised:
        load().plan().apply()
    folder.declare("a", "b")
    assert raised.value.exit_code == main(["apply", "-y"]) == 5
