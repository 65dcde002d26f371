"""What notifications say, read as people read them: which condition has begun, or is over."""

from __future__ import annotations

import re
from queue import Queue

from reconciler.report.watching.lines import SAID, changed
from reconciler.watching.conditions import BEGAN, CHANGED, ENDED
from support.watching.watcher import Told

#: More in one message: it began and ended; it lasts, and was over in between. And what is not
#: said, since there is no room for it.
PASSED, AGAIN, CUT = "passed", "again", "cut"
_CUT = re.compile(r"and \d+ more lines?|- .*: [\d,]+ more")
_SAYS = {
    said: (what, kind)
    for kind, (began, ended) in SAID.items()
    for said, what in (
        (began, BEGAN),
        (ended, ENDED),
        (changed(kind), CHANGED),
        (f"{began}, and over by now", PASSED),
        (f"{began}, once more", AGAIN),
    )
}
_LINE = re.compile(
    "(?P<said>" + "|".join(sorted(map(re.escape, _SAYS), key=len, reverse=True)) + "): (?P<rest>.*)"
)
_NAMED = re.compile(r"'([^']*)'")
#: Which are of no storage.
_ALONE = ("unread", "not_pulled", "not_applied", "not_scanned", "long_scan")


def read(messages: Queue[dict]) -> list[tuple[str, str, str]]:
    """Take what has arrived; return what happened, to which kind of condition, of which storage."""
    found = []
    for _ in range(messages.qsize()):
        message = messages.get()
        listed = message["message"].startswith("- ")
        lines = message["message"].splitlines() if listed else [f"- {message['title']}"]
        for line in lines:
            if _CUT.fullmatch(line):
                found.append((CUT, "", ""))
                continue
            match = _LINE.fullmatch(line.removeprefix("- ").replace("\u200b", ""))
            assert match, message
            what, kind = _SAYS[match["said"]]
            named = None if kind in _ALONE else _NAMED.search(match["rest"])
            found.append((what, kind, named[1] if named else ""))
    return found


def of_told(told: list[Told]) -> list[tuple[str, str, str]]:
    """Return the same of what was told on standard output."""
    return [(one.event, one.kind, one.name) for one in told]


class Recipient:
    """Who reads the messages of one destination, and believes them."""

    def __init__(self) -> None:
        self.stands: set[tuple[str, str]] = set()
        #: Whether a message had no room for something: then nobody knows what they believe.
        self.is_unsure = False

    def hear(self, said: list[tuple[str, str, str]], *, again: bool = False) -> None:
        """Take in what is said; raises `AssertionError` if it contradicts what was.

        `again`: who was killed may say something once more.
        """
        for what, kind, name in said:
            self.is_unsure |= what == CUT
            if not (again or self.is_unsure):
                stood = (kind, name) in self.stands
                assert stood == (what in (ENDED, CHANGED, AGAIN)), (what, kind, name)
            if what == BEGAN:
                self.stands.add((kind, name))
            elif what == ENDED:
                self.stands.discard((kind, name))
