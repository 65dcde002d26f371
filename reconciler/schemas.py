"""The published descriptions of our formats: where they lie."""

from __future__ import annotations

from pathlib import Path

_FILES = {
    "manifest": "manifest.schema.json",
    "plan": "plan.schema.json",
    "event": "event.schema.json",
    "journal": "journal.schema.json",
    "snapshot": "snapshot.schema.json",
    "findings": "findings.schema.json",
    "rebuild": "rebuild.schema.json",
    "ids": "ids.schema.json",
    "objective": "objective.schema.json",
    "status": "status.schema.json",
    "openapi": "openapi.yaml",
}
#: First line of the manifests that we write: editors complete and check by the schema beside the
#: manifest, which `reconciler schema manifest > manifest.schema.json` puts there. The schema's
#: own id would not do: it is a name, and nothing can be fetched from it.
BESIDE = "manifest.schema.json"
EDITOR_LINE = f"# yaml-language-server: $schema={BESIDE}"


def schema_text(name: str) -> bytes:
    """Return the text of a format by its name in `_FILES`; raises `KeyError` for any other name.

    A wheel carries the schemas inside the package; an editable install has them beside it.
    """
    file = _FILES[name]
    package = Path(__file__).parent
    inside = package / "schemas" / file
    return (inside if inside.is_file() else package.parent / "schemas" / inside.name).read_bytes()
