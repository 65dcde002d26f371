"""Paths that some file systems take for one: they differ in case or Unicode form only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Pair: TypeAlias = tuple[bytes, bytes]
#: For each folder that leads to a path: where it is, and its names by what they fold to.
Way: TypeAlias = list[tuple[bytes, dict[bytes, bytes]]]
#: Names of one folder that are kept in mind; in a larger one, later ones are not compared.
_MOST = 1_000_000


def alike(paths: Iterable[bytes]) -> Iterator[Pair]:
    """Yield pairs of paths, of files or of folders, that differ in case or normal form only.

    The paths are sorted as bytes, so that what lies in one folder comes in one piece: kept in mind
    are the names of the folders that lead to the present one.
    """
    folder = b""
    way: Way = [(b"", {})]
    for path in paths:
        if not path.startswith(folder) or b"/" in path[len(folder) : -1]:
            yield from _walked(way, path)
            folder = way[-1][0]
        name = path[len(folder) :]
        if name:
            yield from _met(way[-1][1], folder, name)


def _walked(way: Way, path: bytes) -> Iterator[Pair]:
    """Leave folders, and enter others, until the way leads to the one that `path` lies in."""
    while not path.startswith(way[-1][0]):
        way.pop()
    while (end := path.find(b"/", len(way[-1][0]))) not in (-1, len(path) - 1):
        above, names = way[-1]
        yield from _met(names, above, path[len(above) : end + 1])
        way.append((path[: end + 1], {}))


def _met(names: dict[bytes, bytes], folder: bytes, name: bytes) -> Iterator[Pair]:
    folded = _folded(name.removesuffix(b"/"))
    known = names.get(folded)
    if known is None:
        if len(names) < _MOST:
            names[folded] = name
    elif known.removesuffix(b"/") != name.removesuffix(b"/"):
        yield folder + known, folder + name


def _folded(name: bytes) -> bytes:
    if name.isascii():
        return name.lower()
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return name
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).encode()
