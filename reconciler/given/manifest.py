"""The manifest that is given, and what it warns of."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from reconciler.diff import near_duplicates
from reconciler.errors import AddressError, MatchingError, UsageError
from reconciler.given import Given
from reconciler.lease.address import understand
from reconciler.manifest import Manifest, default_paths, load, placed, read_variables
from reconciler.manifest.load import Addresses
from reconciler.model import Notice, Problem
from reconciler.names import lookalikes
from reconciler.platforms import check_address
from reconciler.recovery.walking import globs


def load_given(given: Given) -> Manifest:
    """Read the manifest that is given, or the default one; raises like `load`."""
    variables = read_variables(given.environ, given.env_files)
    addresses: Addresses = {
        "platform": check_address,
        "lock": understand,
        "exclude": _check_glob,
    }
    return load(given.files or default_paths(), variables, addresses)


@contextmanager
def located(manifest: Manifest) -> Iterator[None]:
    """Find the lines of matching problems, which know only their paths."""
    try:
        yield
    except MatchingError as error:
        raise MatchingError(placed(error.problems, manifest.streams)) from error


def base_of(manifest: Manifest) -> str | None:
    """Return the folder that relative addresses count from; None for the current one."""
    file = manifest.platform_file
    # What comes through a pipe lies in no folder: its paths count from the current one.
    if file is None or file in manifest.streams:
        return None
    return os.path.dirname(file)  # noqa: PTH120 - "" stays "", and is not "."


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


def _check_glob(glob: str) -> None:
    try:
        globs.pattern(glob)
    except UsageError as error:
        raise AddressError(str(error)) from None
