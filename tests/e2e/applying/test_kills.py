"""The installed command is killed in the middle of an apply; another apply makes all well."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.faults.killing import (
    SMALL,
    WHOLE,
    Killing,
    Stage,
    before,
    sdk_stage,
    server_stage,
    sqlite_stage,
)
from support.platforms.organisation import Organisation
from support.sampling import sample
from support.server.state_server import StateServer

#: 200 kills of 300 operations on each platform, in parts that can be run side by side; or 25 of 32
#: for each commit.
KILLS, SAMPLE, PARTS = 200, 25, 2


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


LONG = pytest.mark.long
STAGES = {"sqlite": _sqlite, "jetraw": _sdk, "http-postgresql": _server}


@pytest.mark.sampled(len(STAGES) * PARTS)
@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=LONG) for n in range(1, PARTS))])
@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_a_killed_apply_is_mended_by_the_next(
    stage: Callable, part: int, long: bool, folder, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = range(KILLS)
    seeds = kills[part::PARTS] if long else sample(kills, SAMPLE, request.node.originalname)
    size = WHOLE if long else SMALL
    with stage(tmp_path, request) as on:
        folder.write(json.dumps(before(size)))
        platform = {"RECONCILER_PLATFORM": on.address, **on.environ}
        folder("apply", "-y", env=platform)
        on.reset()
        killing = Killing(folder.path, on, os.environ, size)
        for seed in seeds:
            killing.once(seed)
    # They were killed all along the way, not all before the first write or after the last.
    assert len(killing.done) == len(seeds)
    tenths = {10 * n // size.operations for n in killing.done if 0 < n < size.operations}
    assert len(tenths) >= (7 if long else 5)
