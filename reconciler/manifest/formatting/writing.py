"""Nodes -> the text of a file, in our layout."""

from __future__ import annotations

import re

from msgspec.structs import replace

from reconciler.manifest.formatting.keys import ranks
from reconciler.manifest.formatting.nodes import (
    Collection,
    Comment,
    Node,
    Page,
    RefusalError,
    Scalar,
    Slot,
)

#: Columns that braces and brackets with what is between them may reach to.
WIDTH = 100
_STEP = 2
_BLOCK = re.compile(r"[|>](?P<how>[-+0-9]*)[^\n]*\n")


def written(page: Page) -> str:
    """Write a page; raises `RefusalError` for what can't be written so that it means the same."""
    return _Writer().page(page)


class _Writer:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def page(self, page: Page) -> str:
        for comment in page.head:
            self._comment(comment, 0)
        if page.marker is not None:
            self._lines.append("---")
        elif page.head_blank:
            self._lines.append("")
        self._slots(page.root, 0, "")
        return "\n".join(self._lines) + "\n"

    def _slots(self, found: Collection, indent: int, above: str) -> None:
        """Write the keys or items of a collection, each with its comments above it."""
        for number, slot in enumerate(_in_order(found, above)):
            if slot.key is None and _is_block(slot.value, slot, indent, above):
                self._item(slot, indent, above, first=number == 0)
                continue
            self._above(slot.leading + slot.trailing[1:], slot.blank, indent, first=number == 0)
            self._slot(slot, " " * indent, indent, above)
        self._above(found.tail, False, indent, first=False)

    def _item(self, item: Slot, indent: int, above: str, *, first: bool) -> None:
        """Write an item that is a mapping over several lines: the first key follows the dash."""
        value = item.value
        if not isinstance(value, Collection) or value.properties or not value.is_mapping:
            raise RefusalError(
                value.start, "an anchor before a mapping, or a list in a list, can't be kept"
            )
        inner = indent + _STEP
        head, *rest = _in_order(value, above)
        own, its = item.leading + item.trailing, head.leading + head.trailing[1:]
        blank = head.blank if its else item.blank
        if its and own and item.blank:
            its = [replace(its[0], blank=True), *its[1:]]
        if its and not own:
            its = [replace(its[0], blank=its[0].blank or item.blank), *its[1:]]
        self._above(own + its, blank, indent, first=first)
        self._slot(head, " " * indent + "- ", inner, above)
        for slot in rest:
            self._above(slot.leading + slot.trailing[1:], slot.blank, inner, first=False)
            self._slot(slot, " " * inner, inner, above)
        self._above(value.tail, False, inner, first=False)

    def _above(self, comments: list[Comment], blank: bool, indent: int, *, first: bool) -> None:
        """Write comments; `blank` asks for a blank line behind them."""
        for comment in comments:
            self._comment(comment, indent, spare=first)
            first = False
        if blank and not first:
            self._blank()

    def _slot(self, slot: Slot, opener: str, indent: int, above: str) -> None:
        """Write one key or item."""
        value = slot.value
        if slot.key is not None:
            above = slot.key.value
            opener += f"{slot.key.text}:"
        line = _on_line(value, slot, indent, above)
        comment = _comment_behind(slot)
        if line is not None:
            blank = " " if slot.key is not None else "- "
            self._lines.append(f"{opener}{blank}{line}{comment}")
        elif isinstance(value, Scalar):
            first, *rest = _several(value, indent + _STEP)
            blank = " " if slot.key is not None else "- "
            self._lines += [f"{opener}{blank}{first}", *rest]
            self._lines[-1] += comment
        else:
            properties = f" {value.properties}" if value.properties else ""
            self._lines.append(f"{opener}{properties}{comment}")
            self._slots(value, indent + _STEP, above)

    def _comment(self, comment: Comment, indent: int, *, spare: bool = False) -> None:
        if comment.blank and not spare:
            self._blank()
        self._lines.append(" " * indent + comment.text)

    def _blank(self) -> None:
        if self._lines and self._lines[-1] not in ("", "---"):
            self._lines.append("")


def _in_order(found: Collection, above: str) -> list[Slot]:
    if not found.is_mapping:
        return found.slots
    places = ranks(above)
    return sorted(found.slots, key=lambda slot: places.get(slot.key.value if slot.key else "", 99))


def _is_block(value: Node, slot: Slot, indent: int, above: str) -> bool:
    return isinstance(value, Collection) and _on_line(value, slot, indent, above) is None


def _on_line(value: Node, slot: Slot, indent: int, above: str) -> str | None:
    """Return a value as it stands on the line of its slot; None if it needs more lines."""
    if isinstance(value, Collection) and value.slots and (not value.flow or value.broken):
        return None
    if isinstance(value, Scalar) and "\n" in value.text:
        return None
    text = _flow(value, above)
    if text is None or isinstance(value, Scalar) or not value.slots:
        return text
    key = f"{slot.key.text}:" if slot.key is not None else "-"
    return text if indent + len(key) + 1 + len(text) <= WIDTH else None


def _flow(value: Node, above: str) -> str | None:
    """Return a value between braces or brackets, on one line; None if it does not fit on one."""
    if isinstance(value, Scalar):
        return None if "\n" in value.text else value.text
    parts = []
    for slot in _in_order(value, above):
        text = _flow(slot.value, slot.key.value if slot.key is not None else above)
        if text is None:
            return None
        parts.append(text if slot.key is None else f"{slot.key.text}: {text}")
    opening, closing = "{}" if value.is_mapping else "[]"
    properties = f"{value.properties} " if value.properties else ""
    return f"{properties}{opening}{', '.join(parts)}{closing}"


def _comment_behind(slot: Slot) -> str:
    if not slot.trailing:
        return ""
    comment = slot.trailing[0]
    return " " * max(comment.gap, 1) + comment.text


def _several(value: Scalar, indent: int) -> list[str]:
    """Return the lines of a scalar that has several, but for the first with their indentation."""
    if value.style not in ("|", ">"):
        first, *rest = value.text.split("\n")
        return [first.rstrip(), *(_continued(line, indent) for line in rest)]
    head = _BLOCK.match(value.text)
    if head is None or head["how"] not in ("", "-"):
        message = "a block of text with `+` or a number behind its sign can't be kept"
        raise RefusalError(value.start, message)
    lines = value.text[head.end() :].rstrip("\n ").split("\n")
    least = min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
    body = [" " * indent + line[least:] if line[least:] else "" for line in lines]
    return [head[0].rstrip(), *body]


def _continued(line: str, indent: int) -> str:
    inner = line.lstrip(" \t")
    if not inner.rstrip(" \t").endswith("\\"):
        inner = inner.rstrip(" \t")
    return " " * indent + inner if inner else ""
