"""Text that came from live or a manifest, made harmless for Markdown and HTML."""

from __future__ import annotations

import re

from reconciler.printable import shown
from reconciler.report.pieces import pieces

#: What means something to Markdown or HTML, or (`@`, `#`, `!1`, `GH-1`, `www.`, `://`) to programs
#: that show it.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>|~&$#@]|(?<!\w)_|_(?!\w)|!(?=\d)"
    r"|(?i:(?<=\bGH-)(?=\d)|(?<=www)(?=\.))|(?<=:)(?=//)"
)
#: What GitLab, and robots, take for a command.
_SLASH = re.compile(r"\A(\s*)/")
_SPECIAL_IN_CODE = re.compile(r"[\\`*_\[\]<>|~&$#@:]")
#: What a code span can't hold as it is, at least in a table, or where a CI job prints it.
_NOT_IN_SPAN = re.compile(r"[`|]|\A\s|\s\Z|\A\Z|::|##|section_")


def code(text: str) -> str:
    """Return a name or an address as code: nothing in it is read as Markdown, HTML or a mention."""
    text = shown(text)
    if not _NOT_IN_SPAN.search(text):
        return f"`{text}`"
    return f"<code>{_SPECIAL_IN_CODE.sub(_entity, text)}</code>"


def prose(message: str) -> str:
    """Return a message: names in quotes and addresses become code, the rest is escaped."""
    told = (code(text) if named else _escaped(text) for named, text in pieces(message))
    return _SLASH.sub(r"\1&#47;", "".join(told))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(_harmless, shown(text))


def _harmless(char: re.Match[str]) -> str:
    # An entity does not stop a mention or a link: those are looked for after entities are resolved.
    return f"{char[0]}&#8203;" if char[0] in "@#!" else _entity(char)


def _entity(char: re.Match[str]) -> str:
    return f"&#{ord(char[0])};"
