"""(desired, live) -> matches and changes, sorted. Knows nothing of policy, order or apply."""

from reconciler.diff.compare import Diff, compare
from reconciler.diff.matching import Pair

__all__ = ["Diff", "Pair", "compare"]
