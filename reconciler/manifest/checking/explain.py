"""What the schema refuses, in words for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from reconciler.manifest.checking.lean import Draft202012Validator
from reconciler.manifest.checking.schema import part_schema
from reconciler.manifest.mistakes import Document, Mistake, Path, Wrong, brief
from reconciler.manifest.reading.scalars import in_quotes
from reconciler.masking import masked
from reconciler.printable import quoted

_KINDS = {
    "object": "a mapping of keys",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
}


class _Refusal(Struct, frozen=True):
    """One error of `jsonschema`: which keyword of which schema refuses what."""

    keyword: str
    #: What the keyword asks for.
    wanted: Any
    schema: dict[str, Any]
    path: Path
    value: Any

    @property
    def is_rule(self) -> bool:
        """Whether the schema states a rule, in words of its own."""
        return "errorMessage" in self.schema


class Explainer:
    """Explains the wrong parts of one document, into its mistakes."""

    def __init__(self, document: Document, schema: dict[str, Any]) -> None:
        self._document = document
        self._schema = schema
        self._validators: dict[str, Draft202012Validator] = {}
        # What was said about a value before (it can't be read, its variable is not set) is
        # the cause of whatever the schema would say now.
        self._told = {mistake.path for mistake in document.mistakes if not mistake.at_key}
        self._said: set[tuple[Path, str]] = set()

    def explain(self, wrong: Wrong) -> None:
        """Add a mistake for each thing that is wrong with this part."""
        missing: dict[Path, list[str]] = {}
        for refusal in self._refusals(wrong):
            if refusal.keyword == "required" and not refusal.is_rule:
                absent = missing.setdefault(refusal.path, [])
                absent += [key for key in refusal.wanted if key not in refusal.value]
            else:
                for mistake in self._mistakes(refusal):
                    self._add(mistake)
        for path, keys in missing.items():
            self._add(Mistake(path, _missing(list(dict.fromkeys(keys)))))

    def _refusals(self, wrong: Wrong) -> Iterator[_Refusal]:
        for error in self._validator(wrong.definition).iter_errors(wrong.value):
            path = wrong.path + tuple(error.absolute_path)
            if error.absolute_path and error.absolute_path[0] in wrong.from_defaults:
                path = ("defaults", *error.absolute_path)
            schema = error.schema if isinstance(error.schema, dict) else {}
            keyword = str(error.validator)
            yield _Refusal(keyword, error.validator_value, schema, path, error.instance)

    def _validator(self, definition: str) -> Draft202012Validator:
        if definition not in self._validators:
            schema = part_schema(definition) if definition else self._schema
            self._validators[definition] = Draft202012Validator(schema)
        return self._validators[definition]

    def _add(self, mistake: Mistake) -> None:
        said = (mistake.path, mistake.message)
        if said in self._said or (mistake.path in self._told and not mistake.at_key):
            return
        self._said.add(said)
        self._document.mistakes.append(mistake)

    def _mistakes(self, refusal: _Refusal) -> Iterator[Mistake]:
        path, value = refusal.path, refusal.value
        if value is None:
            what = "item" if path and isinstance(path[-1], int) else "key"
            yield Mistake(path, "this has no value", f"give it one, or remove the {what}")
        elif refusal.is_rule:
            yield self._broken_rule(refusal)
        elif refusal.keyword == "additionalProperties":
            allowed = list(refusal.schema["properties"])
            yield from (_unknown(path, key, allowed) for key in value if key not in allowed)
        elif refusal.keyword == "uniqueItems":
            again = _first_again(value)
            twice = self._shown(value[again], (*path, again))
            yield Mistake((*path, again), f"{twice} stands twice in this list")
        else:
            yield self._wrong_value(refusal)

    def _broken_rule(self, refusal: _Refusal) -> Mistake:
        """Return what the schema says: a rule tells in its own words what is right."""
        rule = refusal.schema["errorMessage"]
        if refusal.keyword == "required":
            return Mistake(refusal.path, rule)
        if refusal.wanted == {}:
            return Mistake(refusal.path, rule, at_key=True)
        if isinstance(refusal.value, list):
            return Mistake(refusal.path, rule)
        return Mistake(refusal.path, rule, f"found {self._shown(refusal.value, refusal.path)}")

    def _wrong_value(self, refusal: _Refusal) -> Mistake:
        path, wanted = refusal.path, refusal.wanted
        found = self._shown(refusal.value, path)
        match refusal.keyword:
            case "type":
                return Mistake(path, *_wrong_type(wanted, refusal.value, found))
            case "enum":
                hint = _did_you_mean(refusal.value, wanted)
                return Mistake(path, f"{found} is not one of {', '.join(wanted)}", hint)
            case "const":
                message = f"the version of the format is {wanted}, not {found}"
                return Mistake(path, message, f"write {wanted}")
            case "minimum":
                return Mistake(path, f"{found} is less than {wanted}")
            case "minLength":
                return Mistake(path, "this must not be empty")
        return Mistake(path, f"{found} is not valid here")

    def _shown(self, value: object, path: Path) -> str:
        """Return a value as messages show it: without anything that came from a variable."""
        if isinstance(value, str):
            text = masked(self._document.written.get(path, value))
            return quoted(brief(text))
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        return _KINDS["array" if isinstance(value, list) else "object"]


def _first_again(items: list[Any]) -> int:
    seen: set[bytes] = set()
    for index, item in enumerate(items):
        written = msgspec.json.encode(item)
        if written in seen:
            return index
        seen.add(written)
    return 0


def _missing(keys: list[str]) -> str:
    if len(keys) == 1:
        return f"the key {quoted(keys[0])} is missing"
    return f"the keys {' and '.join(map(quoted, keys))} are missing"


def _unknown(path: Path, key: str, allowed: list[str]) -> Mistake:
    hint = _did_you_mean(key, allowed) or f"known here: {', '.join(allowed)}"
    return Mistake((*path, key), f"the key {quoted(brief(key))} is unknown", hint, at_key=True)


def _did_you_mean(text: object, allowed: Iterable[str]) -> str:
    if not isinstance(text, str):
        return ""
    by_lower = {word.lower(): word for word in allowed}
    near = difflib.get_close_matches(text.lower(), by_lower, n=1)
    return f"did you mean {by_lower[near[0]]}?" if near else ""


def _wrong_type(wanted: str | list[str], value: object, found: str) -> tuple[str, str]:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    words = " or ".join(_KINDS[kind] for kind in kinds)
    if "string" in kinds and isinstance(value, (bool, int)):
        return f"{found} is not {words}", f"write {in_quotes(found)}"
    hint = f"write [{found}]" if kinds == ["array"] and isinstance(value, str) else ""
    return f"this must be {words}, not {found}", hint
