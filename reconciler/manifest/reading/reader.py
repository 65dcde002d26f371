"""Events -> a tree of dicts, lists and scalars, with everything on the way that is not allowed.

Positions are not kept: they come with the few events that are wrong, and `locate` finds the rest
by reading again. That, and few steps for an ordinary scalar, is what makes large manifests quick.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from sys import intern
from typing import NoReturn

import yaml
from msgspec.structs import replace
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from reconciler.manifest.mistakes import Document, Mistake, Path, Place, Value, brief
from reconciler.manifest.reading.locate import position_of
from reconciler.manifest.reading.scalars import FIRST, WORDS, Ambiguous, remedy, resolve
from reconciler.manifest.reading.yaml_errors import complaint, encoding_mistake
from reconciler.manifest.reading.yaml_events import (
    Event,
    NextEvent,
    before_its_limit,
    open_events,
    skip,
)
from reconciler.printable import quoted, shown

MAX_NESTING = 64
MAX_EXPANDED = 100_000
_TEXT_TAG = "tag:yaml.org,2002:str"


def read_tree(document: Document, *, pure: bool = False) -> None:
    """Fill in `tree`, `dollars` and `mistakes` of a document that has only its bytes.

    `pure` reads with the parser written in Python even where libyaml is there.
    """
    found = encoding_mistake(document.data)
    if found:
        document.mistakes.append(found)
        return
    error = _read(document, document.data, pure=pure)
    shallow = before_its_limit(error, document.data) if error else None
    if shallow is not None:
        # Read again up to there, so that our own limit is met, at its own place.
        document.dollars, document.mistakes = [], []
        error = _read(document, shallow, pure=pure)
    if error:
        document.mistakes.append(complaint(error, document.data))


def _read(
    document: Document, data: bytes, *, pure: bool
) -> yaml.YAMLError | UnicodeDecodeError | None:
    """Read `data` into the document; return the error of the library that ended it, if one did."""
    try:
        with _collector_paused():
            document.tree = _Reader(document, open_events(data, pure=pure)).read()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return error
    except _StopReadingError:
        pass
    return None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking the growing tree again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_TAG_REFUSED = ("tags other than !!str are not supported", "remove the tag")


class _StopReadingError(Exception):
    """The rest of the file can't be made sense of; a mistake says why."""


class _Reader:
    """Builds one tree. `_path` leads to the collection that is being read."""

    def __init__(self, document: Document, next_event: NextEvent) -> None:
        self._document = document
        self._next = next_event
        self._path: list[str | int] = []
        self._anchors: dict[str, Value] = {}
        #: Anchors of collections that are still being read.
        self._open: set[str] = set()
        self._expanded = 0

    def read(self) -> Value:
        """Read the whole file, which holds one document."""
        self._next()
        event = self._next()
        if event.__class__ is StreamEndEvent:
            self._stop(event, "the file is empty: a manifest begins with `version: 1`")
        event = self._next()
        if event.__class__ is ScalarEvent:
            self._stop(event, "a manifest is a mapping of keys: it begins with `version: 1`")
        tree = self._node(event)
        self._next()
        event = self._next()
        if event.__class__ is not StreamEndEvent:
            self._note(event, "a second document begins here: put each into a file of its own")
        return tree

    def _mapping(self) -> dict[str, Value]:
        """Read a mapping; what is ordinary in it is taken without a call.

        With calls of `_usable_key` and `_scalar` for all, reading takes a seventh longer, and
        `validate` of `tests/benchmarks/run.py` misses its target at 10,000 storages.
        """
        result: dict[str, Value] = {}
        next_event, path = self._next, self._path
        while type(event := next_event()) is not MappingEndEvent:
            if (
                type(event) is ScalarEvent
                and (text := event.value) not in result
                and event.tag is None
                and event.anchor is None
                and text != "<<"
            ):
                key = intern(text)
            elif self._usable_key(event, result):
                key = intern(event.value)
            else:
                self._skip(event)
                self._skip(next_event())
                continue
            event = next_event()
            if type(event) is not ScalarEvent:
                path.append(key)
                result[key] = self._node(event)
                path.pop()
            elif (
                (text := event.value)[:1] in FIRST
                or text in WORDS
                or "$" in text
                or event.tag is not None
                or event.anchor is not None
            ):
                result[key] = self._scalar(event, key)
            else:
                result[key] = text
        return result

    def _sequence(self) -> list[Value]:
        result: list[Value] = []
        next_event, path = self._next, self._path
        while type(event := next_event()) is not SequenceEndEvent:
            if type(event) is ScalarEvent:
                result.append(self._scalar(event, len(result)))
            else:
                path.append(len(result))
                result.append(self._node(event))
                path.pop()
        return result

    def _node(self, event: Event) -> Value:
        """Read the collection that begins with `event`, or follow an alias."""
        if event.__class__ is AliasEvent:
            return self._alias(event)
        if len(self._path) >= MAX_NESTING:
            self._stop(event, f"this is nested more than {MAX_NESTING} levels deep")
        if event.tag is not None:
            self._note(event, *_TAG_REFUSED)
        if event.anchor is None:
            return self._collection(event)
        self._open.add(event.anchor)
        value = self._anchors[event.anchor] = self._collection(event)
        self._open.discard(event.anchor)
        return value

    def _collection(self, event: Event) -> Value:
        return self._mapping() if event.__class__ is MappingStartEvent else self._sequence()

    def _scalar(self, event: Event, last: str | int) -> Value:
        """Return the value of a scalar; `last` is its key or index in the collection."""
        text: str = event.value
        value: Value = text
        if event.tag is not None and event.tag != _TEXT_TAG:
            self._note(event, *_TAG_REFUSED, last)
        elif event.implicit[0]:
            resolved = resolve(text)
            if isinstance(resolved, Ambiguous):
                message = f"YAML readers disagree on what {shown(brief(text))} is"
                self._note(event, message, remedy(text, (*self._path, last)), last)
            else:
                value = resolved
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        if "$" in text:
            self._document.dollars.append((*self._path, last))
        return value

    def _skip(self, event: Event) -> None:
        """Read past a node of which a mistake says why it is left out."""
        if not skip(event, self._next, MAX_NESTING - len(self._path)):
            raise _StopReadingError

    def _usable_key(self, event: Event, result: dict[str, Value]) -> bool:
        """Return whether a key that looks unusual can be used; if not, a mistake says why."""
        if event.__class__ is not ScalarEvent:
            self._note(event, "a key must be plain text, not a list, mapping or alias")
            return False
        if event.implicit[0] and event.value == "<<":
            self._note(event, "merge keys are not supported: use `defaults`, or repeat the keys")
            return False
        if event.anchor is not None:
            self._anchors[event.anchor] = event.value
        if event.tag is not None and event.tag != _TEXT_TAG:
            self._note(event, *_TAG_REFUSED, event.value)
        if event.value in result:
            self._note_again(event)
            return False
        return True

    def _alias(self, event: Event) -> Value:
        name = event.anchor
        said = shown(brief(name))
        if name in self._open:
            self._note(event, f"the alias *{said} stands inside of its own anchor")
            return None
        if name not in self._anchors:
            message = f"the alias *{said} has no anchor &{said} above it"
            self._note(event, message, "if this is text, put it in quotes")
            return None
        return self._copied(self._anchors[name], event)

    def _copied(self, value: Value, event: Event) -> Value:
        """Copy what an alias stands for, so that each place can be filled in by itself."""
        self._expanded += 1
        if self._expanded > MAX_EXPANDED:
            self._stop(event, f"aliases stand for more than {MAX_EXPANDED:,} values in this file")
        if len(self._path) > MAX_NESTING:
            self._stop(event, f"this alias leads more than {MAX_NESTING} levels deep")
        if isinstance(value, dict):
            return {key: self._copied_below(key, value[key], event) for key in value}
        if isinstance(value, list):
            return [self._copied_below(i, item, event) for i, item in enumerate(value)]
        if isinstance(value, str) and "$" in value:
            self._document.dollars.append(tuple(self._path))
        return value

    def _copied_below(self, last: str | int, value: Value, event: Event) -> Value:
        self._path.append(last)
        copy = self._copied(value, event)
        self._path.pop()
        return copy

    def _note(self, event: Event, message: str, hint: str = "", *last: str | int) -> None:
        self._found(event, (*self._path, *last), message, hint)

    def _note_again(self, event: Event) -> None:
        """Note a key that stands twice; the first of the two counts."""
        self._note(event, f"the key {quoted(brief(event.value))} stands twice", "", event.value)
        last = self._document.mistakes[-1]
        first = Place(self._document.file, last.path)
        self._document.mistakes[-1] = replace(last, at_key=True, first=first)

    def _stop(self, event: Event, message: str) -> NoReturn:
        """Note what makes the whole file unreadable; a path of many levels would say nothing."""
        self._found(event, (), message)
        raise _StopReadingError

    def _found(self, event: Event, path: Path, message: str, hint: str = "") -> None:
        place = position_of(event)
        found = Mistake(path, message, hint, place.line, place.column, end_column=place.end)
        self._document.mistakes.append(found)
