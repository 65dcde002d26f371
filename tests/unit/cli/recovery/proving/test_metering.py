"""Metrics at the end of a run, however it ends, in this process and without storages."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.recovery.proving.metering import About, metered
from reconciler.cli.settings import Settings
from reconciler.errors import ReconcilerError, StaleError
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.report.metrics import Run, runs_in
from support.recovery import snapshots
from support.values.building import storage


class Place:
    """A repository, and a file in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.repository = path / "proofs"
        open_repository(str(self.repository), make=True).close()
        self.file = path / "textfile" / "reconciler.prom"
        self.file.parent.mkdir()

    def run(self, ends, command: str = "scan", *, is_apart: bool = True) -> int:
        """Run what returns an exit code, or raises, once the file is known to lie in no storage."""
        context = Context.of(Settings(), Streams(), {})
        arguments = str(self.file), command, str(self.repository)

        def body(about: About) -> int:
            if is_apart:
                about.keep_apart(())
            return ends()

        return metered(context, *arguments, body)

    def told(self, command: str = "scan") -> Run:
        found = {run.command: run for run in runs_in(self.file.read_text(), str(self.repository))}
        return found[command]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    monkeypatch.chdir(tmp_path)  # in which there is no manifest
    return Place(tmp_path)


def raising(error: BaseException):
    def ends() -> int:
        raise error

    return ends


@pytest.mark.parametrize("code", [7, 8, 130])
def test_a_run_that_does_not_succeed_leaves_the_last_success_where_it_was(place, code):
    place.run(lambda: 0)
    before = place.told()
    assert before.succeeded == before.ended
    assert place.run(lambda: code) == code
    after = place.told()
    assert (after.exit_code, after.succeeded) == (code, before.succeeded)
    assert after.ended >= before.ended


@pytest.mark.parametrize(
    ("error", "code"), [(StaleError("x"), 4), (ValueError("x"), 1), (MemoryError(), 1)]
)
def test_an_error_is_told_and_stays_the_error_that_it_was(place, error, code):
    with pytest.raises(type(error)):
        place.run(raising(error))
    assert (place.told().exit_code, place.told().succeeded) == (code, None)


def test_nothing_is_written_as_long_as_nobody_knows_where_storages_lie(place):
    with pytest.raises(StaleError):
        place.run(raising(StaleError("x")), is_apart=False)
    assert list(place.file.parent.iterdir()) == []


def test_a_run_that_is_ended_at_once_writes_nothing(place):
    place.run(lambda: 0)
    before = place.file.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        place.run(raising(KeyboardInterrupt()))
    assert place.file.read_bytes() == before


def test_what_other_commands_said_of_themselves_stays(place):
    place.run(lambda: 0)
    before = place.told()
    place.run(lambda: 8, "verify --objective")
    assert place.told() == before
    assert place.told("verify --objective").succeeded is None


def test_a_success_that_can_not_be_told_is_none(place, capsys):
    def gone(code: int):
        shutil.rmtree(place.file.parent)
        return code

    with pytest.raises(ReconcilerError, match=r"--metrics '.*reconciler.prom': can't write"):
        place.run(lambda: gone(0))
    place.file.parent.mkdir()
    assert place.run(lambda: gone(7)) == 7
    assert "Warning: --metrics" in capsys.readouterr().err
    place.file.parent.mkdir()
    with pytest.raises(StaleError, match="first"):
        place.run(lambda: gone(0) or raising(StaleError("first"))())


def test_a_file_that_somebody_else_wrote_meanwhile_is_left(place):
    def foreign() -> int:
        place.file.write_text("node_other 1\n")
        return 0

    with pytest.raises(ReconcilerError, match="was not written by --metrics"):
        place.run(foreign)
    assert place.file.read_text() == "node_other 1\n"


def test_without_a_file_nothing_is_looked_at(tmp_path):
    context = Context.of(Settings(), Streams(), {})
    assert metered(context, None, "scan", str(tmp_path / "none"), lambda about: 5) == 5
    assert About(context).storages == {}


def test_what_a_link_leads_to_is_written_and_the_link_stays(place, tmp_path):
    place.file.symlink_to(tmp_path / "real.prom")
    place.run(lambda: 0)
    assert place.file.is_symlink()
    assert (tmp_path / "real.prom").stat().st_mode & 0o777 == 0o644


def test_the_last_snapshots_are_told_but_none_of_a_time_to_come(place):
    def told() -> dict[str, int]:
        place.run(lambda: 0)
        made = re.compile(r"^reconciler_last_(.*snapshot)_timestamp_seconds.* (\d+)$", re.M)
        return {name: now - int(seconds) for name, seconds in made.findall(place.file.read_text())}

    now, platform = int(time.time()), snapshots.platform("a")
    repository = open_repository(str(place.repository))
    assert told() == {}
    snapshots.taken(platform, repository, at=now - 5000)
    assert told() == {"snapshot": 5000, "complete_snapshot": 5000}
    snapshots.scanned(repository, storage("a"), complete=False)
    assert not snapshots.taken(platform, repository, at=now - 3000).snapshot.complete
    assert told() == {"snapshot": 3000, "complete_snapshot": 5000}
    later = snapshots.taken(platform, repository, at=now + 9000).snapshot.id
    assert told() == {"snapshot": 3000, "complete_snapshot": 5000}
    # Which one is the last, nobody knows while that can't be read.
    (place.repository / layout.snapshot(later)).write_bytes(b"{}")
    assert told() == {}
