"""The manifest that the options name."""

from __future__ import annotations

import os

from reconciler.cli.context import Context
from reconciler.cli.inputs.apart import (
    WithinStorageError,
    declared,
    keep_events_apart,
    keep_outputs_apart,
)
from reconciler.cli.settings import STDOUT
from reconciler.environment.at_hand import DEFAULTS
from reconciler.errors import ReconcilerError
from reconciler.given.manifest import load_given
from reconciler.manifest import Manifest
from reconciler.manifest.files import is_stream


def read_manifest(context: Context) -> Manifest:
    """Read the manifest that the options name, or the default one.

    Raises `WithinStorageError` if events are to go to one of its storages.
    """
    manifest = load_given(context)
    keep_events_apart(context, declared(manifest))
    keep_outputs_apart(context, declared(manifest), _on_disk(manifest))
    return manifest


def read_manifest_if_any(context: Context) -> Manifest | None:
    """Read the manifest, unless none was named and there is no default one.

    An empty file is none: `export > storages.yaml` finds the one that the shell has just made.
    """
    there = any(os.path.isdir(path) or _has_bytes(path) for path in DEFAULTS)  # noqa: PTH112 - it is text
    return read_manifest(context) if there or context.settings.files else None


def keep_events_apart_from_declared(context: Context) -> None:
    """Refuse `--events` in a storage of the manifest, if there is one: `WithinStorageError`.

    That is asked before the file is opened, also for commands that have no use for a manifest. What
    else is wrong with it is left to those that read it, and so is one that can be read only once.
    """
    if context.settings.events in (None, STDOUT):
        return
    if any(file == "-" or is_stream(file) for file in context.settings.files):
        return
    try:
        read_manifest_if_any(context)
    except WithinStorageError:
        raise
    except ReconcilerError:
        pass


def _on_disk(manifest: Manifest) -> list[str]:
    return [file for file in manifest.files if file not in manifest.streams]


def _has_bytes(path: str) -> bool:
    return os.path.lexists(path) and os.stat(path).st_size > 0  # noqa: PTH116 - it is text
