"""What several processes tell of each test: once, unless more is to be told."""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol


class Briefly:
    """A plugin of pytest for the processes that `pytest -n` starts.

    Each test is told five times, that it begins and ends and how its three parts went. To tell
    once saves a millisecond for each, and there are ten thousand.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test; tell how it went, and what went wrong before or after it."""
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed:
                item.ihook.pytest_runtest_logreport(report=report)
        return True
