"""Secrets: read where they are given, handed on wrapped, and never printed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reconciler.errors import UsageError
from reconciler.printable import quoted

#: What kind of secret it is, for messages.
TOKEN, URL = "token", "URL"
#: No secret is longer; a file that is was named by mistake.
_LONGEST = 64 * 1024


class Secret:
    """A text that must not be seen: neither `str` nor `repr` shows it, and it can't be pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to those who must send it."""
        return self._text

    def __repr__(self) -> str:
        """Show that there is a secret, and nothing of it."""
        return "Secret(***)"

    def __reduce__(self) -> str | tuple[object, ...]:
        """Refuse to be copied into a file."""
        raise TypeError("a secret is not to be pickled")


def read_secret(environ: Mapping[str, str], name: str, kind: str = TOKEN) -> Secret | None:
    """Read the secret in the variable NAME, or in the file that NAME_FILE names; None without.

    White space around it is dropped: files end with a newline. Raises `UsageError` if both
    variables are given, if one is empty, or if the file can't be read.
    """
    text, path = environ.get(name), environ.get(f"{name}_FILE")
    if text is not None and path is not None:
        raise UsageError(f"{name} and {name}_FILE are both set: unset one of them")
    if path is not None:
        text = read_text(f"{name}_FILE", path, kind)
        name = f"the file that {name}_FILE names"
    return None if text is None else secret(text, name, kind)


def secret(text: str, name: str, kind: str = TOKEN) -> Secret:
    """Wrap a secret, without the white space around it; raises `UsageError` if it can't be one.

    `name` is what messages call it. A token is visible ASCII, as headers want it; a URL may hold a
    path, and so any character, but is one line.
    """
    text = text.strip()
    if not text:
        raise UsageError(f"{name} is empty: unset it, or put the {kind} there")
    if kind == TOKEN and not (text.isascii() and text.isprintable()):
        raise UsageError(f"{name} holds characters that no token has: copy it again")
    if len(text.splitlines()) > 1:
        raise UsageError(f"{name} holds more than one line: put only the {kind} there")
    return Secret(text)


def read_text(variable: str, path: str, kind: str) -> str:
    """Read the file that a variable or an option names; raises `UsageError` if it can't be.

    Messages show the path only if it looks like one here: somebody may have given the secret.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - "" is an error, not "."
            text = file.read(_LONGEST + 1)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        if path and not _is_path(path):
            raise UsageError(
                f"{variable} is to name a file that has the {kind}; what it holds is the path of "
                f"none ({why}), and is not shown, as it may be a secret"
            ) from None
        raise UsageError(f"{variable}: {quoted(path)} can't be read ({why})") from None
    except ValueError:
        called = f": {quoted(path)} holds no text" if _is_path(path) else " names no file"
        raise UsageError(f"{variable}{called}") from None
    if len(text) > _LONGEST:
        raise UsageError(f"{variable}: {quoted(path)} is too long for a {kind}")
    return text


def _is_path(text: str) -> bool:
    """Return whether there is such a file, or the first of the folders in which it would lie."""
    absolute = text.startswith("/")
    first, slash, _ = text.lstrip("/").partition("/")
    try:
        return os.path.lexists(text) or (bool(slash) and os.path.lexists("/" * absolute + first))
    except ValueError:  # NUL
        return False
