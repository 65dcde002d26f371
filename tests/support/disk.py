"""What tests wait for no disk for: what they write has to outlast no power cut.

One `fsync` in the test process takes milliseconds, and a run of all tests makes tens of thousands.
That the program asks for each, and what it does where a disk says no, is for tests that put
something of their own in the place of `os.fsync`. Commands that tests start still wait.
"""

from __future__ import annotations

import os


def wait_for_no_disk() -> None:
    """Let `os.fsync` do no more, from now on, than refuse what is not open."""
    os.fsync = _take  # type: ignore[assignment]


def _take(file: int) -> None:
    os.fstat(file)
