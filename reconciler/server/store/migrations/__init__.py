"""Numbered steps from an empty database to the tables of this version; one folder a database.

A step that was released is never changed: the next one goes on from it. The steps of both
databases have the same numbers, and constraints have the same names in both.
"""

from __future__ import annotations

from importlib.resources import files

from msgspec import Struct

from reconciler.errors import PlatformError

#: In the place of the last step that was taken: the database was copied into another one, which is
#: the platform from then on. Programs that do not know this number take it for a newer version.
MOVED = 1_000_000
_MOVED_TEXT = (
    "it was moved: `serve --copy-from` copied it into another database, which is the platform from "
    "then on. Serve that one; this one is never opened again"
)


class Migration(Struct, frozen=True):
    """One step: its number, counted from 1, and its SQL statements."""

    number: int
    sql: str


def migrations(database: str) -> tuple[Migration, ...]:
    """Return the steps for `sqlite` or `postgresql`, first to last."""
    folder = files(__name__) / database
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(int(name.partition("_")[0]), (folder / name).read_text(encoding="utf-8"))
        for name in names
    )


def check_version(name: str, version: int, steps: tuple[Migration, ...]) -> None:
    """Raise `PlatformError` if a database was moved, or is newer than the steps that we know."""
    if version == MOVED:
        raise PlatformError(f"database {name}: {_MOVED_TEXT}")
    if version > steps[-1].number:
        raise PlatformError(
            f"database {name}: it was made by a newer version of reconciler (migration {version}, "
            f"this one knows {steps[-1].number}): use that version"
        )
