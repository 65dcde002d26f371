"""The text of notifications: plain, short, and harmless wherever it is shown.

Chats take Markdown, HTML, mentions and addresses for what they are, in whatever they are sent, and
names are chosen by others. What could be one is broken by a character that is not seen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from reconciler.masking import masked_in
from reconciler.notifying.message import INFO, SUCCESS, WARNING, Message
from reconciler.notifying.untold import Queue, Untold
from reconciler.printable import shown
from reconciler.report.sentences.terms import count
from reconciler.report.watching.lines import changed, words_of
from reconciler.watching.conditions import DROPPED, Lasting

#: So many of what is alike are told one by one.
NAMED = 10
#: Characters of a line, of a message alone, of a place, and of a text: small chats take 2,000.
_LINE, _WHOLE, _PLACE, _TEXT = 200, 1_000, 80, 1_600
#: What begins a mention, a tag, a link or an address.
_ACTIVE = re.compile(r"[@<]|\](?=[(\[:])|:(?=//)|(?i:(?<=\bwww)(?=\.))")
_BREAK = "\u200b"


def harmless(text: str) -> str:
    r"""Return a text in one line in which nothing means anything to a chat, and nothing is secret.

    >>> harmless("@here\n<b>").replace("\u200b", "|")
    '@|here\\n<|b>'
    """
    return _ACTIVE.sub(lambda found: f"{found[0]}{_BREAK}", shown(masked_in(text)))


def news(place: str, queue: Queue) -> Message:
    """Say what has begun and ended; `place` is what is watched."""
    tone = SUCCESS if all(one.until for one in queue.each) else WARNING
    if len(queue) == len(queue.each) == 1:
        (one,) = queue.each
        said = _said(one)
        rest = f"{_short(said, _WHOLE)}, {_when(one)}"
        return _message(f"{_label(one)}: {said}", place, [rest], tone)
    groups = _groups(queue)
    counts = (f"{label}: {number:,}" for label, (number, _) in groups.items())
    return _message("; ".join(counts), place, _named(groups), tone)


def digest(
    place: str, queue: Queue, known: tuple[Lasting, ...], since: str, until: str, looked: str = ""
) -> Message:
    """Say what stands, and what has begun and ended between two moments.

    `looked`: when somebody looked last, if that is known; else what stands may be long over.
    """
    standing = Queue(tuple(Untold(one.condition, one.since, began=1) for one in known))
    over = sum(queue.more.values())
    began = over + sum(one.began for one in queue.each)
    ended = over + sum(one.ended for one in queue.each)
    number = len(known)
    stands = f"{number:,} {'stands' if number == 1 else 'stand'}" if known else "nothing stands"
    rest = [f"From {since} to {until}."]
    if looked:
        rest.append(f"What stands is what was known at {looked}, when it was looked last.")
    if known:
        rest += ["", "What stands:", *_named(_groups(standing))]
    if queue:
        rest += ["", "What began or ended:", *_named(_groups(queue))]
    return _message(f"digest: {stands}; {began:,} began, {ended:,} ended", place, rest, INFO)


def test(place: str) -> Message:
    """Say that this is a test."""
    said = "What begins to be not as it should, and ends, will be told here."
    return _message("test", place, [said], INFO)


def _message(first: str, place: str, rest: Sequence[str], tone: str) -> Message:
    where = _short(harmless(place), _PLACE)
    return Message(f"{_short(first, _LINE)} ({where})", _bounded(rest), tone)


def _label(one: Untold) -> str:
    """Say what has become of a condition."""
    if one.condition.message.startswith(DROPPED):
        return DROPPED.rstrip(": ")
    began, ended = words_of(one.condition.kind)
    if one.until:
        return ended if one.ended > one.began else _passed(one.condition.kind)
    if one.ended and one.ended == one.began:  # else its first beginning was not told either
        return f"{began}, once more"
    return began if one.began else changed(one.condition.kind)


def _said(one: Untold) -> str:
    return harmless(one.condition.message.removeprefix(DROPPED))


def _passed(kind: str) -> str:
    return f"{words_of(kind)[0]}, and over by now"


def _when(one: Untold) -> str:
    when = f"from {one.since} to {one.until}" if one.until else f"since {one.since}"
    return f"{when}, {one.began:,} times" if one.began > 1 else when


def _groups(queue: Queue) -> dict[str, tuple[int, list[str]]]:
    """Return what has become of conditions: of how many, and lines of the first; what lasts first.

    Of those that are counted only, each beginning is one.
    """
    numbers: defaultdict[str, int] = defaultdict(int)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for one in sorted(queue.each, key=lambda one: bool(one.until)):
        label = _label(one)
        numbers[label] += 1
        if len(lines[label]) < NAMED:
            said = _short(_said(one), _LINE)
            lines[label].append(f"- {label}: {said}, {_when(one)}")
    for kind, number in queue.more.items():
        numbers[_passed(kind)] += number
    return {label: (number, lines[label]) for label, number in numbers.items()}


def _named(groups: dict[str, tuple[int, list[str]]]) -> list[str]:
    told = []
    for label, (number, lines) in groups.items():
        told += lines
        if number > len(lines):
            told.append(f"- {label}: {number - len(lines):,} more")
    return told


def _bounded(lines: Iterable[str]) -> str:
    """Return as many lines as a chat takes, and how many more there are."""
    told, left = [], list(lines)
    length = 0
    while left and length + len(left[0]) < _TEXT:
        length += len(left[0]) + 1
        told.append(left.pop(0))
    if left:
        told.append(f"and {count(len(left), 'more line')}")
    return "\n".join(told)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
