"""Open what a scan reads: a folder or a bucket."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.recovery.objects.source import BucketSource
from reconciler.recovery.source import Source
from reconciler.recovery.values import Target
from reconciler.recovery.walking.folder import FolderSource


def open_source(target: Target, excluded: Sequence[str]) -> Source:
    """Return the source of a storage's files; nothing is read yet.

    `excluded` are globs (`walking.exclusions`). Raises `UsageError` for one that means nothing, and
    `UnreachableError` if the address names nothing that could be read here.
    """
    if target.type == "local":
        return FolderSource(target, excluded)
    return BucketSource(target, excluded)
