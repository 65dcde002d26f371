"""The list of a server's tokens, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.printable import shown
from reconciler.report.escape import code
from reconciler.report.layout import table
from reconciler.timestamps import whole_seconds

_COLUMNS = ("ID", "NAME", "ROLE", "STATE", "CREATED", "EXPIRES")
_KEYS = ("id", "name", "role", "state", "created_at", "expires_at")

_Told = Sequence[Mapping[str, str | None]]


def text(tokens: _Told, *, records: bool) -> str:
    """Lay tokens out in columns, or one record a line."""
    told = [_COLUMNS, *([shown(cell) for cell in row] for row in _rows(tokens))]
    return "\n".join(table(told, records=records))


def markdown(tokens: _Told) -> str:
    """Write tokens as a table in Markdown."""
    cells = ([code(cell) if cell else "" for cell in row] for row in _rows(tokens))
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(tokens: _Told) -> list[list[str]]:
    return [[whole_seconds(token[key] or "") for key in _KEYS] for token in tokens]
