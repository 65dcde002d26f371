"""What is allowed, but probably not meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.location import aws_url, location
from reconciler.model import Entry, Notice
from reconciler.printable import listed, quoted

_ABSOLUTE = re.compile(r"/|\\\\|[A-Za-z]:|(?i:file)://")
_RELATIVE = (
    "the folder is relative, so it means another place on each machine: write an absolute path"
)


def notices(entries: Sequence[Entry], relative: Iterable[Entry]) -> tuple[Notice, ...]:
    """Return the warnings about entries, sorted by kind and name, whatever order those stand in.

    `relative` are those among them whose folder is relative.
    """
    found = [
        Notice("relative_path", entry.name, f"{quoted(entry.name)}: {_RELATIVE}")
        for entry in relative
    ]
    for group in same_places(entries):
        names = sorted(entry.name for entry in group)
        message = f"{listed(names)} lie at one location: are they one storage?"
        found.append(Notice("same_location", names[0], message))
    return tuple(sorted(found))


def relative_paths(tree: dict[str, Any]) -> list[int]:
    """Return the indexes of local storages whose folder is relative, in a valid document."""
    return [
        index
        for index, item in enumerate(tree.get("storages", ()))
        if item.get("type") == "local" and not _ABSOLUTE.match(item["default_url"])
    ]


def same_places(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries that lie at one location, each such group in the order given."""
    first: dict[str, Entry] = {}
    shared: dict[str, list[Entry]] = {}
    prefixes: dict[str, str] = {}
    for entry in entries:
        place = _place(entry, prefixes)
        other = first.setdefault(place, entry)
        if other is not entry:
            shared.setdefault(place, [other]).append(entry)
    for group in shared.values():
        by_region: dict[str | None, list[Entry]] = {}
        for entry in group:
            region = location(entry.type, entry.default_url).region
            by_region.setdefault(region, []).append(entry)
        # One that names no region may be any of them: see `Location.same`.
        alike = [group] if None in by_region else by_region.values()
        yield from (few for few in alike if len(few) > 1)


def _place(entry: Entry, prefixes: dict[str, str]) -> str:
    """Return `location(…).place`, by a shorter way where there is one. `prefixes` is a memory."""
    region, bucket, url = entry.region, entry.bucket, entry.default_url
    if region is not None and bucket is not None:
        if region not in prefixes:
            prefixes[region] = location("S3", aws_url(region, "x")).place[:-1]
        return prefixes[region] + bucket
    if entry.type == "local" and url[:8] == "file:///" and url[-1] != "/":
        return "local:" + url
    return location(entry.type, url).place
