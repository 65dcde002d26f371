"""What a reader of Markdown sees, as GitHub and GitLab render it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.version import __version__

#: The first line of a report in a file.
SIGNED = f"<!-- Written by reconciler {__version__}. -->\n"
#: Tags that reports write themselves.
_OURS = frozenset({"<code>", "</code>"})
#: What the programs that show a comment look for once it is rendered: somebody, or an issue.
_MENTION = re.compile(r"(?<![\w`/.])@[\w-]|(?<![\w&])(?:[#!]|GH-)\d")
#: What they make a link of, whatever the rules of Markdown say.
_ADDRESS = re.compile(r"(?i:www\.\w|[a-z]://\w)")
#: What GitLab, or a robot, takes for a command in what was sent, before it is rendered.
_COMMAND = re.compile(r"^[ \t]*/[a-z_]+", re.MULTILINE)


class Seen(NamedTuple):
    """What a comment comes to."""

    #: Kinds of what it is made of, but for text.
    kinds: frozenset[str]
    links: tuple[str, ...]
    tags: tuple[str, ...]
    #: People, issues, and commands to robots.
    mentions: tuple[str, ...]


def seen(text: str) -> Seen:
    """Render a comment."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    tokens = list(_flat(parser.parse(text)))
    kinds = frozenset(token.type for token in tokens)
    links = [str(t.attrs.get("href") or t.attrs.get("src")) for t in tokens if t.attrs]
    links += _within(tokens, _ADDRESS)
    tags = [t.content for t in tokens if t.type.startswith("html_") and t.content not in _OURS]
    mentions = (*_within(tokens, _MENTION), *_COMMAND.findall(text))
    return Seen(kinds, tuple(links), tuple(tags), mentions)


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _within(tokens: list[Token], pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield what is found in text that is no code."""
    code = 0
    line = ""
    for token in tokens:
        if token.content in _OURS:
            code += 1 if token.content == "<code>" else -1
        elif token.type in ("text", "text_special") and not code:
            line += token.content
        elif token.type != "inline":
            yield from pattern.findall(line)
            line = ""
    yield from pattern.findall(line)
