"""What is said of conditions that begin, change and end."""

from __future__ import annotations

from reconciler.printable import quoted, shown
from reconciler.report.sentences.drift import Difference, meaning
from reconciler.watching.conditions import (
    BEGAN,
    BLOCKED,
    CHANGED,
    DRIFT,
    NOT_APPLIED,
    NOT_PULLED,
    UNREAD,
    News,
)

#: What is said of each kind as it begins, and as it ends.
_SAID = {
    DRIFT: ("drift", "no drift any more"),
    BLOCKED: ("blocked", "not blocked any more"),
    UNREAD: ("can't look", "can look again, after"),
    NOT_PULLED: ("can't pull", "can pull again, after"),
    NOT_APPLIED: ("not applied", "nothing is left to apply, after"),
}


def line(news: News) -> str:
    """Return one line, without its end, that begins with the time."""
    began, ended = _SAID[news.condition.kind]
    said = {BEGAN: began, CHANGED: f"{began} has changed"}.get(news.event, ended)
    return f"{news.time} {said}: {news.condition.message}"


def of_difference(difference: Difference) -> str:
    """Say in one line in what a storage is not as declared; all of it can be printed."""
    told = [f"{quoted(difference.name)}: {meaning(difference.kind)}"]
    told += [
        f"{change.field}: live {quoted(change.before)}, declared {quoted(change.after)}"
        for change in difference.changes
    ]
    if difference.message:
        told.append(shown(" ".join(difference.message.split())))
    return "; ".join(told)
