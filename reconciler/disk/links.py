"""The links that a path goes through: each decides what is read in the end."""

from __future__ import annotations

import os
from pathlib import Path

#: As many as Linux follows: what needs more can't be opened.
_MOST = 40


def followed(path: str) -> tuple[list[str], str]:
    """Return each link that a path goes through, where it lies, and where the path ends.

    None of the places given goes through a link any more. What is not there, or can't be looked
    at, counts as no link.
    """
    links = list[str]()
    place, left = _split(Path.cwd() / path)
    while left:
        name = left.pop()
        if name == os.pardir:
            place = place.parent
            continue
        there = place / name
        try:
            leads_to = there.readlink()
        except OSError:
            place = there
            continue
        links.append(str(there))
        if len(links) > _MOST:
            break
        start, more = _split(place / leads_to)
        place, left = start, [*left, *more]
    return links, str(place)


def links_below(folder: str) -> list[str]:
    """Return the links below a folder, but for what is hidden by a dot; of what is none, nothing.

    Of a link to one, too: what it leads to is to be asked about by its own name.
    """
    found = list[str]()
    if Path(folder).is_symlink():
        return found
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        there = (Path(path, name) for name in (*folders, *files))
        found += [str(one) for one in there if one.is_symlink()]
    return found


def _split(path: Path) -> tuple[Path, list[str]]:
    """Return where an absolute path starts, and the names from there, the last one first."""
    return Path(path.anchor), [name for name in reversed(path.parts) if name != path.anchor]
