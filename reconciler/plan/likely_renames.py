"""What looks like a rename that the manifest does not say: a new entry where a storage lies."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff import Diff
from reconciler.location import ByLocation
from reconciler.model import Notice
from reconciler.plan.yaml_text import flow
from reconciler.printable import quoted


def likely_renames(diff: Diff) -> Iterator[Notice]:
    """Find entries that would be created where an undeclared storage lies: likely the same one."""
    if not diff.creates or not diff.undeclared:
        return
    places = ByLocation(diff.undeclared)
    for entry in diff.creates:
        if found := places.at(entry):
            names = places.names_at(entry)
            first = found[0]
            yield Notice(
                "likely_rename",
                entry.name,
                f"{quoted(entry.name)} would be created where {names} lies, which is not "
                f"declared: if it is the same storage, write `renamed_from: [{flow(first.name)}]` "
                f"or `id: {flow(first.id)}`; if it is another, name {names} in `removed:`",
            )
