"""GitHub's expressions, as far as our files use them: paths, texts, `== != && || !`, functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_INSERTED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_WORD = re.compile(r"\s*('(?:[^']|'')*'|==|!=|&&|\|\||[!(),]|[\w.*-]+)")
#: What GitHub takes for false.
_FALSE: tuple[object, ...] = (None, "", 0, False)
STATUS = re.compile(r"\b(always|success|failure|cancelled)\(\)")


def fill(text: object, contexts: Mapping[str, Any]) -> Any:
    """Insert the values of expressions into a text."""
    if not isinstance(text, str):
        return text
    return _INSERTED.sub(lambda found: shown(evaluate(found[1], contexts)), text)


def holds(condition: object, contexts: Mapping[str, Any]) -> bool:
    """Say whether `if:` holds; without a word on the status, only if nothing has failed."""
    text = str("success()" if condition is None else condition)
    text = text.removeprefix("${{").removesuffix("}}") if text.startswith("${{") else text
    if not STATUS.search(text):
        text = f"success() && ({text})"
    return evaluate(text, contexts) not in _FALSE


def shown(value: object) -> str:
    """Turn a value into text, as GitHub does."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def evaluate(text: str, contexts: Mapping[str, Any]) -> Any:
    """Work out one expression."""
    reader = _Reader(text, contexts)
    value = reader.either()
    assert not reader.words, f"not understood in {text!r}: {reader.words}"
    return value


class _Reader:
    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.words = _WORD.findall(text)
        assert "".join(self.words) == re.sub(r"\s(?=(?:[^']*'[^']*')*[^']*$)", "", text), text
        self.contexts = contexts

    def either(self) -> Any:
        value = self.both()
        while self.took("||"):
            other = self.both()
            value = other if value in _FALSE else value
        return value

    def both(self) -> Any:
        value = self.compared()
        while self.took("&&"):
            other = self.compared()
            value = value if value in _FALSE else other
        return value

    def compared(self) -> Any:
        value = self.single()
        for sign, same in (("==", True), ("!=", False)):
            if self.took(sign):
                return (shown(value).lower() == shown(self.single()).lower()) is same
        return value

    def single(self) -> Any:
        if self.took("!"):
            return self.single() in _FALSE
        if self.took("("):
            value = self.either()
            assert self.took(")")
            return value
        word = self.words.pop(0)
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if self.took("("):
            return self.called(word)
        return self.looked_up(word)

    def called(self, name: str) -> Any:
        given = []
        while not self.took(")"):
            given.append(self.either())
            self.took(",")
        functions: dict[str, Callable[..., Any]] = {
            "always": lambda: True,
            "success": lambda: self.contexts["job"]["status"] == "success",
            "failure": lambda: self.contexts["job"]["status"] == "failure",
            "cancelled": lambda: self.contexts["job"]["status"] == "cancelled",
            "fromJSON": json.loads,
            "contains": lambda where, what: what in where,
        }
        return functions[name](*given)

    def looked_up(self, path: str) -> Any:
        value: Any = self.contexts
        first, *rest = path.split(".")
        assert first in self.contexts, f"no context {first!r}"
        for name in (first, *rest):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def took(self, word: str) -> bool:
        if self.words[:1] == [word]:
            self.words.pop(0)
            return True
        return False
