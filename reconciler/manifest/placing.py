"""Mistakes and notices get the line and column that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from reconciler.manifest.files import read_bytes
from reconciler.manifest.mistakes import Document, Mistake, Path, brief
from reconciler.manifest.reading.locate import Position, positions
from reconciler.model import Problem

#: By file, then by path and whether its key is meant: line and column.
_Places = Mapping[str, Mapping[tuple[Path, bool], Position]]


def problems_of(documents: Sequence[Document]) -> list[Problem]:
    """Return everything that was found in the documents, in reading order, each thing once."""
    places = _places(documents)
    problems: dict[tuple[str, Path, int, int], Problem] = {}
    for document in documents:
        there = [_problem(document.file, mistake, places) for mistake in document.mistakes]
        for problem in sorted(there, key=lambda problem: (problem.line, problem.column)):
            spot = (problem.file, problem.path, problem.line, problem.column)
            problems.setdefault(spot, problem)
    return list(problems.values())


def placed(
    problems: Sequence[Problem], streams: Mapping[str, bytes] = MappingProxyType({})
) -> tuple[Problem, ...]:
    """Return the problems with line and column, where they have only file and path.

    `streams` has what came from files that can be read only once.
    What is not in the file (a key that is missing) gets the place of the nearest thing above it.
    A file that can't be read any more leaves its problems as they are.
    """
    wanted = defaultdict(list)
    for problem in problems:
        if not problem.line:
            wanted[problem.file].append((problem.path, False))
    places = {file: _places_in(file, streams.get(file), paths) for file, paths in wanted.items()}
    return tuple(
        problem if problem.line else _with_place(problem, places[problem.file])
        for problem in problems
    )


def _with_place(problem: Problem, places: Mapping[tuple[Path, bool], Position]) -> Problem:
    line, column, end = places.get((problem.path, False), Position(0, 0))
    return replace(problem, line=line, column=column, end_column=end)


def _places_in(
    file: str, data: bytes | None, paths: Iterable[tuple[Path, bool]]
) -> Mapping[tuple[Path, bool], Position]:
    try:
        return positions(read_bytes(file) if data is None else data, paths)
    except OSError:
        return {}


def _places(documents: Iterable[Document]) -> _Places:
    wanted = defaultdict(set)
    for document in documents:
        for mistake in document.mistakes:
            if not mistake.line:
                wanted[document.file].add((mistake.path, mistake.at_key))
            if mistake.first:
                wanted[mistake.first.file].add((mistake.first.path, mistake.at_key))
    return {
        document.file: positions(document.data, wanted[document.file])
        for document in documents
        if document.file in wanted
    }


def _problem(file: str, mistake: Mistake, places: _Places) -> Problem:
    line, column, end = mistake.line, mistake.column, mistake.end_column
    if not line:
        line, column, end = places[file][mistake.path, mistake.at_key]
    message = mistake.message
    if mistake.first:
        first = places[mistake.first.file][mistake.first.path, mistake.at_key]
        message += f"; first at {mistake.first.file}:{first[0]}:{first[1]}"
    path = tuple(brief(part) if isinstance(part, str) else part for part in mistake.path)
    return Problem(file, message, path, line, column, mistake.hint, end)
