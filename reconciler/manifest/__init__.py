"""YAML with positions -> interpolation -> schema -> desired.

`load` tells the story. What reads env files, and what explains refusals, is imported where it is
first needed: most manifests need neither.
"""

from __future__ import annotations

from reconciler.manifest.files import default_paths
from reconciler.manifest.filling.variables import read_variables
from reconciler.manifest.load import Manifest, load
from reconciler.manifest.placing import placed
from reconciler.manifest.render import render

__all__ = [
    "Manifest",
    "default_paths",
    "load",
    "placed",
    "read_variables",
    "render",
]
