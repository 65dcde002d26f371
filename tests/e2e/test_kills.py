"""The installed command is killed in the middle of an apply; another apply makes all well."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.killing import Killing, Stage, before, sdk_stage, server_stage, sqlite_stage
from support.organisation import Organisation
from support.state_server import StateServer

#: 200 kills on each platform, in parts that can be run side by side.
PARTS, KILLS = 4, 50


@contextmanager
def _sqlite(folder: Path, _request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield sqlite_stage(folder)


@contextmanager
def _sdk(folder: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    organisation = Organisation(folder / "organisation.db")
    yield sdk_stage(organisation.install(request.getfixturevalue("monkeypatch")))


@contextmanager
def _server(_folder: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    database = request.getfixturevalue("postgres").database()
    with StateServer(database) as server:
        yield server_stage(server.url, database)


STAGES = {"sqlite": _sqlite, "jetraw": _sdk, "http-postgresql": _server}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_a_killed_apply_is_mended_by_the_next(
    stage: Callable, part: int, folder, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with stage(tmp_path, request) as on:
        folder.write(json.dumps(before()))
        platform = {"RECONCILER_PLATFORM": on.address, **on.environ}
        folder("apply", "-y", env=platform)
        on.reset()
        killing = Killing(folder.path, folder.command, on, os.environ)
        for seed in range(part * KILLS, (part + 1) * KILLS):
            killing.once(seed)
    # They were killed all along the way, not all before the first write or after the last.
    assert len(killing.done) == KILLS
    assert len({done // 30 for done in killing.done if 0 < done < 300}) >= 7
