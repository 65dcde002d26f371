"""Which lines of the program the tests run: `pytest --cover`, as `dev.py test` says it.

SlipCover takes its probe out of a line soon after the line was seen, so all tests can be followed.
To follow them by the interpreter's own tracing takes Python 3.11 more time than to run them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import slipcover

import reconciler

_SOURCE = str(Path(reconciler.__file__).parent)
#: Of a hundred lines so many are run at least.
_FLOOR = 90


class Covering:
    """A plugin of pytest: follow the tests of this process, and join what others followed.

    Commands that tests start are not followed.
    """

    def __init__(self, config: pytest.Config, *, branches: bool) -> None:
        """Begin at once; only what is imported from now on is followed."""
        self._config = config
        self._joined: dict[str, Any] | None = None
        # What no process imports has to count too; one that joins is enough to look for it.
        source = None if hasattr(config, "workerinput") else [_SOURCE]
        self._slipcover = slipcover.Slipcover(branch=branches, source=source)
        matcher = slipcover.FileMatcher(sources=[_SOURCE])
        slipcover.ImportManager(self._slipcover, matcher).__enter__()

    def pytest_testnodedown(self, node: Any) -> None:
        """Join what another process followed; one that crashed has nothing to tell."""
        told = getattr(node, "workeroutput", {}).get("covered")
        self._join(told and json.loads(told))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell what was followed here; where all is joined, fail if it is too little."""
        self._join(self._slipcover.get_coverage())
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["covered"] = json.dumps(self._joined)
        elif self._percent() < _FLOOR and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show each file of which not every line was run, and what all comes to."""
        terminalreporter.section("lines run by tests")
        slipcover.print_coverage(self._joined, skip_covered=True)
        reached = "reached" if self._percent() >= _FLOOR else "NOT reached"
        terminalreporter.line(f"{self._percent():.2f} %; the floor of {_FLOOR} % is {reached}.")

    def _join(self, covered: dict[str, Any] | None) -> None:
        if covered is not None and self._joined is not None:
            slipcover.merge_coverage(self._joined, covered)
        else:
            self._joined = covered or self._joined

    def _percent(self) -> float:
        assert self._joined is not None
        return float(self._joined["summary"]["percent_covered"])
