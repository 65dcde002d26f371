"""Where things stand: the line and column of a path, found by reading the events again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import yaml
from msgspec import Struct, field
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.manifest.mistakes import Path
from reconciler.manifest.reading.yaml_errors import encoding_mistake
from reconciler.manifest.reading.yaml_events import Event, NextEvent, open_events, skip


class Position(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int
    #: The column behind the last character, of a text that ends in the same line; else 0.
    end: int = 0


class Spot(Struct):
    """What is known of one path: where its key stands, and where its value does."""

    key: Position | None = None
    value: Position | None = None
    below: dict[str | int, Spot] = field(default_factory=dict)

    def position(self) -> Position | None:
        """Return the place to look at: the value, or the key if the value is below it."""
        if self.key and self.value and self.key[0] != self.value[0]:
            return self.key
        return self.value or self.key


def positions(
    data: bytes, wanted: Iterable[tuple[Path, bool]]
) -> dict[tuple[Path, bool], Position]:
    """Find where each path stands, or else the nearest thing above it that is there.

    With each path goes whether the key is meant rather than its value. A file that is broken
    somewhere gives what stands before that.
    """
    wanted = list(wanted)
    root = Spot()
    for path, _ in wanted:
        spot = root
        for part in path:
            spot = spot.below.setdefault(part, Spot())
    if encoding_mistake(data) is None:
        _read(data, root)
    return {(path, at_key): _nearest(root, path, at_key) for path, at_key in wanted}


def _nearest(root: Spot, path: Path, at_key: bool) -> Position:
    spot, best = root, root.position() or Position(1, 1)
    for part in path:
        spot = spot.below[part]
        best = spot.position() or best
    return spot.key if at_key and spot.key else best


def _read(data: bytes, root: Spot) -> None:
    try:
        next_event = open_events(data)
        next_event()
        if isinstance(next_event(), DocumentStartEvent):
            _node(next_event(), next_event, root)
    except (yaml.YAMLError, UnicodeDecodeError):
        return


def _node(event: Event, next_event: NextEvent, spot: Spot | None) -> None:
    """Read one node; below it only what `spot` wants is looked at."""
    if spot is not None and spot.value is None:
        spot.value = position_of(event)
    if spot is None or not spot.below:
        skip(event, next_event)
    elif isinstance(event, MappingStartEvent):
        _mapping(next_event, spot)
    elif isinstance(event, SequenceStartEvent):
        index = 0
        while not isinstance(event := next_event(), SequenceEndEvent):
            _node(event, next_event, spot.below.get(index))
            index += 1


def _mapping(next_event: NextEvent, spot: Spot) -> None:
    seen: set[str] = set()
    while not isinstance(event := next_event(), MappingEndEvent):
        below = None
        if isinstance(event, ScalarEvent) and event.value not in seen:
            seen.add(event.value)
            below = spot.below.get(event.value)
        if below is not None:
            below.key = position_of(event)
        skip(event, next_event)
        _node(next_event(), next_event, below)


def position_of(event: Event) -> Position:
    """Return where what begins with an event stands, and where a text ends."""
    start, end = event.start_mark, event.end_mark
    whole = isinstance(event, ScalarEvent) and start.line == end.line and start.column < end.column
    return Position(start.line + 1, start.column + 1, end.column + 1 if whole else 0)
