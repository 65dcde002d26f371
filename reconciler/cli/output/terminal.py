"""What is at the other end of a stream: a person or not, how wide, and whether in colour."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reconciler.cli import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

WIDTH = 80


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person is at the other end of a stream."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colour(environ: Mapping[str, str], stream: TextIO | None) -> bool:
    """Return whether to write in colour: on a terminal, unless NO_COLOR or FORCE_COLOR say else."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and environ.get("TERM") != "dumb"


def width(environ: Mapping[str, str], stream: TextIO | None) -> int:
    """Return the columns of a terminal: COLUMNS, else what it says itself, else 80."""
    columns = environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    if stream is None or not is_terminal(stream):
        return WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except OSError:
        return WIDTH
