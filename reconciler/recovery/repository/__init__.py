"""The folder or bucket in which scans, snapshots and findings are kept."""

from __future__ import annotations

#: The file that says that this is a repository, which one, and of which format; written first.
MARKER = "reconciler-repository.json"
