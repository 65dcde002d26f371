"""What a terminal does with what is written to it."""

from __future__ import annotations

import pyte

#: What lays out a report, and moves nothing that was written before.
_HARMLESS = frozenset({"draw", "linefeed", "carriage_return", "select_graphic_rendition"})


class _Listener:
    """Takes note of all that a stream of bytes has a terminal do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, tuple[object, ...]]] = []

    def __getattr__(self, name: str) -> object:
        return lambda *given, **_: self.done.append((name, given))


def seen(text: str) -> tuple[str, set[str]]:
    """Return the characters that are drawn, and what else is done but laying out lines."""
    listener = _Listener()
    pyte.Stream(listener, strict=False).feed(text)
    drawn = "".join(str(given[0]) for name, given in listener.done if name == "draw")
    return drawn, {name for name, _ in listener.done} - _HARMLESS
