"""The list of a server's tokens, as text and Markdown lay it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.environment.timestamps import whole_seconds

COLUMNS = ("ID", "NAME", "ROLE", "STATE", "CREATED", "EXPIRES")
_KEYS = ("id", "name", "role", "state", "created_at", "expires_at")

#: What is told of each token, as in JSON.
Told = Sequence[Mapping[str, str | None]]


def cells(tokens: Told) -> list[list[str]]:
    """Return the cells of each token, one for each of `COLUMNS`."""
    return [[whole_seconds(token[key] or "") for key in _KEYS] for token in tokens]
