"""A tree against the schema: the fast validator answers, and only what it refuses is explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator

from reconciler.manifest.checking.schema import manifest_schema, part_schema
from reconciler.manifest.filling.defaults import Defaults
from reconciler.manifest.mistakes import Document, Mistake, Value, Wrong

#: So many wrong parts of one file are explained; the others are counted.
MAX_EXPLAINED = 1_000


class Validation:
    """Checks documents; holds the compiled schema, so that many files share it."""

    def __init__(self) -> None:
        self._schema = manifest_schema()
        self._compiled: dict[str, Draft202012Validator] = {}

    def check(self, document: Document) -> dict[str, Any] | None:
        """Return the tree with its defaults filled in, or None and mistakes if it is not valid."""
        tree = document.tree
        if self._accepts("", tree):
            if "defaults" not in tree:
                return tree  # type: ignore[no-any-return]
            filled = Defaults(tree["defaults"]).document(tree)
            if self._accepts("", filled):
                return filled
        self._explain(document)
        return None

    def _accepts(self, definition: str, value: Value) -> bool:
        """Ask the fast validator of a definition, or of the whole schema."""
        if definition not in self._compiled:
            schema = part_schema(definition) if definition else self._schema
            self._compiled[definition] = Draft202012Validator(schema)
        return self._compiled[definition].is_valid(value)

    def _explain(self, document: Document) -> None:
        from reconciler.manifest.checking.explain import Explainer  # valid manifests need none

        explainer = Explainer(document, self._schema)
        explained = 0
        for wrong in self._wrong_parts(document.tree):
            explained += 1
            if explained <= MAX_EXPLAINED:
                explainer.explain(wrong)
            elif explained == MAX_EXPLAINED + 1:
                next_path = wrong.path
        if explained > MAX_EXPLAINED:
            more = f"{explained - MAX_EXPLAINED:,} more entries are wrong, from this one on"
            document.mistakes.append(Mistake(next_path, more))

    def _wrong_parts(self, tree: Value) -> Iterator[Wrong]:
        """Yield the frame (the document, its lists emptied), then what is wrong in its lists."""
        if not isinstance(tree, dict):
            yield Wrong((), "", tree)
            return
        lists = {
            key: value
            for key, value in tree.items()
            if key in {"storages", "removed"} and isinstance(value, list)
        }
        yield Wrong((), "", {key: [] if key in lists else tree[key] for key in tree})
        yield from self._wrong_entries(tree, lists.get("storages", []))
        for index, item in enumerate(lists.get("removed", [])):
            if not self._accepts("removed", item):
                yield Wrong(("removed", index), "removed", item)

    def _wrong_entries(self, tree: dict[str, Value], entries: list[Any]) -> Iterator[Wrong]:
        as_written = "entry" if "defaults" in tree else "complete"
        defaults = self._usable_defaults(tree)
        for index, entry in enumerate(entries):
            if not self._accepts(as_written, entry):
                yield Wrong(("storages", index), as_written, entry)
            elif defaults is not None:
                filled = defaults.into(entry)
                if not self._accepts("complete", filled):
                    added = frozenset(filled.keys() - entry.keys())
                    yield Wrong(("storages", index), "complete", filled, added)

    def _usable_defaults(self, tree: dict[str, Any]) -> Defaults | None:
        """Return the file's defaults, unless there are none, or none that could be filled in."""
        if "defaults" not in tree:
            return None
        usable = self._accepts("", {"version": 1, "defaults": tree["defaults"]})
        return Defaults(tree["defaults"]) if usable else None
