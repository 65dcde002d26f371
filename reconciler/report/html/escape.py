"""Text that came from strangers, made harmless for HTML: no markup, and nothing that is hidden.

Nor is any of it a command to a CI runner in whose log a page may land: what one is known by is
written with character references, which a browser shows as the characters that they are.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from reconciler.printable import shown
from reconciler.report.pieces import pieces

_COMMANDS = (("##", "&#35;&#35;"), ("::", "&#58;&#58;"), ("section_", "section&#95;"))


def safe(value: object) -> Markup:
    r"""Return what a template prints: escaped, also within quotes, and visible.

    Every expression of every template passes through here.

    >>> safe('<a\n"')
    Markup('&lt;a\\n&#34;')
    """
    if isinstance(value, Markup):
        return value
    if value is None:
        raise TypeError("a template prints a value that is not there")
    text = str(escape(shown(str(value))))
    for mark, harmless in _COMMANDS:
        if mark in text:
            text = text.replace(mark, harmless)
    return Markup(text)  # noqa: S704 - it was escaped above


def code(text: str) -> Markup:
    r"""Return a name or value, as an element of its own; what stands for a character is marked.

    >>> code("a\n")
    Markup('<code>a<mark>\\n</mark></code>')
    """
    if text.isascii() and text.isprintable():
        return Markup("<code>%s</code>") % safe(text)
    return Markup("<code>%s</code>") % Markup("").join(map(_marked, _runs(text)))


def prose(message: str) -> Markup:
    """Return a message: names in quotes and addresses are code."""
    told = (code(text) if named else safe(text) for named, text in pieces(message))
    return Markup("").join(told)


def _runs(text: str) -> list[str]:
    """Split a text into what is shown as it is, and single characters that are not."""
    runs = [""]
    for char in text:
        if shown(char) != char:
            runs += [char, ""]
        else:
            runs[-1] += char
    return runs


def _marked(run: str) -> Markup:
    plain = safe(run)
    return plain if shown(run) == run else Markup("<mark>%s</mark>") % plain
