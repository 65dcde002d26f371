"""(desired, live) -> matches and changes, sorted. Knows nothing of policy, order or apply."""

from reconciler.diff.compare import Diff, compare, near_duplicates
from reconciler.diff.matching import Pair, Removal
from reconciler.diff.scoping import outside_scope

__all__ = ["Diff", "Pair", "Removal", "compare", "near_duplicates", "outside_scope"]
