"""What a parser sees of a page for a browser: elements, attributes, and the text in them."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser

#: Of all elements and attributes those that our templates write, and nothing else.
_TAGS = {
    *("html", "head", "meta", "link", "title", "style", "script", "body", "a", "header", "main"),
    *("footer", "nav", "section", "h1", "h2", "h3", "p", "ul", "li", "dl", "dt", "dd", "div"),
    *("span", "code", "mark", "b", "strong", "label", "input", "fieldset", "legend"),
}
_ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "tabindex"),
    *("hidden", "role", "aria-label", "aria-labelledby", "for", "type", "autocomplete", "checked"),
    *("spellcheck", "data-show", "data-group", "data-kind"),
}
_EMPTY = {"meta", "link", "input"}


class Seen(HTMLParser):
    """A page as it was read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.texts.append((tag, ""))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        # The text of an element may come in several pieces.
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data):
        self.comments.append(data)

    def of(self, tag: str) -> str:
        """Return the text that stands in elements of a name, and not deeper."""
        return "".join(text for name, text in self.texts if name == tag)

    @property
    def text(self) -> str:
        """All that a browser shows as text, in one piece."""
        return "".join(text for name, text in self.texts if name not in ("style", "script"))


def seen(page: str) -> Seen:
    """Read a page, and check that it has what our templates write, and asks for nothing."""
    found = Seen(page)
    assert (found.open, found.comments) == ([], [])
    assert set(found.tags) <= _TAGS
    assert {name for name, _ in found.attributes} <= _ATTRIBUTES
    assert (found.tags.count("script"), found.tags.count("style")) == (1, 1)
    icon, *links = (value or "" for name, value in found.attributes if name == "href")
    assert icon == "data:,"
    assert all(link.startswith("#") for link in links)
    policy = next(value or "" for _, value in found.attributes if "default-src" in (value or ""))
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(found.of(tag).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert all(char.isprintable() or char == "\n" for char in page)
    return found
