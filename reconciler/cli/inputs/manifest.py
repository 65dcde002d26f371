"""The manifest that the options name."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.applying.apart import declared
from reconciler.cli.context import Context
from reconciler.cli.options.outputs import of_manifest
from reconciler.cli.settings import appended
from reconciler.environment.at_hand import DEFAULTS
from reconciler.errors import ForbiddenFileError
from reconciler.given.manifest import load_given
from reconciler.lease.address import understand
from reconciler.manifest import Manifest


def read_manifest(context: Context) -> Manifest:
    """Read the manifest that the options name, or the default one.

    Raises `WithinStorageError` if a file of the run is to go to one of its storages, and
    `ForbiddenFileError` if a report is to replace it, or a file of its lock.
    """
    if (ahead := context.ahead.take()) is not None:
        return ahead
    manifest = load_given(context)
    context.apart.know(declared(manifest))
    reports = [str(one.file) for one in context.settings.output_files]
    reports += [file for _, file in appended(context.settings, context.environ)]
    for path in reports:
        if refusal := unspared(manifest, path, "report"):
            raise ForbiddenFileError(refusal)
    return manifest


def unspared(manifest: Manifest, path: str, what: str) -> str:
    """Return why `what` can't be written to a path: it would replace what the manifest needs.

    Empty if it can.
    """
    lock = understand(manifest.lock) if manifest.lock else None
    folder = str(lock) if isinstance(lock, Path) else None
    files = [file for file in manifest.files if file not in manifest.streams]
    return of_manifest(files, folder, path, what)


def read_manifest_if_any(context: Context) -> Manifest | None:
    """Read the manifest, unless none was named and there is no default one.

    An empty file is none: `export > storages.yaml` finds the one that the shell has just made.
    """
    there = any(os.path.isdir(path) or _has_bytes(path) for path in DEFAULTS)  # noqa: PTH112 - it is text
    return read_manifest(context) if there or context.settings.files else None


def _has_bytes(path: str) -> bool:
    return os.path.lexists(path) and os.stat(path).st_size > 0  # noqa: PTH116 - it is text
