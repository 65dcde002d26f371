"""What is wrong in one file, before anyone knows the line that it stands on."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct, field

#: Leads to a value: `("storages", 3, "label")`.
Path = tuple[str | int, ...]
#: What a manifest is made of, once it is read.
Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | bool | None"


#: So many characters of a text from a manifest are shown in a message.
LONGEST = 80


def brief(text: str) -> str:
    """Cut text from a manifest to what a message shows of it."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


class Place(Struct, frozen=True):
    """Where something stands, by file and path."""

    file: str
    path: Path


class Mistake(Struct, frozen=True):
    """One thing that is wrong. `line` and `column` are 0 until it is placed."""

    path: Path
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0
    #: It is about the key that `path` ends with, not about its value.
    at_key: bool = False
    #: Where the same thing stands first; named at the end of the message.
    first: Place | None = None
    #: The column behind its last character, in the same line; 0: nobody knows.
    end_column: int = 0


class Document(Struct):
    """One file on its way from bytes to entries."""

    file: str
    data: bytes
    #: None if the file could not be read as YAML.
    tree: Any = None
    #: Values in which a `$` stands.
    dollars: list[Path] = field(default_factory=list)
    #: Values that held a variable, as they are written: messages show these, never a substituted
    #: value, which could be a secret.
    written: dict[Path, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


class Wrong(Struct, frozen=True):
    """A part of a document that a definition of the schema refuses."""

    path: Path
    #: Empty for the schema as a whole.
    definition: str
    value: Any
    #: Keys of `value` that come from the `defaults` of the file.
    from_defaults: frozenset[str] = frozenset()
