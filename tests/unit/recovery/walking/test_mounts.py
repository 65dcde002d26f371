"""Storages that are mounted, and then are not: no file of them is ever missing for that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.faults.mounted import ON_DISKS, SCENARIOS, play, without_mounts

WHY_NOT = without_mounts()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"nothing can be mounted here: {WHY_NOT}")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_root_is_proved_only_if_it_is_the_one_of_the_last_scan(
    tmp_path: Path, scenario: str
) -> None:
    assert play(scenario, tmp_path) == ""


@pytest.mark.skipif(
    os.getuid() != 0 or not Path("/dev/loop-control").exists() or not shutil.which("mkfs.ext4"),
    reason="needs root, loop devices and mkfs.ext4",
)
@pytest.mark.parametrize("scenario", ON_DISKS)
def test_a_disk_is_known_by_what_stays_the_same(tmp_path: Path, scenario: str) -> None:
    assert play(scenario, tmp_path) == ""
