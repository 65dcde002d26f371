"""What the benchmark of snapshots measures of ours, each in a process of its own."""

import sys
from pathlib import Path

from reconciler.recovery.parts.merge import differences
from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import CONTENTS


def start() -> int:
    """Do nothing: what importing has cost."""
    return 0


def read(was: str, now: str) -> int:
    """Read both, and look at nothing."""
    return sum(0 for name in (was, now) for _ in batches(Path(name), CONTENTS))


def compare(was: str, now: str) -> int:
    """Compare as `verify --against` does."""
    found = differences(batches(Path(was), CONTENTS), batches(Path(now), CONTENTS))
    return sum(1 for _ in found)


TASKS = (start, read, compare)

if __name__ == "__main__":
    print({task.__name__: task for task in TASKS}[sys.argv[1]](*sys.argv[2:]))
