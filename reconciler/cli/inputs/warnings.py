"""What a manifest warns of, with the places that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.cli.settings import GITHUB
from reconciler.diff import near_duplicates
from reconciler.manifest import Manifest, placed
from reconciler.model import Notice, Problem
from reconciler.names import lookalikes
from reconciler.printable import shown


def own_warnings(manifest: Manifest) -> tuple[Notice, ...]:
    """Return the warnings for which nobody need know what is live."""
    names = (entry.name for entry in manifest.desired.entries)
    return with_own(manifest, near_duplicates(names))


def with_own(manifest: Manifest, warnings: Collection[Notice]) -> tuple[Notice, ...]:
    """Add a manifest's own warnings to those of comparing it, and say where look-alikes stand."""
    if any(notice.code == "near_duplicate" for notice in warnings):
        where = _places(manifest)
        warnings = [replace(n, message=where.get(n.message, n.message)) for n in warnings]
    return tuple(sorted({*manifest.warnings, *warnings}))


def _places(manifest: Manifest) -> dict[str, str]:
    """Map what is said of names that are declared and look alike to the same with places."""
    by_name = {entry.name: entry for entry in manifest.desired.entries}
    groups = lookalikes(by_name)
    entries = (by_name[name] for group in groups for name in group)
    names = [Problem(e.file, e.name, ("storages", e.index, "name")) for e in entries]
    spots = {
        name.message: f"{name.file}:{name.line}:{name.column}"
        for name in placed(names, manifest.streams)
    }
    return {
        notice.message: f"{notice.message} (at {' and '.join(spots[name] for name in group)})"
        for group in groups
        for notice in near_duplicates(group)
    }


def tell(context: Context, warnings: Iterable[Notice]) -> None:
    """Tell warnings on standard error, where the report has no place for them."""
    if context.settings.output == GITHUB:  # it has them as annotations, in the same log
        return
    for notice in warnings:
        context.note(f"Warning: {shown(notice.message)}")
