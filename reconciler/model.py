"""The values that everything else speaks of: frozen, comparable, free of effects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from reconciler.location import usable_url
from reconciler.masking import masked_in

TYPES = ("S3", "local")
#: The identity of a platform that does not exist yet, and of one that can't tell which one it is.
NEW_PLATFORM, UNKNOWN_PLATFORM = "new", "unknown"
_PROOF = ("every", "settled", "exclude")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Storage(Struct, frozen=True, gc=False):
    """One live storage, as a platform tells of it."""

    id: str
    name: str
    label: str
    type: str
    default_url: str
    #: The URL in use on this machine; may be overridden locally, so it is never compared.
    url: str | None = None
    #: RFC 3339, UTC; empty where the platform does not say. Never compared.
    created_at: str = ""
    #: What of it could not be read, in words: it is left alone. Empty if it is whole.
    flaw: str = ""

    def __repr__(self) -> str:
        """Write it without secrets."""
        return _harmless(self)


class State(Struct, frozen=True):
    """What a platform held when it was read."""

    storages: tuple[Storage, ...]
    #: An id that the platform gives itself, or `NEW_PLATFORM`.
    platform_id: str
    #: Whom the platform takes us for; None where it has no accounts.
    account: str | None = None
    #: Whether the list is known to be complete; None where nobody can know.
    complete: bool | None = True


class Objective(Struct, frozen=True):
    """How often the files on a storage are to be proved."""

    #: Seconds: every byte at least so often; what has not changed for so long is to stay as it is.
    every: int = 30 * 86_400
    settled: int = 7 * 86_400
    #: Globs of what needs no proof.
    exclude: tuple[str, ...] = ()


class Proof(Struct, frozen=True, gc=False):
    """What a manifest, or an entry of it, says of the objective; None: nothing."""

    every: int | None = None
    settled: int | None = None
    exclude: tuple[str, ...] | None = None


class Entry(Struct, frozen=True, gc=False):
    """One storage that a manifest declares, defaults and variables filled in."""

    name: str
    type: str
    #: Always given: built from region and bucket where the manifest has those.
    default_url: str
    #: None: not declared, so what is live stays; a new storage then carries its name as label.
    label: str | None = None
    region: str | None = None
    bucket: str | None = None
    id: str | None = None
    renamed_from: tuple[str, ...] = ()
    protect: bool = False
    #: Where it stands: the file, and its index in that file's `storages`.
    file: str = ""
    index: int = 0
    #: What it says of the objective itself: see `Desired.objective`.
    proof: Proof | None = None


class Removed(Struct, frozen=True, gc=False):
    """One entry of `removed:`, the consent to remove a storage."""

    name: str
    id: str | None = None
    holds_files: bool = False
    file: str = ""
    index: int = 0


class Policy(Struct, frozen=True):
    """What a plan may do without anyone saying more. docs/reference/policy.md tells of each."""

    undeclared: str = "fail"
    #: A count, or a percentage such as `10%`.
    max_removals: int | str = "10%"
    protect: tuple[str, ...] = ()
    scope: tuple[str, ...] = ("*",)


class Desired(Struct, frozen=True):
    """What a manifest declares."""

    entries: tuple[Entry, ...] = ()
    removed: tuple[Removed, ...] = ()
    policy: Policy = Policy()
    #: The objective of all entries, as far as they do not say it themselves.
    proof: Proof | None = None

    def objective(self, entry: Entry) -> Objective | None:
        """Return how often the files of an entry are to be proved; None if nobody says so."""
        said = [proof for proof in (self.proof, entry.proof) if proof is not None]
        if not said:
            return None
        given = {
            key: value
            for proof in said
            for key in _PROOF
            if (value := getattr(proof, key)) is not None
        }
        return Objective(**given)


class Values(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a manifest can say of one storage, before or after an operation."""

    name: str
    label: str
    type: str
    default_url: str
    region: str | None = None
    bucket: str | None = None

    def __repr__(self) -> str:
        """Write it without secrets."""
        return _harmless(self)


class Notice(Struct, frozen=True, gc=False, order=True):
    """A reason that blocks, or a warning. `name` is empty where it is about no single storage.

    Notices are sorted by what they are of, then by the storage.
    """

    code: str
    name: str
    message: str


class Problem(Struct, frozen=True):
    """One thing that is wrong with a manifest.

    `path` leads to the value (`("storages", 3, "label")`); it is empty for the file as a whole.
    `line` and `column` count from 1; 0 means "not known yet" (the manifest knows how to find it).
    """

    file: str
    message: str
    path: tuple[str | int, ...] = ()
    line: int = 0
    column: int = 0
    #: What would be right, where something better than the message can be said.
    hint: str = ""
    #: The column behind the last character of what is wrong, in the same line; 0: nobody knows.
    end_column: int = 0

    def text(self) -> str:
        """Return `file:line:column: path: message`, as far as each is known."""
        where = self.file
        if self.line:
            where += f":{self.line}:{self.column}"
        path = path_text(self.path)
        parts = [where, path, self.message] if path else [where, self.message]
        return ": ".join(parts) + (f" ({self.hint})" if self.hint else "")


def _harmless(value: Struct) -> str:
    """Write a value as Python does, its addresses masked: scripts print and log it."""
    held = ((name, getattr(value, name)) for name in value.__struct_fields__)
    told = (f"{name}={(masked_in(it) if isinstance(it, str) else it)!r}" for name, it in held)
    return f"{type(value).__name__}({', '.join(told)})"


def path_text(path: Sequence[str | int]) -> str:
    """Write a path as people do: `storages[3].label`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def unmanaged_because(storage: Storage) -> str | None:
    """Return why no manifest can express a live storage; None if one can.

    `schemas/manifest.schema.json` draws the same line; a property test holds the two together.
    """
    if storage.flaw:
        return storage.flaw
    if storage.type not in TYPES:
        return f"its type is {storage.type!r}"
    text = storage.id + storage.name + storage.label + storage.default_url
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "it holds text that is not valid Unicode"
    if not storage.name or _CONTROL.search(storage.name):
        return "its name holds a control character" if storage.name else "it has no name"
    if not usable_url(storage.type, storage.default_url):
        return "it has no usable URL"
    return None
