"""What the benchmark of snapshots writes, and what it measures of live inventories."""

import json
import sys
from pathlib import Path

from snapshot_inputs import change_contents, live_inventory, write_contents, write_inventory

from reconciler.recovery.parts.merge import inventory_differences
from reconciler.recovery.parts.read import batches
from reconciler.recovery.parts.schema import INVENTORY
from reconciler.recovery.parts.unsorted import sorted_inventory


def make(rows: str) -> int:
    """Make the rows of a live inventory, and drop them."""
    return sum(0 for _ in live_inventory(int(rows), changed=True))


def compare(was: str, rows: str) -> int:
    """Compare an inventory with a live one that comes in any order, as `verify` does."""
    now = sorted_inventory(live_inventory(int(rows), changed=True), Path(was).parent)
    return sum(1 for _ in inventory_differences(batches(Path(was), INVENTORY), now))


def contents(folder: str, rows: str) -> str:
    """Write contents."""
    return json.dumps(write_contents(Path(folder), int(rows)))


def changed(folder: str, was: str, share: str) -> str:
    """Write contents in which a share of the rows differs."""
    return json.dumps(change_contents(Path(folder), Path(was), float(share)))


def inventory(folder: str, rows: str, changed: str) -> str:
    """Write an inventory."""
    return json.dumps(write_inventory(Path(folder), int(rows), changed=changed == "True"))


TASKS = (make, compare, contents, changed, inventory)

if __name__ == "__main__":
    print({task.__name__: task for task in TASKS}[sys.argv[1]](*sys.argv[2:]))
