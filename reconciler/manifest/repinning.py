"""Other ids for the pins of a manifest, in its own text: not a byte beside them changes.

No YAML library writes a file back as it was, so none is asked to: the places of the pins come from
the events of reading, and what was written is read again and held against what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.errors import ManifestError
from reconciler.manifest.mistakes import Document, Value
from reconciler.manifest.placing import problems_of
from reconciler.manifest.reading.encodings import BYTE_ORDER_MARK
from reconciler.manifest.reading.reader import read_tree
from reconciler.manifest.reading.yaml_events import Event, NextEvent, open_events, skip
from reconciler.manifest.render import scalar
from reconciler.model import Problem
from reconciler.printable import quoted

#: What may stand before a scalar and belongs to it: an anchor, a tag.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
#: Needs no quotes wherever it stands, also between braces.
_SIMPLE = re.compile(r"[A-Za-z0-9_-]+")
_CONSENT = (
    "consent to a removal is for one storage: whoever gave it must say whether it still holds"
)


class Repinned(Struct, frozen=True):
    """A file with other ids in it."""

    data: bytes
    #: How many pins have another id than before.
    changed: int
    #: The line of each pin, from 1, that is as it was, and why.
    left: tuple[tuple[int, str], ...]


class _Pin(NamedTuple):
    """An `id:` as it stands in the text: from which character on, and up to which."""

    item: int
    start: int
    end: int
    line: int


def repinned(file: str, data: bytes, ids: Mapping[str, str]) -> Repinned:
    """Return a manifest file with the ids that `ids` has for those in its entries.

    Ids in `removed:` stay: consent ends with the storage that it was given for. Raises
    `ManifestError` if the file can't be read as YAML, or if it can't be changed for certain.
    """
    mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
    before = _document(file, data.removeprefix(mark))
    text = before.data.decode()
    left = [(line, _CONSENT) for line in _consents(before)]
    now = frozenset(ids.values())
    pieces, at, wanted = list[str](), 0, dict[int, str]()
    for pin in _pins(before.data, "storages"):
        new, why = _new(before, pin, text, ids, now)
        if why:
            left.append((pin.line, why))
        elif new is not None:
            pieces += [text[at : pin.start], _written(text[pin.start : pin.end], new)]
            at = pin.end
            wanted[pin.item] = new
    changed = "".join([*pieces, text[at:]]).encode()
    if wanted:
        _check(before, _document(file, changed), wanted)
    return Repinned(mark + changed, len(wanted), tuple(sorted(left)))


def _document(file: str, data: bytes) -> Document:
    document = Document(file, data)
    read_tree(document)
    if document.mistakes:
        raise ManifestError(problems_of([document]))
    return document


def _consents(document: Document) -> Iterator[int]:
    for pin in _pins(document.data, "removed"):
        yield pin.line


def _new(
    document: Document, pin: _Pin, text: str, ids: Mapping[str, str], now: frozenset[str]
) -> tuple[str | None, str]:
    """Return the id for a pin, None if it has that; or why it must stay as it is."""
    old = document.tree["storages"][pin.item]["id"]
    if not isinstance(old, str):
        return None, "its id is no text"
    if "$" in old.replace("$$", ""):
        return None, "its id comes from a variable"
    old = old.replace("$$", "$")
    if old not in ids:
        if old in now:  # a run before was cut off between two files
            return None, ""
        return None, f"no storage that was rebuilt had the id {quoted(old)}"
    if "\n" in text[pin.start : pin.end]:
        return None, "its id stands on several lines"
    return (None if ids[old] == old else ids[old]), ""


def _written(before: str, new: str) -> str:
    """Return an id as it is to be written where another one stood, with its anchor and quotes."""
    found = _PROPERTIES.match(before)
    head = found[0] if found else ""
    quote = before[len(head) : len(head) + 1]
    if _SIMPLE.fullmatch(new):
        plain = scalar(new)
        return head + (f"{quote}{new}{quote}" if quote in ("'", '"') else plain)
    return head + scalar(new, quotes=True)


def _check(before: Document, after: Document, wanted: Mapping[int, str]) -> None:
    """Raise `ManifestError` unless nothing but these pins is another."""
    expected: Value = before.tree
    for index, new in wanted.items():
        before.tree["storages"][index]["id"] = new.replace("$", "$$")
    if after.tree != expected:
        raise ManifestError(
            [
                Problem(
                    before.file,
                    "its pins can't be changed without changing something else, as anchors and "
                    "aliases tie them to it: write them out, or change the ids by hand",
                )
            ]
        )


def _pins(data: bytes, section: str) -> Iterator[_Pin]:
    """Yield where each `id` below the items of a section stands."""
    next_event = open_events(data)
    next_event()
    next_event()
    if not isinstance(next_event(), MappingStartEvent):
        return
    for key, value in _pairs(next_event):
        if key == section and isinstance(value, SequenceStartEvent):
            yield from _of_items(next_event)
        else:
            skip(value, next_event)


def _of_items(next_event: NextEvent) -> Iterator[_Pin]:
    index = 0
    while not isinstance(item := next_event(), SequenceEndEvent):
        if isinstance(item, MappingStartEvent):
            for key, value in _pairs(next_event):
                if key == "id" and isinstance(value, ScalarEvent | AliasEvent):
                    yield _pin(index, value)
                else:
                    skip(value, next_event)
        else:
            skip(item, next_event)
        index += 1


def _pin(item: int, value: Event) -> _Pin:
    start, end = value.start_mark, value.end_mark
    return _Pin(item, start.index, end.index, start.line + 1)


def _pairs(next_event: NextEvent) -> Iterator[tuple[str, Event]]:
    """Yield each key of a mapping that has begun, and the first event of its value.

    Whoever asks for the next has read that value to its end.
    """
    while not isinstance(key := next_event(), MappingEndEvent):
        yield key.value, next_event()
