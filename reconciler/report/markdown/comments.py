"""Documents in Markdown that stay within the size that GitHub allows for a comment.

What must not be cut comes in ever shorter forms; what may be cut says how much is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconciler.report.sentences.terms import count

#: GitHub refuses more than 65,536 characters; the rest is left to what a pipeline adds.
LIMIT = 65_000
#: Room for what is said of parts that lack something, and for the title and cut of a section.
_FOR_LACKING = 500
_FOR_A_CUT = 200

_T = TypeVar("_T")


class Section(Struct, Generic[_T], frozen=True):
    """A list of a comment. Lines are made one by one, and no more than fit."""

    title: str
    #: What an item is: `create`.
    noun: str
    items: Sequence[_T]
    line: Callable[[_T], str]
    #: Tells an item as short as can be, where the list must not be cut.
    short: Callable[[_T], str] | None = None
    #: What the title says after the number of items.
    added: str = ""
    #: Of a table: all that stands above its rows.
    table: str = ""

    @property
    def head(self) -> str:
        """What stands above the lines, to its last newline."""
        return self.table or f"#### {self.title} ({len(self.items):,}){self.added}\n\n"


class Comment(Struct, frozen=True):
    """What a comment is made of: a title, facts, parts that are whole, sections that may not be.

    Parts have a short form too. `see` is where the reader finds all of it.
    """

    title: str
    facts: Sequence[str] = ()
    parts: Sequence[Section[Any]] = ()
    sections: Sequence[Section[Any]] = ()
    see: str = "the full report"


def row(cells: Iterable[str]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def written(comment: Comment) -> str:
    """Write a comment so that it fits.

    If not even the short lines of the parts fit, that is said right under the title.
    """
    parts = [part for part in comment.parts if part.items]
    sections = [section for section in comment.sections if section.items]
    title = f"### {comment.title}\n"
    facts = "".join(f"\n{fact}\n" for fact in comment.facts if fact)
    reserved = size(title) + size(facts) + _FOR_LACKING + _FOR_A_CUT * len(sections)
    whole, lacking = _whole(parts, LIMIT - reserved, comment.see)
    done = [title, _said(parts, lacking, comment.see), facts, *whole]
    room = LIMIT - sum(map(size, done))
    for left, section in zip(range(len(sections) - 1, -1, -1), sections, strict=True):
        done.append(_cut(section, room - _FOR_A_CUT * left, comment.see))
        room -= size(done[-1])
    return "".join(done)


def size(text: str) -> int:
    """Count characters as GitHub may: those outside the basic plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _said(parts: Sequence[Section[Any]], lacking: Sequence[int], see: str) -> str:
    missing = [
        f"{number:,} of {len(part.items):,} {part.noun}s"
        for part, number in zip(parts, lacking, strict=True)
        if number
    ]
    if not missing:
        return ""
    return (
        f"\n**Too long for a comment: {' and '.join(missing)} are listed nowhere below. "
        f"Read {see} before you act on it.**\n"
    )


def _whole(parts: Sequence[Section[Any]], room: int, see: str) -> tuple[list[str], list[int]]:
    """Return each part in the longest form in which all fit, and how many lines each lacks."""
    for long in range(len(parts), -1, -1):
        forms = [_form(part, see, brief=at >= long) for at, part in enumerate(parts)]
        texts = list(_all(forms, room))
        if len(texts) == len(parts):
            return texts, [0] * len(parts)
    texts, lacking = [], []
    for left, form in zip(range(len(parts), 0, -1), forms, strict=True):
        text, shown = _filled(form, room // left)
        room -= size(text)
        texts.append(text)
        lacking.append(len(form.items) - shown)
    return texts, lacking


def _form(part: Section[_T], see: str, *, brief: bool) -> Section[_T]:
    if not brief:
        return part
    return replace(part, line=part.short or part.line, added=f", in short: see {see}")


def _all(forms: Sequence[Section[Any]], room: int) -> Iterator[str]:
    """Yield the lists that fit whole; stops at the first that does not."""
    for form in forms:
        text, shown = _filled(form, room)
        if shown < len(form.items):
            return
        room -= size(text)
        yield text


def _filled(section: Section[_T], room: int) -> tuple[str, int]:
    """Return a list with as many lines as fit into `room`, and how many that are."""
    done, bullet = [f"\n{section.head}"], "" if section.table else "- "
    used = size(done[0])
    for at, item in enumerate(section.items):
        line = f"{bullet}{section.line(item)}\n"
        used += size(line)
        if used > room:
            return "".join(done), at
        done.append(line)
    return "".join(done), len(section.items)


def _cut(section: Section[_T], room: int, see: str) -> str:
    text, shown = _filled(section, room)
    if shown == len(section.items):
        return text
    text, shown = _filled(section, room - _FOR_A_CUT // 2)
    missing = count(len(section.items) - shown, f"more {section.noun}")
    return f"{text}\n… and {missing}: see {see}.\n"
