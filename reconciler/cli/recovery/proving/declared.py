"""What the manifest says of how often files are to be proved, by the location of a storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.cli.commands.recovery.scan import ScanOptions
from reconciler.errors import UsageError
from reconciler.location import location
from reconciler.manifest import Manifest
from reconciler.model import Objective
from reconciler.printable import listed
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.values import Target

#: How an objective is declared, as messages tell it.
WRITE = "write `proof: {every: 30d}` into the manifest"


def objectives(manifest: Manifest | None) -> dict[str, Objective]:
    """Return the objectives by location: where several entries lie, the strictest."""
    found: dict[str, Objective] = {}
    for entry in manifest.desired.entries if manifest else ():
        objective = manifest.desired.objective(entry) if manifest else None
        if objective is not None:
            place = location(entry.type, entry.default_url).place
            known = found.get(place)
            found[place] = objective if known is None else _both(known, objective)
    return found


def wish_of(options: ScanOptions, objective: Objective | None, workers: int) -> Wish:
    """Return how a storage with an objective is scanned."""
    globs = (*(options.exclude or ()), *(objective.exclude if objective else ()))
    return Wish(
        tuple(dict.fromkeys(globs)),
        options.full,
        workers,
        options.limit_rate,
        tuple(options.accept_root or ()),
        objective.every if objective and options.due else None,
        tuple(options.accept_loss or ()),
        options.shard,
    )


def check(options: ScanOptions, targets: Iterable[Target], said: Mapping[str, Objective]) -> str:
    """Return what is to be told of storages without an objective; `UsageError` if none has one."""
    if not options.due:
        return ""
    if options.shard:
        raise UsageError(
            "--due chooses what comes first on a whole storage, and --shard reads a part of it: "
            "leave one of them out"
        )
    if options.full:
        raise UsageError("--full reads everything, and --due what is due: leave one of them out")
    every = list(targets)
    without = [target.name for target in every if target.place not in said]
    # Where nothing is live, nothing can have an objective, and that is not what is wrong.
    if not said or (every and len(without) == len(every)):
        raise UsageError(f"--due wants to know how often all is to be read: {WRITE}")
    if not without:
        return ""
    return f"No objective: of {listed(without)} only what is new or shows a change is read."


def _both(one: Objective, other: Objective) -> Objective:
    exclude = tuple(glob for glob in one.exclude if glob in other.exclude)
    return Objective(min(one.every, other.every), min(one.settled, other.settled), exclude)
