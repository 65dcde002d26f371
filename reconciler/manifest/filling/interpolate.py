"""`${NAME}` in values: replaced once, by text, and never read as YAML again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.manifest.mistakes import Document, Mistake, brief
from reconciler.masking import has_secret_in
from reconciler.printable import shown

_PART = re.compile(
    r"""(?xs)
    \$\$
    | \$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<how>:[-?])(?P<text>[^}]*))?\}
    | \$\{(?P<broken>[^}]*\}?)
    """
)
#: Names of secrets: by how they end, and our own that end in another way.
_SECRET = re.compile(r"(?i)(?:TOKEN|SECRET|PASSWORD|_KEY|\ARECONCILER_(?:NOTIFY_URLS|DATABASE))\Z")
#: What Python makes of bytes in the environment that are not UTF-8.
_SURROGATE = "[\ud800-\udfff]"
#: What is refused of a variable: by its name, by its value, or by what stands around that.
_KEPT = "what a manifest holds is stored and printed"
_FORMS = "write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $$ for a dollar"


class _RefusedError(Exception):
    """A variable can't be filled in: why, and what would be right."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def interpolate(document: Document, variables: Mapping[str, str]) -> None:
    """Fill in the variables of one document, in place; what can't be filled in is a mistake."""
    for path in document.dollars:
        holder = document.tree
        for part in path[:-1]:
            holder = holder[part]
        written: str = holder[path[-1]]
        if "${" in written:
            document.written[path] = written
        holder[path[-1]], refusal = filled(written, variables)
        if refusal:
            document.mistakes.append(Mistake(path, *refusal))


def filled(written: str, variables: Mapping[str, str]) -> tuple[str, tuple[str, str] | None]:
    """Return a text filled in, and what is wrong with it and what would be right, if anything."""
    refused: list[_RefusedError] = []

    def part(found: re.Match[str]) -> str:
        try:
            return _value(found, variables)
        except _RefusedError as error:
            refused.append(error)
            return found[0]

    text = _PART.sub(part, written)
    if not refused:
        if "${" in written.replace("$$", "") and has_secret_in(text):
            return written, (f"filled in, this holds an address with a secret, and {_KEPT}", "")
        return text, None
    messages = dict.fromkeys(error.message for error in refused)
    return text, ("; ".join(messages), next((error.hint for error in refused if error.hint), ""))


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    name, how, text = found["name"], found["how"], found["text"]
    if name is None:
        raise _RefusedError(f"{shown(brief(found[0]))} is malformed", _FORMS)
    if text and "${" in text:
        what = f"{shown(brief(found[0]))} is malformed: variables can't be nested"
        raise _RefusedError(what, _FORMS)
    if _SECRET.search(name):
        raise _RefusedError(
            f"the variable {brief(name)} is refused: its name says that it is a secret, and {_KEPT}"
        )
    text = text and text.replace("$$", "$")
    value = variables.get(name, "")
    if has_secret_in(value):
        raise _RefusedError(
            f"the value of the variable {brief(name)} is refused: it holds an address with a user, "
            f"password, signature, token or key, and {_KEPT}"
        )
    if not value.isascii() and re.search(_SURROGATE, value):
        raise _RefusedError(
            f"the value of the variable {brief(name)} is not valid UTF-8: set it in a UTF-8 locale"
        )
    if value or how == ":-":
        return value or text
    if how == ":?" and text:
        raise _RefusedError(f"the variable {brief(name)} is not set: {shown(brief(text))}")
    state = "empty" if name in variables else "not set"
    raise _RefusedError(
        f"the variable {brief(name)} is {state}: set it, or write ${{{brief(name)}:-default}}"
    )
