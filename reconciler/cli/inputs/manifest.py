"""The manifest that the options name."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.applying.apart import declared
from reconciler.cli.context import Context
from reconciler.environment.at_hand import DEFAULTS
from reconciler.errors import ForbiddenFileError
from reconciler.given.manifest import load_given
from reconciler.lease.address import understand
from reconciler.manifest import Manifest
from reconciler.printable import quoted


def read_manifest(context: Context) -> Manifest:
    """Read the manifest that the options name, or the default one.

    Raises `WithinStorageError` if a file of the run is to go to one of its storages, and
    `ForbiddenFileError` if a report is to replace it, or a file of its lock.
    """
    if (ahead := context.ahead.take()) is not None:
        return ahead
    manifest = load_given(context)
    context.apart.know(declared(manifest))
    for path in (str(one.file) for one in context.settings.output_files):
        if Path(path).exists() and any(Path(path).samefile(file) for file in _on_disk(manifest)):
            raise ForbiddenFileError(
                f"{quoted(path)} is a file of the manifest: write the report elsewhere"
            )
        if _is_lock(manifest.lock, path):
            raise ForbiddenFileError(
                f"{quoted(path)} is a file of the manifest's lock: write the report elsewhere"
            )
    return manifest


def read_manifest_if_any(context: Context) -> Manifest | None:
    """Read the manifest, unless none was named and there is no default one.

    An empty file is none: `export > storages.yaml` finds the one that the shell has just made.
    """
    there = any(os.path.isdir(path) or _has_bytes(path) for path in DEFAULTS)  # noqa: PTH112 - it is text
    return read_manifest(context) if there or context.settings.files else None


def _is_lock(address: str | None, path: str) -> bool:
    folder = understand(address) if address else None
    return isinstance(folder, Path) and Path(path).resolve().is_relative_to(folder.resolve())


def _on_disk(manifest: Manifest) -> list[str]:
    return [file for file in manifest.files if file not in manifest.streams]


def _has_bytes(path: str) -> bool:
    return os.path.lexists(path) and os.stat(path).st_size > 0  # noqa: PTH116 - it is text
