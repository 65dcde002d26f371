"""The text of a file as nodes that know where they stand in it."""

from __future__ import annotations

import re
from typing import TypeAlias

from msgspec import Struct, field
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from reconciler.manifest.reading.yaml_events import Event, NextEvent, open_events

#: An anchor or a tag, with what stands between it and its node.
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|$))*")
_MARKER = "---"


class RefusalError(Exception):
    """Something that can't be kept as it is; `index` is the character where it stands."""

    def __init__(self, index: int, message: str) -> None:
        """Keep the place."""
        super().__init__(message)
        self.index = index
        self.message = message


class Comment(Struct):
    """A comment, from its `#` to the end of the line."""

    index: int
    text: str
    column: int
    #: Nothing stands before it on its line.
    alone: bool
    #: A blank line stands before it.
    blank: bool
    #: How many blanks separate it from what it stands behind.
    gap: int


class Scalar(Struct):
    """A scalar or an alias, as it is written, with its anchor."""

    start: int
    end: int
    text: str
    #: How it is written: "" plain, or the first character of its style.
    style: str
    #: What reading makes of it.
    value: str


class Collection(Struct):
    """A mapping or a sequence."""

    start: int
    end: int
    #: Its anchor, if it has one.
    properties: str
    is_mapping: bool
    #: Written with braces or brackets.
    flow: bool
    #: The key or item whose value it is; None for the whole document.
    owner: Slot | None
    slots: list[Slot] = field(default_factory=list)
    #: Has braces or brackets that can't stay: a comment stands between them.
    broken: bool = False
    #: Comments behind its last key or item.
    tail: list[Comment] = field(default_factory=list)


Node: TypeAlias = Scalar | Collection


class Slot(Struct):
    """A key with its value, or an item of a sequence with its dash."""

    start: int
    column: int
    parent: Collection
    #: As it is written; None for an item.
    key: Scalar | None
    value: Node
    #: A blank line stands before it, behind its comments.
    blank: bool = False
    leading: list[Comment] = field(default_factory=list)
    #: Comments behind it, on its own line.
    trailing: list[Comment] = field(default_factory=list)


class Page(Struct):
    """A whole file."""

    text: str
    root: Collection
    #: All keys and items, in the order in which they stand.
    slots: list[Slot]
    #: Where scalars and aliases begin and end, in order: a `#` in one begins no comment.
    starts: list[int]
    ends: list[int]
    #: Where `---` stands; None if the file has none.
    marker: int | None = None
    #: What stands above everything, and whether a blank line follows.
    head: list[Comment] = field(default_factory=list)
    head_blank: bool = False


def parse(text: str) -> Page:
    """Take a file apart that `read_tree` found nothing wrong with.

    Raises `RefusalError` for what has a place in YAML and none in our layout.
    """
    next_event = open_events(text.encode())
    next_event()
    begin = next_event()
    if begin.version or begin.tags:
        raise RefusalError(begin.start_mark.index, "a directive (`%…`) can't be kept: remove it")
    parser = _Parser(text, next_event)
    root = parser.node(next_event(), None)
    end = next_event()
    if end.explicit:
        raise RefusalError(
            end.start_mark.index, "the end of a document (`...`) can't be kept: remove it"
        )
    if not isinstance(root, Collection):
        raise RefusalError(0, "this is no mapping")
    page = Page(text, root, parser.slots, parser.starts, parser.ends)
    if begin.explicit:
        page.marker = text.index(_MARKER, begin.start_mark.index)
    return page


class _Parser:
    """Builds the nodes of one file."""

    def __init__(self, text: str, next_event: NextEvent) -> None:
        self._text = text
        self._next = next_event
        self.slots: list[Slot] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def node(self, event: Event, owner: Slot | None) -> Node:
        if isinstance(event, ScalarEvent | AliasEvent):
            return self._scalar(event)
        start = event.start_mark.index
        flow = bool(event.flow_style)
        properties = self._properties(event, start)
        kind = isinstance(event, MappingStartEvent)
        found = Collection(start, start, properties.strip(), kind, flow, owner)
        last = self._pairs(found) if kind else self._items(found, start + len(properties))
        if flow:
            found.end = last.end_mark.index
        elif found.slots:
            found.end = found.slots[-1].value.end
        return found

    def _pairs(self, found: Collection) -> Event:
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._scalar(event)
            if "\n" in key.text:
                raise RefusalError(key.start, "a key on several lines can't be kept: write it anew")
            slot = self._slot(found, key.start, key)
            slot.value = self.node(self._next(), slot)
        return event

    def _items(self, found: Collection, at: int) -> Event:
        while not isinstance(event := self._next(), SequenceEndEvent):
            start = event.start_mark.index
            if not found.flow:
                start = self._dash(max(at, self.ends[-1] if self.ends else 0))
            slot = self._slot(found, start, None)
            slot.value = self.node(event, slot)
            at = slot.value.end
        return event

    def _slot(self, found: Collection, start: int, key: Scalar | None) -> Slot:
        column = start - (self._text.rfind("\n", 0, start) + 1)
        # Its value is read next: whatever stands in it knows its owner by then.
        slot = Slot(start, column, found, key, key or _NOTHING)
        found.slots.append(slot)
        self.slots.append(slot)
        return slot

    def _scalar(self, event: Event) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        self._properties(event, start)
        alias = isinstance(event, AliasEvent)
        style: str = "*" if alias else event.style or ""
        value: str = event.anchor if alias else event.value
        if start == end:
            raise RefusalError(start, "a value that is left out can't be kept: write it")
        text = self._text[start:end]
        if style in ("|", ">"):  # the blank lines behind a block are no part of it
            text = text.rstrip()
        self.starts.append(start)
        self.ends.append(start + len(text))
        return Scalar(start, start + len(text), text, style, value)

    def _properties(self, event: Event, start: int) -> str:
        """Return the anchor and tag of a node, which must stand on one line."""
        if event.anchor is None and getattr(event, "tag", None) is None:
            return ""
        if isinstance(event, AliasEvent):
            return ""
        found = _PROPERTIES.match(self._text, start)
        properties = found[0] if found else ""
        scalar = isinstance(event, ScalarEvent)
        hidden = self._text.startswith("#", start + len(properties))
        if scalar and (hidden or "\n" in properties):
            raise RefusalError(start, "an anchor or tag apart from its value can't be kept")
        return properties

    def _dash(self, at: int) -> int:
        """Return where the next dash stands, comments left out."""
        text = self._text
        while text[at] != "-":
            at = text.index("\n", at) if text[at] == "#" else at + 1
        return at


_NOTHING = Scalar(0, 0, "", "", "")
