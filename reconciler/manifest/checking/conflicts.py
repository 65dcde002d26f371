"""What no single value shows: names and ids that contradict each other, in one file or several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from reconciler.manifest.mistakes import Document, Mistake, Path, Place, brief
from reconciler.model import Entry, Removed
from reconciler.printable import quoted

#: Top-level keys that may stand in one file only.
ONCE = ("policy", "proof", "platform", "lock")


def may_conflict(entries: Sequence[Entry], removed: Sequence[Removed]) -> bool:
    """Return whether `find_conflicts` would find anything, by a quick look."""
    names = {entry.name for entry in entries}
    all_ids = [entry.id for entry in entries if entry.id is not None]
    ids = set(all_ids)
    consents = {item.id or ("name", item.name) for item in removed}
    return (
        len(names) < len(entries)
        or len(ids) < len(all_ids)
        or len(consents) < len(removed)
        or any(item.name in names if item.id is None else item.id in ids for item in removed)
    )


def find_repeated_keys(documents: Sequence[Document]) -> None:
    """Note each file that has a key which may stand in one file only, and stands in another."""
    for key in ONCE:
        having = [d for d in documents if isinstance(d.tree, dict) and key in d.tree]
        for document in having[1:]:
            message = f"{quoted(key)} may stand in one file of a manifest only"
            first = Place(having[0].file, (key,))
            document.mistakes.append(Mistake((key,), message, at_key=True, first=first))


def find_conflicts(documents: Sequence[Document]) -> None:
    """Note names and ids that are declared twice, removed twice, or declared and removed.

    Looks at whatever can be recognised, also in documents that are not valid.
    """
    names, ids = _Register(), _Register()
    for item in _items(documents, "storages"):
        names.enter(item, "name", "the name {} is declared twice")
        ids.enter(item, "id", "the id {} is declared twice: one live storage, one entry")
    removed_names, removed_ids = _Register(), _Register()
    for item in _items(documents, "removed"):
        if item.text("id") is None:
            names.refuse(
                item,
                "name",
                "{} is both declared and to be removed: delete one of the two, or, if another "
                "storage of this name shall go, add its id here",
            )
            removed_names.enter(item, "name", "{} is removed twice")
        else:
            ids.refuse(item, "id", "the storage with id {} is both declared and to be removed")
            removed_ids.enter(item, "id", "the storage with id {} is removed twice")


class _Item(Struct):
    """One item of a list in a document that may not be valid."""

    document: Document
    path: Path
    value: dict[str, Any]

    def text(self, key: str) -> str | None:
        value = self.value.get(key)
        return value if isinstance(value, str) and value else None


class _Register:
    """Where each name, or each id, stands first."""

    def __init__(self) -> None:
        self._first: dict[str, Place] = {}

    def enter(self, item: _Item, key: str, message: str) -> None:
        """Enter what the item has under `key`; if it is there already, note `message`."""
        text = item.text(key)
        if text is not None:
            self.refuse(item, key, message)
            self._first.setdefault(text, Place(item.document.file, (*item.path, key)))

    def refuse(self, item: _Item, key: str, message: str) -> None:
        """Note `message` if what the item has under `key` has been entered."""
        text = item.text(key)
        if text is not None and text in self._first:
            mistake = Mistake(
                (*item.path, key), message.format(quoted(brief(text))), first=self._first[text]
            )
            item.document.mistakes.append(mistake)


def _items(documents: Sequence[Document], key: str) -> Iterator[_Item]:
    for document in documents:
        listed = document.tree.get(key) if isinstance(document.tree, dict) else None
        for index, value in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(value, dict):
                yield _Item(document, (key, index), value)
