"""`${NAME}` in values: replaced once, by text, and never read as YAML again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.manifest.finding import Document, Finding, brief
from reconciler.names import shown

_PART = re.compile(
    r"""(?xs)
    \$\$
    | \$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<how>:[-?])(?P<text>[^}]*))?\}
    | \$\{(?P<broken>[^}]*\}?)
    """
)
_SECRET = re.compile(r"(?i)(?:TOKEN|SECRET|PASSWORD|_KEY)\Z")
_FORMS = "write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $$ for a dollar"


class _RefusedError(Exception):
    """A variable can't be filled in: why, and what would be right."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def interpolate(document: Document, variables: Mapping[str, str]) -> None:
    """Fill in the variables of one document, in place; what can't be filled in is a finding."""
    for path in document.dollars:
        holder = document.tree
        for part in path[:-1]:
            holder = holder[part]
        written: str = holder[path[-1]]
        if "${" in written:
            document.written[path] = written
        refused: list[_RefusedError] = []
        holder[path[-1]] = _filled(written, variables, refused)
        if refused:
            messages = dict.fromkeys(error.message for error in refused)
            hint = next((error.hint for error in refused if error.hint), "")
            document.findings.append(Finding(path, "; ".join(messages), hint))


def _filled(written: str, variables: Mapping[str, str], refused: list[_RefusedError]) -> str:
    def part(found: re.Match[str]) -> str:
        try:
            return _value(found, variables)
        except _RefusedError as error:
            refused.append(error)
            return found[0]

    return _PART.sub(part, written)


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
            f"the variable {brief(name)} is refused: its name says that it is a secret, and what a "
            "manifest holds is stored and printed"
        )
    value = variables.get(name, "")
    if value or how == ":-":
        return value or text
    if how == ":?" and text:
        raise _RefusedError(f"the variable {brief(name)} is not set: {shown(brief(text))}")
    state = "empty" if name in variables else "not set"
    raise _RefusedError(
        f"the variable {brief(name)} is {state}: set it, or write ${{{brief(name)}:-default}}"
    )
