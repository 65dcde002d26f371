"""YAML with positions -> interpolation -> schema -> desired.

`load` tells the story. Importing this package is cheap: YAML, schema and env-file libraries are
imported where they are first needed.
"""

from __future__ import annotations

from reconciler.manifest.files import default_paths
from reconciler.manifest.filling.variables import read_variables
from reconciler.manifest.load import Manifest, load
from reconciler.manifest.placing import placed
from reconciler.manifest.render import render
from reconciler.schemas import EDITOR_LINE, schema_text

__all__ = [
    "EDITOR_LINE",
    "Manifest",
    "default_paths",
    "load",
    "placed",
    "read_variables",
    "render",
    "schema_text",
]
