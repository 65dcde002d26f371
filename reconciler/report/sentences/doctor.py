"""What `doctor` reports, in the words that text and Markdown share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.health.platform import FAILED, OK, WARNING, Check, healthy
from reconciler.platform import Abilities
from reconciler.report.sentences.terms import count

#: What it means for the user that a platform has an ability, that it has not.
_MEANINGS = {
    "lock": ("keeps the lease itself, and refuses the writes of a lost one", "keeps no lease"),
    "idempotency_key": (
        "a create whose answer is lost is repeated without harm",
        "a create whose answer is lost is looked for in live, and never repeated blindly",
    ),
    "conditional_write": (
        "refuses a write if live has changed since it was read",
        "live is read just before each write; a change in between goes unseen",
    ),
    "atomic_update": (
        "name and label change in one call",
        "name and label change in two calls; what stops half way is mended by the next run",
    ),
    "spaces": (
        "tells which spaces use a storage, and their storages are not removed",
        "does not tell which spaces use a storage",
    ),
    "record_inventory": ("inventories can be written", "inventories can be read only"),
}
_LISTS = {
    True: ("yes", "every storage is listed"),
    False: ("no", "some storages are not listed"),
    None: ("unknown", "lists what the account may see"),
}


def total(checks: Sequence[Check]) -> str:
    """Return whether all is well, and count the checks by how they stand."""
    number = Counter(check.status for check in checks)
    told = [
        count(number[WARNING], "warning") if number[WARNING] else "",
        f"{number[FAILED]} failed" if number[FAILED] else "",
    ]
    rest = "".join(f", {part}" for part in told if part)
    return f"{'Healthy' if healthy(checks) else 'NOT healthy'}: {number[OK]} ok{rest}."


def abilities(has: Abilities) -> list[tuple[str, str, str]]:
    """Name each ability, say whether the platform has it, and what follows from that."""
    told = [("complete list", *_LISTS[has.complete_list])]
    for name, (there, absent) in _MEANINGS.items():
        held = getattr(has, name)
        told.append((name.replace("_", " "), "yes" if held else "no", there if held else absent))
    limit = has.parallelism
    if limit is None:
        return [*told, ("parallelism", "any", "as many calls at once as `--parallelism` says")]
    return [*told, ("parallelism", str(limit), f"takes {count(limit, 'call')} at a time")]
