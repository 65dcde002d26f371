"""Watches for two hours, while all that they look at fails in all ways: none of it goes untold.

`WATCH_CAMPAIGN=600` makes it ten minutes, `WATCH_CAMPAIGN_SEED` another course of things.
"""

import os

import pytest

from support.faults.mounted import without_mounts
from support.watching.campaign import played

SECONDS = float(os.environ.get("WATCH_CAMPAIGN", "7200"))
SEED = int(os.environ.get("WATCH_CAMPAIGN_SEED", "13"))


@pytest.mark.long
@pytest.mark.parametrize("name", ["looking", "applying"])
def test_all_that_is_due_is_told_once_and_written_once(name, tmp_path):
    if why := without_mounts():
        pytest.skip(why)
    if wrong := played(name, tmp_path, SEED, SECONDS):
        pytest.fail(wrong)  # a comparison would be cut short
