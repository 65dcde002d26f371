"""Which key or item a comment belongs to: with that it moves."""

from __future__ import annotations

import re
from bisect import bisect_right

from msgspec import Struct

from reconciler.manifest.formatting.nodes import Collection, Comment, Page, Slot

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
#: Tells editors which schema to use, and is looked for at the top.
_MODELINE = re.compile(r"#\s*yaml-language-server:")


def attach(page: Page) -> list[Comment]:
    """Give each comment of a page its place, and each slot its blank line; return the comments."""
    comments = _comments(page)
    places = _Places(page)
    for comment in comments:
        if page.marker is not None and comment.index < page.marker:
            page.head.append(comment)
        elif comment.alone:
            places.attach_alone(comment)
        else:
            places.attach_trailing(comment)
    _find_blanks(page, comments)
    _split_head(page)
    return comments


def _comments(page: Page) -> list[Comment]:
    """Find all comments: from each `#` that stands in no scalar to the end of its line."""
    text, found, at, last = page.text, [], 0, 0
    while (index := text.find("#", at)) >= 0:
        span = bisect_right(page.starts, index) - 1
        if span >= 0 and index < page.ends[span]:
            at = page.ends[span]
            continue
        end = text.find("\n", index)
        end = len(text) if end < 0 else end
        line = text.rfind("\n", 0, index) + 1
        before = text[line:index]
        since = max(last, page.ends[span] if span >= 0 else 0)
        found.append(
            Comment(
                index=index,
                text=text[index:end].rstrip(),
                column=index - line,
                alone=not before.strip(),
                blank=bool(_BLANK_LINE.search(text, max(since - 1, 0), index)),
                gap=len(before) - len(before.rstrip()),
            )
        )
        at = last = end
    return found


class _Last(Struct):
    """Where the comment before went: those that follow it must not overtake it."""

    after: Slot | None = None
    collection: Collection | None = None
    before: Slot | None = None


class _Places:
    """Knows between which slots a comment stands."""

    def __init__(self, page: Page) -> None:
        self._root = page.root
        self._slots = page.slots
        self._starts = [slot.start for slot in page.slots]
        self._last = _Last()

    def attach_trailing(self, comment: Comment) -> None:
        """Give a comment to what it stands behind."""
        after, before = self._around(comment)
        while after is not None and after.parent.flow and comment.index >= after.parent.end:
            after = after.parent.owner
        if after is not None:
            _break(after.parent)
            if isinstance(after.value, Collection) and comment.index < after.value.end:
                _break(after.value)
            after.trailing.append(comment)
        elif before is not None and comment.index < before.start:
            before.leading.append(comment)
        else:
            self._root.tail.append(comment)

    def attach_alone(self, comment: Comment) -> None:
        """Give a comment on a line of its own to what follows it, or to the end of a collection."""
        after, before = self._around(comment)
        if after is None:
            (before.leading if before else self._root.tail).append(comment)
            return
        inside = after.value.start > comment.index or (
            isinstance(after.value, Collection)
            and not after.value.slots
            and comment.index < after.value.end
        )
        if inside and not (isinstance(after.value, Collection) and after.value.slots):
            after.leading.append(comment)
            return
        last = self._last if self._last.after is after else _Last()
        if last.before is None:
            goal = self._goal(comment, last.collection or after.parent, before)
            within = before if before is not None and before.start < goal.end else None
            self._last = _Last(after, goal, within)
        goal, within = self._last.collection or self._root, self._last.before
        _break(goal)
        (within.leading if within else goal.tail).append(comment)

    def _goal(self, comment: Comment, found: Collection, before: Slot | None) -> Collection:
        """Return the collection in which a comment stands, or at the end of which."""
        while found.owner is not None:
            if found.flow and comment.index < found.end:
                break
            if not found.flow and _belongs(comment, found, before):
                break
            found = found.owner.parent
        return found

    def _around(self, comment: Comment) -> tuple[Slot | None, Slot | None]:
        at = bisect_right(self._starts, comment.index)
        after = self._slots[at - 1] if at else None
        return after, self._slots[at] if at < len(self._slots) else None


def _belongs(comment: Comment, found: Collection, before: Slot | None) -> bool:
    """Return whether a comment stands in a collection by indentation, or at the end of it."""
    if before is not None and before.start < found.end:
        return True
    deeper = before is None or comment.column > before.column
    return deeper and comment.column >= found.slots[0].column


def _break(collection: Collection) -> None:
    """Have braces or brackets be left out, around all in which a comment stands."""
    found: Collection | None = collection
    while found is not None and found.flow:
        found.broken = True
        found = found.owner.parent if found.owner else None


def _find_blanks(page: Page, comments: list[Comment]) -> None:
    indices = [comment.index for comment in comments]
    dash = 0
    for slot in page.slots:
        span = bisect_right(page.starts, slot.start - 1) - 1
        # A blank line before the dash of an item is none of its first key, which may move.
        since = max(page.ends[span] if span >= 0 else 0, dash)
        dash = slot.start if slot.key is None else dash
        if comments:
            at = bisect_right(indices, slot.start) - 1
            if at >= 0:
                since = max(since, comments[at].index + len(comments[at].text))
        if slot.start - since > 1:
            slot.blank = bool(_BLANK_LINE.search(page.text, max(since - 1, 0), slot.start))


def _split_head(page: Page) -> None:
    """Let stay at the top what is said of the file, whichever key comes first."""
    if page.marker is not None or not page.slots:
        return
    first = page.slots[0]
    blanks = [comment.blank for comment in first.leading[1:]] + [first.blank]
    count = max((n for n, blank in enumerate(blanks, 1) if blank and first.leading), default=0)
    if count:
        page.head_blank = True
        if count < len(first.leading):
            first.leading[count].blank = False
        else:
            first.blank = False
    else:
        modelines = [n for n, c in enumerate(first.leading, 1) if _MODELINE.match(c.text)]
        count = max(modelines, default=0)
    page.head, first.leading = first.leading[:count], first.leading[count:]
